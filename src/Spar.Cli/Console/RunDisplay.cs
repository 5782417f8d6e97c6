using System.Globalization;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>
/// Shows a self-play run while it goes: the stage in hand, a line for each stage that has ended, warnings.
/// </summary>
internal sealed class RunDisplay(ProgressLine progress) : ProgressObserver(progress)
{
    private const string Missing = "–";

    /// <inheritdoc/>
    public override void PromptsFound(string what, PromptsFound found)
    {
        Progress.SayRow(what, "", PromptsText.Summary(found));
        foreach (string line in PromptsText.KeptOut(found, most: 5))
        {
            Progress.Say($"  {Markup.Escape(line)}");
        }
    }

    /// <inheritdoc/>
    public override void StageStarted(string stage, int items) => Progress.Begin(stage, items);

    /// <inheritdoc/>
    public override void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        (TimeSpan elapsed, long tokens) = Progress.End();
        List<string> details = [];
        if (tokens > 0 && elapsed.TotalSeconds > 0.5)
        {
            details.Add($"{ProgressLine.Count(tokens / elapsed.TotalSeconds)} tokens/s");
        }

        details.AddRange(
            statistics
                .Counts.Take(8)
                .Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value}"))
        );
        Progress.SayRow(stage, ProgressLine.Duration(elapsed), string.Join(", ", details));
        WarnOfFailures(stage, statistics);
        WarnOfUnreadable(stage, statistics);
    }

    /// <inheritdoc/>
    public override void StageSkipped(string stage) => Progress.SayRow(stage, "kept", "");

    /// <inheritdoc/>
    public override void RowMeasured(EvaluationRow row)
    {
        string search = row.HeldOutPromptSearch is { } share ? $", {Percent(share)} with tree search" : "";
        string judge = row.JudgeAccuracy is { } accuracy ? $", judge right on {Percent(accuracy)}" : "";
        if (row.Detail(EvaluationRow.JudgeUnreadable) is { } unreadable)
        {
            judge += $" ({Percent(unreadable)} of its judgements could not be read)";
        }

        string cut =
            (row.Detail(EvaluationRow.CutOff) is { } cutOff ? $", {Percent(cutOff)} cut off" : "")
            + (row.Detail(EvaluationRow.Empty) is { } empty ? $", {Percent(empty)} empty" : "");
        List<string> found = [];
        if (row.HeldOutPrompt is { } satisfied)
        {
            found.Add($"{Percent(satisfied)} of {row.HeldOutCount} held-out prompts satisfied{cut}{search}{judge}");
        }

        found.AddRange(
            (row.Yardsticks ?? [])
                .Where(yardstick => yardstick.Figures.Count > 0)
                .Select(yardstick =>
                    $"{yardstick.Name} {Figure(yardstick.Figures[0])} ({yardstick.Figures[0].Name}, "
                    + $"{yardstick.Items} items)"
                )
        );
        Progress.Say($"[bold]{row.Name}[/]: {Markup.Escape(string.Join("; ", found))}");
    }

    /// <inheritdoc/>
    public override void Calibrated(IterationCalibration calibration) =>
        Progress.Say(
            $"  judge of iteration {calibration.Iteration}: right on {Percent(calibration.Responses.Accuracy)} of "
                + $"the actor's responses and {Percent(calibration.Refinements.Accuracy)} of the refinements; "
                + $"{Percent(calibration.ChosenFalseAcceptRate)} of the chosen responses are wrong"
        );

    /// <inheritdoc/>
    public override void Examined(IterationIntegrity integrity) =>
        Progress.Say(
            $"  rewarded responses of iteration {integrity.Iteration} that satisfy checks by tricks: "
                + $"{integrity.RewardedTripped} of {integrity.Rewarded}"
        );

    // What was left out or could not be read is told, also where a line has no room for all counts.
    private void WarnOfUnreadable(string stage, StageStatistics statistics)
    {
        long calls = statistics.Counts.GetValueOrDefault("judging calls");
        Tell("unparsed judgement: ", count => calls > 0 ? $"{count} of {calls} judgements could not be read" : $"{count} judgements could not be read");
        Tell("unparsed refinement: ", count => $"{count} refinements could not be read");
        Tell("responses left out: ", count => $"{count} responses are left out");

        void Tell(string prefix, Func<string, string> what)
        {
            KeyValuePair<string, long>[] found =
            [
                .. statistics
                    .Counts.Where(count => count.Key.StartsWith(prefix, StringComparison.Ordinal) && count.Value > 0)
                    .OrderByDescending(count => count.Value),
            ];
            if (found.Length > 0)
            {
                string reasons = string.Join(
                    ", ",
                    found.Select(count =>
                        string.Create(CultureInfo.InvariantCulture, $"{count.Key[prefix.Length..]} {count.Value}")
                    )
                );
                string sum = found.Sum(count => count.Value).ToString(CultureInfo.InvariantCulture);
                Warn($"{stage}: {what(sum)} ({reasons}).");
            }
        }
    }

    /// <summary>The results as a table: the columns of what was measured.</summary>
    public static Figures Table(RunResults results)
    {
        Column[] columns =
        [
            new("held-out prompts\nfully satisfied", row => Percent(row.HeldOutPrompt)),
            new("single\ninstructions", row => Percent(row.HeldOutInstruction)),
            new("with tree search\nat inference", row => Percent(row.HeldOutPromptSearch)),
            new("judge\naccuracy", row => Percent(row.JudgeAccuracy)),
            new("refinement\nsuccess", row => Percent(row.RefineSuccess)),
            .. Yardsticks(results),
            new("play: success\nself-judged", row => Percent(Calibration(row)?.SelfJudgedSuccess)),
            new("play: success\nverified", row => Percent(Calibration(row)?.VerifiedSuccess)),
        ];
        columns = [.. columns.Where(column => results.Rows.Any(row => column.Cell(row) != Missing))];
        Figures table = new Figures().Column("stage");
        foreach (Column column in columns)
        {
            table.Column(column.Title, right: true);
        }

        foreach (EvaluationRow row in results.Rows)
        {
            table.Row([row.Name.ToString(), .. columns.Select(column => column.Cell(row))]);
        }

        return table;

        IterationCalibration? Calibration(EvaluationRow row) =>
            results.Calibration?.FirstOrDefault(one => row.Name.IterationNumber == one.Iteration);
    }

    // The first two figures of each: the headline, and what most people know it by.
    private static IEnumerable<Column> Yardsticks(RunResults results) =>
        results
            .Rows.SelectMany(row => row.Yardsticks ?? [])
            .SelectMany(yardstick => yardstick.Figures.Take(2).Select(figure => (yardstick.Name, Figure: figure.Name)))
            .Distinct()
            .Select(one => new Column(
                $"{one.Name}\n{one.Figure}",
                row =>
                    row.Yardsticks?.FirstOrDefault(yardstick => yardstick.Name == one.Name)
                        ?.Figures.FirstOrDefault(figure => figure.Name == one.Figure)
                        is { } figure
                        ? Figure(figure)
                        : Missing
            ));

    private static string Figure(YardstickFigure figure) =>
        figure.IsShare
            ? Percent(figure.Value)
            : string.Create(CultureInfo.InvariantCulture, $"{figure.Value:0.00}");

    private static string Percent(double? share) =>
        share is null ? Missing : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");

    private sealed record Column(string Title, Func<EvaluationRow, string> Cell);
}
