using System.Globalization;
using Spar.Runtime.Fleet;
using Spar.Store;

namespace Spar.Cli.Console;

/// <summary>
/// Says how the servers that a run asks fare: over all of them, and a line each. Rates are those of the last ten seconds.
/// Not thread-safe.
/// </summary>
/// <param name="watch">Counts.</param>
/// <param name="time">The clock.</param>
internal sealed class FleetView(FleetWatch watch, TimeProvider time)
{
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(10);

    private readonly Queue<(long At, Dictionary<string, (long Calls, long Tokens)> Counts)> _past =
        new([(time.GetTimestamp(), new Dictionary<string, (long Calls, long Tokens)>(StringComparer.Ordinal))]);

    /// <summary>One line over all servers and one each; none before the first was asked.</summary>
    public IReadOnlyList<string> Lines()
    {
        IReadOnlyList<EndpointState> states = watch.Look();
        if (states.Count == 0)
        {
            return [];
        }

        Note(states);
        (long at, Dictionary<string, (long Calls, long Tokens)> before) = _past.Peek();
        double seconds = time.GetElapsedTime(at).TotalSeconds;
        return [Summary(states, before, seconds), .. states.Select(state => Line(state, before, seconds))];
    }

    /// <summary>A server's figures as they are told when a run has ended.</summary>
    /// <param name="endpoints">The servers.</param>
    public static Figures Table(IReadOnlyList<EndpointFigures> endpoints)
    {
        bool priced = endpoints.Any(one => one.Cost is not null);
        Figures table = new Figures().Column("server").Column("calls", right: true).Column("requests", right: true)
            .Column("tokens read", right: true).Column("generated", right: true).Column("faults")
            .Column("away", right: true);
        if (priced)
        {
            table.Column("cost", right: true);
        }

        foreach (EndpointFigures one in endpoints)
        {
            string[] cells =
            [
                $"{Short(one)} ({one.Model})", Whole(one.Calls), Whole(one.Requests), ProgressLine.Count(one.InputTokens),
                ProgressLine.Count(one.OutputTokens), one.Faults.Count == 0 ? "–" : one.FaultsInWords,
                ProgressLine.Duration(TimeSpan.FromSeconds(one.AwaySeconds)),
            ];
            table.Row(priced ? [.. cells, Money(one.Cost ?? 0)] : cells);
        }

        return table;
    }

    private void Note(IReadOnlyList<EndpointState> states)
    {
        if (time.GetElapsedTime(_past.Last().At) >= TimeSpan.FromSeconds(1))
        {
            _past.Enqueue((time.GetTimestamp(), states.ToDictionary(
                state => Key(state.Figures), state => (state.Figures.Calls, state.Figures.OutputTokens),
                StringComparer.Ordinal)));
        }

        while (_past.Count > 1 && time.GetElapsedTime(_past.Peek().At) > s_window)
        {
            _past.Dequeue();
        }
    }

    private string Summary(
        IReadOnlyList<EndpointState> states, Dictionary<string, (long Calls, long Tokens)> before, double seconds)
    {
        EndpointFigures all = new("", "")
        {
            Calls = states.Sum(one => one.Figures.Calls),
            OutputTokens = states.Sum(one => one.Figures.OutputTokens),
            Cost = states.Any(one => one.Figures.Cost is not null) ? states.Sum(one => one.Figures.Cost ?? 0) : null,
        };
        long spared = states.Sum(one => one.Figures.SparedRequests);
        int waiting = watch.Waiting;
        List<string> parts =
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"{states.Count} server{(states.Count == 1 ? "" : "s")}: {states.Sum(one => one.InFlight)} in flight"),
        ];
        parts.AddRange(Rates(all.Calls, all.OutputTokens, before.Values.Sum(one => one.Calls), before.Values.Sum(one => one.Tokens), seconds));
        parts.Add($"{Whole(waiting)} waiting");
        if (spared > 0)
        {
            parts.Add($"{Whole(spared)} requests spared");
        }

        if (all.Cost is { } cost)
        {
            parts.Add($"{Money(cost)} spent");
        }

        return string.Join(", ", parts);
    }

    private static string Line(
        EndpointState state, Dictionary<string, (long Calls, long Tokens)> before, double seconds)
    {
        EndpointFigures figures = state.Figures;
        (long calls, long tokens) = before.GetValueOrDefault(Key(figures));
        List<string> parts =
        [
            state.Expelled is not null ? "gets no more calls"
                : state.Away is { } away ? $"away {ProgressLine.Duration(away)}"
                : state.Limit == 0 ? "not in use"
                : string.Create(CultureInfo.InvariantCulture, $"{state.InFlight} of {state.Limit} in flight"),
            .. Rates(figures.Calls, figures.OutputTokens, calls, tokens, seconds),
        ];
        if (figures.Faults.Count > 0)
        {
            parts.Add(figures.FaultsInWords);
        }

        return $"{Short(figures)}: {string.Join(", ", parts)}";
    }

    private static IEnumerable<string> Rates(long calls, long tokens, long callsBefore, long tokensBefore, double seconds) =>
        seconds < 1
            ? []
            :
            [
                string.Create(CultureInfo.InvariantCulture, $"{(calls - callsBefore) / seconds:0.0} calls/s"),
                $"{ProgressLine.Count((tokens - tokensBefore) / seconds)} tokens/s",
            ];

    private static string Key(EndpointFigures figures) => $"{figures.Endpoint} {figures.Model}";

    private static string Short(EndpointFigures figures) =>
        Uri.TryCreate(figures.Endpoint, UriKind.Absolute, out Uri? address) ? address.Authority : figures.Endpoint;

    private static string Whole(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Money(double cost) => cost.ToString("0.00##", CultureInfo.InvariantCulture);
}
