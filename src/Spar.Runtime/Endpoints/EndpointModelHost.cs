using Microsoft.Extensions.AI;
using Spar.Runtime.Models;
using Spar.Seams;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// Opens models behind OpenAI-compatible endpoints, named as address#model, such as http://localhost:8000/v1#qwen;
/// leaves others to another host.
/// </summary>
/// <param name="others">Opens what is no such name.</param>
/// <param name="apiKey">The endpoints' key; servers that need none ignore it.</param>
public sealed class EndpointModelHost(IModelHost others, string apiKey) : IModelHost
{
    /// <inheritdoc/>
    /// <exception cref="SparException">The name begins like an address, but is none, or names no model.</exception>
    public ValueTask<IChatClient> OpenAsync(string model, CancellationToken cancellationToken)
    {
        if (!ModelReference.IsServed(model))
        {
            return others.OpenAsync(model, cancellationToken);
        }

        (Uri address, string name) = Parse(model);
        return ValueTask.FromResult(EndpointChatClient.WithRetries(address, name, apiKey));
    }

    /// <summary>A served model that is asked once, without retries.</summary>
    /// <param name="model">Address and name.</param>
    /// <param name="apiKey">The endpoint's key.</param>
    /// <exception cref="SparException">It is no address, or names no model.</exception>
    internal static IChatClient OpenOnce(string model, string apiKey)
    {
        (Uri address, string name) = Parse(model);
        return new EndpointChatClient(address, name, apiKey);
    }

    private static (Uri Address, string Name) Parse(string model)
    {
        ModelReference served = ModelReference.Resolve(model);
        return (served.Endpoint!, served.ServedName!);
    }
}
