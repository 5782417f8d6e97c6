using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.Decoding;

/// <summary>
/// Has a judge value each response that a model gives; the response stays as it is, and carries the valuation
/// (<see cref="ValuationOf"/>). A response that is cut off, empty or refused is not judged and carries none. In a
/// stream the valuation comes with an update of its own at the end. Set the properties before the first call.
/// </summary>
/// <param name="innerClient">The model that answers.</param>
public sealed class JudgingChatClient(IChatClient innerClient) : DelegatingChatClient(innerClient)
{
    private const string ValuationName = "spar.valuation";
    private const int JudgementTokens = 512;

    /// <summary>Judges; null is the model itself. Stays the caller's.</summary>
    public IChatClient? Judge { get; set; }

    /// <summary>How the judge is asked.</summary>
    public TemplateSet Templates { get; set; } = TemplateSet.Load("full");

    /// <summary>Judgements a response, at least 1.</summary>
    public int Votes { get; set; } = 5;

    /// <summary>How responses are valued.</summary>
    public JudgingSettings Judging { get; set; } = new();

    /// <summary>Value above which a response passes, 0..1; decides which critique is kept.</summary>
    public double Gate { get; set; } = new SearchSettings().Gate;

    /// <summary>What a response of this client is worth; null where it was not judged.</summary>
    /// <param name="properties">The additional properties of the response, or of a stream's last update.</param>
    public static Valuation? ValuationOf(AdditionalPropertiesDictionary? properties) =>
        properties?.GetValueOrDefault(ValuationName) as Valuation;

    /// <inheritdoc/>
    /// <exception cref="CallFailedException">A judgement's call failed.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatMessage[] turns = [.. messages];
        ChatResponse response =
            await base.GetResponseAsync(turns, options, cancellationToken).ConfigureAwait(false);
        (response.AdditionalProperties ??= [])[ValuationName] =
            await ValueAsync(turns, options, response, cancellationToken).ConfigureAwait(false);
        return response;
    }

    /// <inheritdoc/>
    /// <exception cref="CallFailedException">A judgement's call failed.</exception>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatMessage[] turns = [.. messages];
        List<ChatResponseUpdate> updates = [];
        await foreach (ChatResponseUpdate update in base
            .GetStreamingResponseAsync(turns, options, cancellationToken).ConfigureAwait(false))
        {
            updates.Add(update);
            yield return update;
        }

        Valuation? valuation = await ValueAsync(turns, options, updates.ToChatResponse(), cancellationToken)
            .ConfigureAwait(false);
        yield return new ChatResponseUpdate { AdditionalProperties = new() { [ValuationName] = valuation } };
    }

    private async Task<Valuation?> ValueAsync(
        ChatMessage[] turns, ChatOptions? options, ChatResponse response, CancellationToken cancellationToken)
    {
        AnswerReading reading = response.ToAnswer().Read();
        if (!reading.Complete || turns is not [.., { } last])
        {
            return null;
        }

        using CallSession session = new(unchecked((ulong)(options?.Seed ?? 0)), Votes);
        IJudge judge = Judging.Create(
            [new ModelCaller(Judge ?? InnerClient, session)], Templates, new Sampling(0.7, 1, JudgementTokens), Votes,
            new SearchSettings { Gate = Gate }.ToGate());
        string instruction = Prompt.InstructionOf(
            [.. turns.SkipLast(1).Select(turn => new ChatTurn(turn.Role.Value, turn.Text))], last.Text);
        return await judge.JudgeAsync("answer/judge", instruction, reading.Text, cancellationToken)
            .ConfigureAwait(false);
    }
}
