namespace Spar.Cli.Console;

/// <summary>
/// Tells how long a piece of work will go on, from its pace over the last minute: what was kept from before ends at
/// once at the beginning and says nothing about the rest. Silent until there is a pace to go by.
/// </summary>
internal sealed class TimeLeft
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(5);

    private readonly Queue<(TimeSpan At, long Done)> _past = [];

    /// <summary>Forgets the pace; the next piece of work begins.</summary>
    public void Clear() => _past.Clear();

    /// <summary>Notes where the work stands.</summary>
    /// <param name="elapsed">Time since its beginning; never less than the last time.</param>
    /// <param name="done">Items that are done.</param>
    /// <param name="total">Items in all; 0 when unknown.</param>
    /// <returns>
    /// The time that the rest will take; null in the first 5 seconds, before at least 3 items and a fiftieth of all
    /// were done within the minute, and at the end.
    /// </returns>
    public TimeSpan? After(TimeSpan elapsed, long done, long total)
    {
        // The first drawing comes when kept items have gone by.
        if (_past.Count == 0 || elapsed - _past.Last().At >= TimeSpan.FromSeconds(1))
        {
            _past.Enqueue((elapsed, done));
        }

        while (_past.Count > 1 && elapsed - _past.Peek().At > s_window)
        {
            _past.Dequeue();
        }

        (TimeSpan since, long before) = _past.Peek();
        long made = done - before;
        return total > 0 && done < total && elapsed - since >= s_least && made >= Math.Max(3, total / 50)
            ? (elapsed - since) * ((total - done) / (double)made)
            : null;
    }
}
