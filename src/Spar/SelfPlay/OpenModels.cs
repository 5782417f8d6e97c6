using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>The models in use: opened when first asked for, closed together before training needs the room.</summary>
/// <param name="host">Opens them; stays the caller's.</param>
/// <param name="session">What all calls share: seed, most calls in flight, memo.</param>
public sealed class OpenModels(IModelHost host, CallSession session) : IAsyncDisposable
{
    private readonly Dictionary<string, IChatClient> _clients = new(StringComparer.Ordinal);

    /// <summary>Is given every model before it is opened: to make it, where it is not there. Null does nothing.</summary>
    internal Func<string, CancellationToken, Task>? Preparing { get; set; }

    /// <summary>Opens a model, or takes the one that is open already.</summary>
    /// <param name="model">A checkpoint, or an endpoint's model.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="SparException">It cannot be opened; the message says why.</exception>
    public async Task<ModelCaller> OpenAsync(string model, CancellationToken cancellationToken)
    {
        if (!_clients.TryGetValue(model, out IChatClient? client))
        {
            await (Preparing?.Invoke(model, cancellationToken) ?? Task.CompletedTask).ConfigureAwait(false);
            client = await host.OpenAsync(model, cancellationToken).ConfigureAwait(false);
            _clients.Add(model, client);
        }

        return new ModelCaller(client, session);
    }

    /// <summary>Closes the models.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (IChatClient client in _clients.Values)
        {
            if (client is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                client.Dispose();
            }
        }

        _clients.Clear();
    }
}
