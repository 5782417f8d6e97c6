using System.Globalization;
using Spar.Web.Reports;

namespace Spar.Web.Dashboard;

/// <summary>What every page knows: the runs, and how addresses are written.</summary>
/// <param name="runs">The runs, in the order in which they were named.</param>
/// <param name="tokens">Cuts training rows into tokens; null where nobody can.</param>
public sealed class DashboardSite(IReadOnlyList<WatchedRun> runs, TokenReader? tokens) : IDisposable
{
    /// <summary>The runs.</summary>
    public IReadOnlyList<WatchedRun> Runs => runs;

    /// <summary>Cuts training rows into tokens; null where nobody can.</summary>
    public TokenReader? Tokens => tokens;

    /// <summary>The address of the calls whose keys begin with a prefix.</summary>
    public static string Calls(WatchedRun run, string under, string after = "") =>
        $"/runs/{run.Name}/calls?under={Escape(under)}{(after.Length > 0 ? $"&after={Escape(after)}" : "")}";

    /// <summary>The address of one call.</summary>
    public static string Call(WatchedRun run, string key) => $"/runs/{run.Name}/call?key={Escape(key)}";

    /// <summary>The address of a prompt's page.</summary>
    public static string Prompt(WatchedRun run, long iteration, long item) =>
        string.Create(CultureInfo.InvariantCulture, $"/runs/{run.Name}/prompts/{iteration}/{item}");

    /// <summary>The address of a page of prompts.</summary>
    public static string Prompts(WatchedRun run, PromptQuery query, IndexedPrompt? last = null)
    {
        List<string> parts = [];
        Add("iteration", query.Iteration?.ToString(CultureInfo.InvariantCulture));
        Add("outcome", query.Outcome);
        Add("verdicts", query.Verdicts);
        Add("words", query.Words);
        if (last is not null)
        {
            Add("after", string.Create(CultureInfo.InvariantCulture, $"{last.Iteration}.{last.Item}.{last.Id}"));
        }

        return $"/runs/{run.Name}/prompts{(parts.Count == 0 ? "" : "?")}{string.Join('&', parts)}";

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                parts.Add($"{name}={Escape(value)}");
            }
        }
    }

    /// <summary>The address of the training rows of an iteration.</summary>
    public static string Rows(WatchedRun run, int iteration, string kind = "", int from = 0) =>
        string.Create(CultureInfo.InvariantCulture, $"/runs/{run.Name}/pairs?iteration={iteration}")
            + (kind.Length > 0 ? $"&kind={Escape(kind)}" : "")
            + (from > 0 ? string.Create(CultureInfo.InvariantCulture, $"&from={from}") : "");

    /// <summary>Where the figures of a run's sections lead.</summary>
    public static CallLinks Links(WatchedRun run) => new(
        under => Calls(run, under),
        (iteration, outcome) => Prompts(run, new PromptQuery { Iteration = iteration, Outcome = outcome }),
        iteration => Rows(run, iteration));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (WatchedRun run in runs)
        {
            run.Dispose();
        }
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}
