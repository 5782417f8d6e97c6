namespace Spar.Runtime.Fleet;

/// <summary>
/// Which endpoint was given a prompt last, for the prompts of late: a server's cache does not hold more either. Not
/// thread-safe.
/// </summary>
internal sealed class RecentRoutes
{
    private const int Most = 16_384;

    private readonly Dictionary<ulong, PooledEndpoint> _routes = [];
    private readonly Queue<ulong> _order = new();

    /// <summary>Where a prompt went; null where that is not known.</summary>
    /// <param name="prompt">The prompt.</param>
    public PooledEndpoint? Find(ulong prompt) => _routes.GetValueOrDefault(prompt);

    /// <summary>Remembers where a prompt goes.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="endpoint">The endpoint.</param>
    public void Set(ulong prompt, PooledEndpoint endpoint)
    {
        if (!_routes.ContainsKey(prompt))
        {
            _order.Enqueue(prompt);
            if (_order.Count > Most)
            {
                _routes.Remove(_order.Dequeue());
            }
        }

        _routes[prompt] = endpoint;
    }
}
