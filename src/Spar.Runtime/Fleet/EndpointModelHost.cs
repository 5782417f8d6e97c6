using Microsoft.Extensions.AI;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Models;
using Spar.Seams;

namespace Spar.Runtime.Fleet;

/// <summary>Opens models behind OpenAI-compatible endpoints, and leaves others to another host.</summary>
/// <param name="others">Opens what is not served.</param>
/// <param name="endpoints">Who serves a model.</param>
/// <param name="options">How served models are asked.</param>
/// <param name="time">The clock.</param>
public sealed class EndpointModelHost(
    IModelHost others, Func<ModelReference, IReadOnlyList<ServedEndpoint>> endpoints, PoolOptions options,
    TimeProvider time) : IModelHost
{
    /// <inheritdoc/>
    /// <exception cref="SparException">The name begins like an address, but is none, or names no model.</exception>
    public async ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken)
    {
        if (!ModelReference.IsServed(model))
        {
            return await others.OpenAsync(model, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<ServedEndpoint> served = endpoints(ModelReference.Resolve(model));
        return PooledChatClient.Open(
            await ModelNames.CompleteAsync(served, time, cancellationToken).ConfigureAwait(false), options, time);
    }
}
