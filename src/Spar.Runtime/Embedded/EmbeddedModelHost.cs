using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>Opens checkpoint directories with the embedded engine.</summary>
/// <param name="options">Threads, batch and cache sizes.</param>
public sealed class EmbeddedModelHost(EngineOptions options) : IModelHost
{
    /// <inheritdoc/>
    /// <exception cref="Engine.EngineException">
    /// The checkpoint cannot be read, or does not fit its tokenizer.
    /// </exception>
    public async ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken) =>
        await Task.Run(() => Open(model), cancellationToken).ConfigureAwait(false);

    private ChoiceScoringChatClient Open(string model)
    {
        EmbeddedChatClient client = EmbeddedChatClient.Load(ShippedFiles.Resolve(model), options);
        return new ChoiceScoringChatClient(new EmbeddedModelClient(client), new EmbeddedChoiceScorer(client));
    }
}
