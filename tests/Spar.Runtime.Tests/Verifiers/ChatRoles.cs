using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Tests.Verifiers;

/// <summary>
/// Everything that a run needs, with a policy for answers: the compact template set's judge says yes three times in
/// four, refinements are other answers of the same policy, and training changes nothing.
/// </summary>
/// <param name="prompts">The run's prompts in their order.</param>
/// <param name="policy">The answer to a prompt, by a seed.</param>
internal sealed class ChatRoles(IReadOnlyList<Prompt> prompts, Func<string, ulong, string> policy)
    : IModelHost, ITeacher, IPromptSource, ITrainer
{
    public ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IChatClient>(new Client(Answer));

    public IReadOnlyList<Prompt> Take(PromptSplit split, int count) => [.. prompts.Take(count)];

    public Task<TrainingReport> TrainAsync(
        TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(job.OutputModel);
        return Task.FromResult(new TrainingReport(job.OutputModel, [], 0, 0));
    }

    public Task<Answer> RespondAsync(string instruction, ulong seed, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<Answer> JudgeAsync(
        string instruction, string response, ulong seed, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<Answer> RefineAsync(
        string instruction, string response, string critique, ulong seed, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    private string Answer(string asked, ulong seed)
    {
        ulong drawn = StableHash.Seed(seed, asked);
        if (asked.StartsWith("judge\n", StringComparison.Ordinal))
        {
            return $"read\njudgement: {(drawn % 4 == 0 ? "no" : "yes")}";
        }

        const string Refine = "refine\ntask: ";
        if (asked.StartsWith(Refine, StringComparison.Ordinal))
        {
            Prompt prompt = prompts.First(one => asked.AsSpan(Refine.Length).StartsWith(one.Text));
            return $"better\nrefined: {policy(prompt.Text, drawn)}";
        }

        return policy(asked, drawn);
    }

    private sealed class Client(Func<string, ulong, string> answer) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default)
        {
            string text = answer(Assert.Single(messages).Text, (ulong)options!.Seed!.Value);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text))
            {
                FinishReason = ChatFinishReason.Stop,
                Usage = new UsageDetails { InputTokenCount = 1, OutputTokenCount = text.Length },
            });
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
