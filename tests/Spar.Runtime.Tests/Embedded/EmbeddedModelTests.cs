using Microsoft.Extensions.AI;
using Spar.Engine;
using Spar.Engine.Checkpoints;
using Spar.Engine.Inference;
using Spar.Engine.Tokenization;
using Spar.Runtime.Embedded;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Embedded;

/// <summary>Models that are opened with the embedded engine: answers, choices and fresh vectors.</summary>
public sealed class EmbeddedModelTests : IDisposable
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");
    private static readonly EngineOptions s_options = new() { Threads = 1 };

    private readonly string _root = Directory.CreateTempSubdirectory("spar-embedded-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task The_host_opens_checkpoints_that_answer_alike_each_time()
    {
        List<string> answers = [];
        for (int i = 0; i < 2; i++)
        {
            using IChatClient client = await new EmbeddedModelHost(s_options).OpenAsync(s_nano, default);
            ChatOptions options = new() { Seed = 3, Temperature = 1, MaxOutputTokens = 16 };
            answers.Add((await client.GetResponseAsync("write a line about the sea.", options)).Text);
        }

        Assert.NotEmpty(answers[0]);
        Assert.Equal(answers[0], answers[1]);
    }

    [Fact]
    public async Task The_host_names_a_checkpoint_that_is_not_there()
    {
        string missing = Path.Combine(_root, "none");
        EngineException fault = await Assert.ThrowsAsync<EngineException>(
            async () => await new EmbeddedModelHost(s_options).OpenAsync(missing, default));
        Assert.Contains(missing, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_choice_scores_the_sum_of_its_tokens_after_the_prompt()
    {
        using EmbeddedChatClient client = EmbeddedChatClient.Load(s_nano, s_options);
        Tokenizer tokenizer = (Tokenizer)client.GetService(typeof(Tokenizer))!;
        Generator generator = (Generator)client.GetService(typeof(Generator))!;
        EmbeddedChoiceScorer scorer = new(client);
        IReadOnlyList<double> scores = await scorer.ScoreAsync("the crab", [" sleeps.", " qq."], default);
        int[] prompt = tokenizer.Encode("the crab"), whole = tokenizer.Encode("the crab sleeps.");
        double[] expected = await generator.LogProbsAsync(whole[..prompt.Length], whole[prompt.Length..]);
        Assert.Equal(expected.Sum(), scores[0], 1e-9);
        Assert.True(scores[0] > scores[1], $"{scores[0]}, {scores[1]}");
    }

    [Fact]
    public void Fresh_vectors_are_given_to_the_named_characters_alone()
    {
        string output = Path.Combine(_root, "fresh");
        FreshEmbeddings.Write(s_nano, output, "QZ", seed: 1);
        Checkpoint before = Checkpoint.Load(s_nano), after = Checkpoint.Load(output);
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(output);
        const string Embedding = "model.embed_tokens.weight";
        int width = before.Config.HiddenSize;
        float[] old = before.Tensors[Embedding].Data, fresh = after.Tensors[Embedding].Data;
        int[] changed = [.. Enumerable.Range(0, before.Config.VocabSize).Where(
            id => !old.AsSpan(id * width, width).SequenceEqual(fresh.AsSpan(id * width, width)))];
        Assert.Equal(new[] { tokenizer.Encode("Q")[0], tokenizer.Encode("Z")[0] }.Order(), changed);
        Assert.All(
            before.Tensors.Where(tensor => tensor.Key is not (Embedding or "lm_head.weight")),
            tensor => Assert.Equal(tensor.Value.Data, after.Tensors[tensor.Key].Data));
    }
}
