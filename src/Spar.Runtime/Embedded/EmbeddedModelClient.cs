using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// The embedded engine's chat client, with the weights of words that the method asks for, and log-probabilities as
/// texts (<see cref="TokenLogProbabilities"/>) where options ask for them.
/// </summary>
/// <param name="client">The engine's client; disposed with this one.</param>
public sealed class EmbeddedModelClient(EmbeddedChatClient client) : DelegatingChatClient(client), IAlternativesClient
{
    /// <inheritdoc/>
    /// <exception cref="Engine.EngineException">As for the engine's client.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ChatResponse response = await base.GetResponseAsync(messages, options, cancellationToken)
            .ConfigureAwait(false);
        Spell(response.AdditionalProperties);
        return response;
    }

    /// <inheritdoc/>
    /// <exception cref="Engine.EngineException">As for the engine's client.</exception>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (ChatResponseUpdate update in base
            .GetStreamingResponseAsync(messages, options, cancellationToken).ConfigureAwait(false))
        {
            Spell(update.AdditionalProperties);
            yield return update;
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The words are scored after the answer, on the answer's own keys and values: a few tokens beside the call.
    /// </remarks>
    /// <exception cref="Engine.EngineException">As for the engine's client.</exception>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken)
    {
        ChatResponse response = await client.GetResponseAsync(messages, options, cancellationToken)
            .ConfigureAwait(false);
        string text = response.Text;
        if (find(text) is not { } place)
        {
            return new WeighedResponse(response, null);
        }

        double[] weights = await client
            .ContinuationLogProbsAsync(messages, text[..place.Start], place.Words, cancellationToken)
            .ConfigureAwait(false);
        return new WeighedResponse(response, weights);
    }

    private static void Spell(AdditionalPropertiesDictionary? properties)
    {
        if (properties?.GetValueOrDefault("logprobs") is IReadOnlyList<GeneratedToken> tokens)
        {
            TokenLogProbabilities.Set(properties, [.. tokens.Select(Spelled)]);
        }
    }

    private static TokenLogProbability Spelled(GeneratedToken token) =>
        new(token.Text, token.Bytes, token.LogProb, [.. token.Top.Select(Spelled)]);
}
