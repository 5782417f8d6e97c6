using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Web.Dashboard;

/// <summary>
/// Counts a run's calls by part, a bounded number of rows at a time, so that a store of millions is never read in one go;
/// and how many came in the last minute.
/// </summary>
/// <param name="store">The run.</param>
/// <param name="time">The clock.</param>
internal sealed class CallTally(RunStore store, TimeProvider time)
{
    private const long RowsALook = 20_000;
    private static readonly TimeSpan s_window = TimeSpan.FromMinutes(1);

    private readonly SortedDictionary<string, RoleCalls> _roles = new(StringComparer.Ordinal);
    private readonly Queue<(long At, long Calls, long Tokens)> _samples = new();

    /// <summary>The row up to which calls are counted.</summary>
    public long UpTo { get; private set; }

    /// <summary>Calls by part; those of a program that teaches are not counted.</summary>
    public IReadOnlyList<RoleCalls> Roles => [.. _roles.Values];

    /// <summary>Calls and generated tokens a second in the last minute; null where too little is known.</summary>
    public (double Calls, double Tokens)? Rate { get; private set; }

    /// <summary>Counts the next rows; false where there were none.</summary>
    /// <param name="last">The last row there is.</param>
    public bool Advance(long last)
    {
        if (last <= UpTo)
        {
            return false;
        }

        long upTo = Math.Min(last, UpTo + RowsALook);
        foreach (RoleCalls found in CallRoles.Between(store, UpTo, upTo))
        {
            RoleCalls before = _roles.GetValueOrDefault(found.Role) ?? new RoleCalls(found.Role, 0, 0, 0);
            _roles[found.Role] = new RoleCalls(
                found.Role, before.Calls + found.Calls, before.InputTokens + found.InputTokens,
                before.OutputTokens + found.OutputTokens);
        }

        UpTo = upTo;
        return true;
    }

    /// <summary>Notes how far the run is now; only where all is counted, for what was there before says nothing.</summary>
    public void Sample()
    {
        long now = time.GetTimestamp();
        _samples.Enqueue((now, _roles.Values.Sum(role => role.Calls), _roles.Values.Sum(role => role.OutputTokens)));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > s_window)
        {
            _samples.Dequeue();
        }

        (long At, long Calls, long Tokens) first = _samples.Peek();
        (long At, long Calls, long Tokens) latest = _samples.Last();
        double seconds = time.GetElapsedTime(first.At, latest.At).TotalSeconds;
        Rate = seconds < 2 ? null : ((latest.Calls - first.Calls) / seconds, (latest.Tokens - first.Tokens) / seconds);
    }
}
