using System.Collections.Concurrent;
using System.Text.Json.Nodes;

namespace Spar.Web.Mock;

/// <summary>What a mock server has seen and done. Used from many threads.</summary>
public sealed class MockCounts
{
    private readonly ConcurrentDictionary<string, long> _faults = new();
    private readonly ConcurrentDictionary<ulong, (int Tries, int Answers)> _calls = new();
    private long _requests;
    private long _slotTicks;
    private long _answered;
    private long _choices;
    private int _inFlight;
    private int _mostInFlight;

    /// <summary>Requests for answers.</summary>
    public long Requests => Interlocked.Read(ref _requests);

    /// <summary>Requests that were answered in full.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Choices in the answers.</summary>
    public long Choices => Interlocked.Read(ref _choices);

    /// <summary>Most choices that were in the making at once.</summary>
    public int MostInFlight => _mostInFlight;

    /// <summary>Different calls: prompts with their sampling and seed.</summary>
    public int Calls => _calls.Count;

    /// <summary>Calls that were answered more than once: an answer was lost, or asked for twice.</summary>
    public int AnsweredTwice => _calls.Values.Count(call => call.Answers > 1);

    /// <summary>Calls that were never answered.</summary>
    public int NeverAnswered => _calls.Values.Count(call => call.Answers == 0);

    /// <summary>Seconds that answers were given, by the settings, summed over slots.</summary>
    public double SlotSeconds => TimeSpan.FromTicks(Interlocked.Read(ref _slotTicks)).TotalSeconds;

    /// <summary>Requests that went wrong, by kind.</summary>
    public IReadOnlyDictionary<string, long> Faults => _faults;

    /// <summary>All of it as JSON.</summary>
    public JsonObject ToJson() => new()
    {
        ["requests"] = Requests,
        ["answered"] = Answered,
        ["choices"] = Choices,
        ["most_in_flight"] = MostInFlight,
        ["slot_seconds"] = Math.Round(SlotSeconds, 1),
        ["calls"] = Calls,
        ["answered_twice"] = AnsweredTwice,
        ["never_answered"] = NeverAnswered,
        ["faults"] = new JsonObject(
            _faults.OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
    };

    /// <summary>Slots are taken for so long, in all.</summary>
    internal void Spend(TimeSpan time) => Interlocked.Add(ref _slotTicks, time.Ticks);

    /// <summary>A request came; how often the call came before.</summary>
    internal int Came(ulong call)
    {
        Interlocked.Increment(ref _requests);
        return _calls.AddOrUpdate(call, _ => (1, 0), (_, seen) => (seen.Tries + 1, seen.Answers)).Tries - 1;
    }

    /// <summary>Takes slots, if they are free.</summary>
    internal bool Take(int count, int slots)
    {
        int now = Interlocked.Add(ref _inFlight, count);
        if (now > slots)
        {
            Interlocked.Add(ref _inFlight, -count);
            return false;
        }

        int most;
        while (now > (most = _mostInFlight) && Interlocked.CompareExchange(ref _mostInFlight, now, most) != most)
        {
            // Somebody else raised it meanwhile.
        }

        return true;
    }

    /// <summary>Gives slots back.</summary>
    internal void Free(int count) => Interlocked.Add(ref _inFlight, -count);

    /// <summary>A call was answered.</summary>
    internal void Answer(ulong call, int choices)
    {
        Interlocked.Increment(ref _answered);
        Interlocked.Add(ref _choices, choices);
        _calls.AddOrUpdate(call, _ => (1, 1), (_, seen) => (seen.Tries, seen.Answers + 1));
    }

    /// <summary>A request went wrong.</summary>
    internal void Fault(string kind) => _faults.AddOrUpdate(kind, 1, (_, count) => count + 1);
}
