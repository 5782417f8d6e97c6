using System.Globalization;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>Shows a self-play run while it goes: the stage in hand, a line for each stage that has ended, warnings.</summary>
internal sealed class RunDisplay(ProgressLine progress) : ProgressObserver(progress)
{
    /// <inheritdoc/>
    public override void StageStarted(string stage, int items) => Progress.Begin(stage, items);

    /// <inheritdoc/>
    public override void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        (TimeSpan elapsed, long tokens) = Progress.End();
        string rate = tokens > 0 && elapsed.TotalSeconds > 0.5 ? $"  {ProgressLine.Count(tokens / elapsed.TotalSeconds)} tokens/s" : "";
        string counts = string.Join(", ", statistics.Counts.Take(8).Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value}")));
        Progress.Say(Markup.Escape($"  {stage,-20} {ProgressLine.Duration(elapsed),6}{rate}{(counts.Length > 0 ? "  " + counts : "")}"));
        WarnOfFailures(stage, statistics);
    }

    /// <inheritdoc/>
    public override void StageSkipped(string stage) => Progress.Say(Markup.Escape($"  {stage,-20}   kept from before"));

    /// <inheritdoc/>
    public override void RowMeasured(EvaluationRow row)
    {
        string search = row.HeldOutPromptSearch is { } share ? $", {Percent(share)} with tree search" : "";
        string judge = row.JudgeAccuracy is { } accuracy ? $", judge right on {Percent(accuracy)}" : "";
        Progress.Say($"[bold]{Markup.Escape(row.Stage)}[/]: {Percent(row.HeldOutPrompt)} of {row.HeldOutCount} held-out prompts satisfied{search}{judge}");
    }

    /// <inheritdoc/>
    public override void Calibrated(IterationCalibration calibration) => Progress.Say(
        $"  judge of iteration {calibration.Iteration}: right on {Percent(calibration.Responses.Accuracy)} of the actor's responses and {Percent(calibration.Refinements.Accuracy)} of the refinements; " +
        $"{Percent(calibration.ChosenFalseAcceptRate)} of the chosen responses are wrong");

    /// <summary>The results as a table.</summary>
    public static Table Table(RunResults results)
    {
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("stage")
            .AddColumn(new TableColumn("held-out prompts\nfully satisfied").RightAligned())
            .AddColumn(new TableColumn("single\ninstructions").RightAligned())
            .AddColumn(new TableColumn("with tree search\nat inference").RightAligned())
            .AddColumn(new TableColumn("judge\naccuracy").RightAligned())
            .AddColumn(new TableColumn("refinement\nsuccess").RightAligned())
            .AddColumn(new TableColumn("play: success\nself-judged").RightAligned())
            .AddColumn(new TableColumn("play: success\nverified").RightAligned());
        foreach (EvaluationRow row in results.Rows)
        {
            IterationCalibration? calibration = results.Calibration?.FirstOrDefault(one => row.Stage == $"iteration-{one.Iteration}");
            table.AddRow(row.Stage, Percent(row.HeldOutPrompt), Percent(row.HeldOutInstruction), Percent(row.HeldOutPromptSearch), Percent(row.JudgeAccuracy), Percent(row.RefineSuccess),
                Percent(calibration?.SelfJudgedSuccess), Percent(calibration?.VerifiedSuccess));
        }

        return table;
    }

    private static string Percent(double? share) => share is null ? "–" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
