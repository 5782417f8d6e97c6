namespace Spar.Runtime.Fleet;

/// <summary>
/// What requests of a kind usually take: a quantile of the last ones. Requests that may have equally long answers are of
/// one kind. Used from many threads.
/// </summary>
/// <param name="quantile">Which, above 0 and below 1.</param>
internal sealed class UsualTimes(double quantile)
{
    // So many are remembered of a kind, and so many have to be known before anything is said.
    private const int Most = 256, Least = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<long, Queue<TimeSpan>> _kinds = [];

    /// <summary>A request was answered.</summary>
    /// <param name="tokens">Tokens that all its answers might have had.</param>
    /// <param name="taken">How long it took.</param>
    public void Add(long tokens, TimeSpan taken)
    {
        lock (_gate)
        {
            if (!_kinds.TryGetValue(tokens, out Queue<TimeSpan>? last))
            {
                _kinds[tokens] = last = new Queue<TimeSpan>(Most);
            }

            if (last.Count == Most)
            {
                last.Dequeue();
            }

            last.Enqueue(taken);
        }
    }

    /// <summary>The time that all but a few requests of a kind take; null while that is not known.</summary>
    /// <param name="tokens">Tokens that all its answers may have.</param>
    public TimeSpan? Of(long tokens)
    {
        lock (_gate)
        {
            return _kinds.TryGetValue(tokens, out Queue<TimeSpan>? last) && last.Count >= Least
                ? last.Order().ElementAt((int)(quantile * (last.Count - 1)))
                : null;
        }
    }
}
