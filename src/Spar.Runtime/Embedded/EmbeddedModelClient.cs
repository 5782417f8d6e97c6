using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>The embedded engine's chat client, with the weights of words that the method asks for.</summary>
/// <param name="client">The engine's client; disposed with this one.</param>
public sealed class EmbeddedModelClient(EmbeddedChatClient client) : DelegatingChatClient(client), IAlternativesClient
{
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
}
