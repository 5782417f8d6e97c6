using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>One score at the start of self-play and now.</summary>
/// <param name="Label">What was measured.</param>
/// <param name="FromStage">Stage of the first value.</param>
/// <param name="From">First value, a fraction.</param>
/// <param name="ToStage">Stage of the second value.</param>
/// <param name="To">Second value, a fraction.</param>
public sealed record Improvement(string Label, string FromStage, double From, string ToStage, double To)
{
    /// <summary>The difference in points, with its sign.</summary>
    public string Points => Display.Points(To - From);

    /// <summary>1 where the score rose, -1 where it fell, 0 where the written difference is nothing.</summary>
    public int Direction => Math.Sign(Math.Round(100 * (To - From), 1));

    /// <summary>
    /// What changed from the start of self-play (the SFT stage; the first stage where there is none) to the last iteration that has the score. Scores
    /// that lack one of the two are left out.
    /// </summary>
    public static IReadOnlyList<Improvement> Of(IReadOnlyList<StageRow> rows)
    {
        List<Improvement> found = [];
        StageRow? start = rows.FirstOrDefault(row => row.Stage == "sft") ?? rows.FirstOrDefault();
        foreach ((string label, Func<StageRow, double?> score) in (ReadOnlySpan<(string, Func<StageRow, double?>)>)
            [
                ("held-out prompts fully satisfied (greedy)", row => row.HeldOutPrompt),
                ("single requirements satisfied (greedy)", row => row.HeldOutInstruction),
                ("held-out prompts fully satisfied with tree search", row => row.HeldOutPromptSearch),
                ("judge accuracy", row => row.JudgeAccuracy),
                ("refinement success", row => row.RefineSuccess),
            ])
        {
            StageRow? end = rows.LastOrDefault(row => IsIteration(row) && score(row) is not null);
            if (start is not null && score(start) is { } from && end is not null && score(end) is { } to)
            {
                found.Add(new Improvement(label, Display.Stage(start.Stage), from, Display.Stage(end.Stage), to));
            }
        }
        if (rows.LastOrDefault(row => IsIteration(row) && row is { HeldOutPrompt: not null, HeldOutPromptSearch: not null }) is { } last)
        {
            string stage = Display.Stage(last.Stage);
            found.Add(new Improvement("what tree search at inference adds", $"{stage} greedy", last.HeldOutPrompt!.Value, "with search", last.HeldOutPromptSearch!.Value));
        }
        return found;
    }

    private static bool IsIteration(StageRow row) => row.Stage.StartsWith("iteration-", StringComparison.Ordinal);
}
