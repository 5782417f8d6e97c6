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
    /// <inheritdoc/>
    public override void PromptsFound(PromptsFound found)
    {
        Progress.SayRow("prompts", "", PromptsText.Summary(found));
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
    }

    /// <inheritdoc/>
    public override void StageSkipped(string stage) => Progress.SayRow(stage, "kept", "");

    /// <inheritdoc/>
    public override void RowMeasured(EvaluationRow row)
    {
        string search = row.HeldOutPromptSearch is { } share ? $", {Percent(share)} with tree search" : "";
        string judge = row.JudgeAccuracy is { } accuracy ? $", judge right on {Percent(accuracy)}" : "";
        Progress.Say(
            $"[bold]{row.Name}[/]: {Percent(row.HeldOutPrompt)} of {row.HeldOutCount} held-out prompts "
                + $"satisfied{search}{judge}"
        );
    }

    /// <inheritdoc/>
    public override void Calibrated(IterationCalibration calibration) =>
        Progress.Say(
            $"  judge of iteration {calibration.Iteration}: right on {Percent(calibration.Responses.Accuracy)} of "
                + $"the actor's responses and {Percent(calibration.Refinements.Accuracy)} of the refinements; "
                + $"{Percent(calibration.ChosenFalseAcceptRate)} of the chosen responses are wrong"
        );

    /// <summary>The results as a table.</summary>
    public static Figures Table(RunResults results)
    {
        Figures table = new Figures()
            .Column("stage")
            .Column("held-out prompts\nfully satisfied", right: true)
            .Column("single\ninstructions", right: true)
            .Column("with tree search\nat inference", right: true)
            .Column("judge\naccuracy", right: true)
            .Column("refinement\nsuccess", right: true)
            .Column("play: success\nself-judged", right: true)
            .Column("play: success\nverified", right: true);
        foreach (EvaluationRow row in results.Rows)
        {
            IterationCalibration? calibration = results.Calibration?.FirstOrDefault(one =>
                row.Name.IterationNumber == one.Iteration
            );
            table.Row(
                row.Name.ToString(),
                Percent(row.HeldOutPrompt),
                Percent(row.HeldOutInstruction),
                Percent(row.HeldOutPromptSearch),
                Percent(row.JudgeAccuracy),
                Percent(row.RefineSuccess),
                Percent(calibration?.SelfJudgedSuccess),
                Percent(calibration?.VerifiedSuccess)
            );
        }

        return table;
    }

    private static string Percent(double? share) =>
        share is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
