using Spar.SelfPlay;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>One score at the start of self-play and now.</summary>
/// <param name="Label">What was measured.</param>
/// <param name="FromRow">Row of the first value.</param>
/// <param name="From">First value, a fraction.</param>
/// <param name="ToRow">Row of the second value.</param>
/// <param name="To">Second value, a fraction.</param>
public sealed record Improvement(string Label, string FromRow, double From, string ToRow, double To)
{
    /// <summary>The difference in points, with its sign.</summary>
    public string Points => Display.Points(To - From);

    /// <summary>1 where the score rose, -1 where it fell, 0 where the written difference is nothing.</summary>
    public int Direction => Math.Sign(Math.Round(100 * (To - From), 1));

    /// <summary>
    /// What changed from the start of self-play (the SFT row; the first row where there is none) to the last iteration
    /// that has the score. Scores that lack one of the two are left out.
    /// </summary>
    public static IReadOnlyList<Improvement> Of(IReadOnlyList<EvaluationRow> rows)
    {
        List<Improvement> found = [];
        EvaluationRow? start = rows.FirstOrDefault(row => row.Name == RowName.Sft) ?? rows.FirstOrDefault();
        foreach (
            (string label, Func<EvaluationRow, double?> score) in (ReadOnlySpan<(string, Func<EvaluationRow, double?>)>)
            [
                ("held-out prompts fully satisfied (greedy)", row => row.HeldOutPrompt),
                ("single requirements satisfied (greedy)", row => row.HeldOutInstruction),
                ("held-out prompts fully satisfied with tree search", row => row.HeldOutPromptSearch),
                ("judge accuracy", row => row.JudgeAccuracy),
                ("refinement success", row => row.RefineSuccess),
            ])
        {
            EvaluationRow? end = rows.LastOrDefault(row => IsIteration(row) && score(row) is not null);
            if (start is not null && score(start) is { } from && end is not null && score(end) is { } to)
            {
                found.Add(new Improvement(label, Display.Row(start.Name), from, Display.Row(end.Name), to));
            }
        }
        foreach ((string yardstick, string figure) in rows.SelectMany(row => row.Yardsticks ?? [])
            .Where(yardstick => yardstick.Figures is [{ IsShare: true }, ..])
            .Select(yardstick => (yardstick.Name, yardstick.Figures[0].Name)).Distinct())
        {
            EvaluationRow? end = rows.LastOrDefault(row => IsIteration(row) && Value(row) is not null);
            if (start is not null && Value(start) is { } from && end is not null)
            {
                found.Add(new Improvement(
                    $"{yardstick}: {figure}", Display.Row(start.Name), from, Display.Row(end.Name), Value(end)!.Value));
            }

            double? Value(EvaluationRow row) =>
                row.Yardsticks?.FirstOrDefault(one => one.Name == yardstick)?.Figures
                    .FirstOrDefault(one => one.Name == figure)?.Value;
        }

        if (rows.LastOrDefault(row => IsIteration(row) && row.HeldOutPromptSearch is not null) is { HeldOutPrompt: { } greedy } last)
        {
            string stage = Display.Row(last.Name);
            found.Add(new Improvement(
                "what tree search at inference adds", $"{stage} greedy", greedy, "with search",
                last.HeldOutPromptSearch!.Value));
        }
        return found;
    }

    private static bool IsIteration(EvaluationRow row) => row.Name.IterationNumber is not null;
}
