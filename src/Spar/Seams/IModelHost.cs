using Microsoft.Extensions.AI;

namespace Spar.Seams;

/// <summary>Makes a model answer: turns a checkpoint (or a served model's name) into a chat client.</summary>
public interface IModelHost
{
    /// <summary>
    /// Opens a model. The client honours <see cref="ChatOptions.Seed"/>, <see cref="ChatOptions.Temperature"/> (0 =
    /// greedy),
    /// <see cref="ChatOptions.TopP"/>, <see cref="ChatOptions.TopK"/>, <see cref="ChatOptions.MaxOutputTokens"/> and
    /// <see cref="ChatOptions.StopSequences"/>, may be called from many threads at once, and reports token counts in
    /// <see cref="ChatResponse.Usage"/>. Disposing it frees the model.
    /// </summary>
    /// <param name="model">A checkpoint directory, or a name that the host knows.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken);
}
