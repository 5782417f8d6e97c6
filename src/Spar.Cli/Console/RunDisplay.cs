using System.Globalization;
using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>Shows a self-play run while it goes: the stage in hand, a line for each stage that has ended, warnings.</summary>
internal sealed class RunDisplay(ProgressLine progress) : IRunObserver
{
    /// <inheritdoc/>
    public void StageStarted(string stage, int items) => progress.Begin(stage, items);

    /// <inheritdoc/>
    public void ItemFinished(string stage, bool failed) => progress.Advance();

    /// <inheritdoc/>
    public void CallAnswered(Answer answer, bool kept)
    {
        if (!kept)
        {
            progress.AddTokens(answer.OutputTokens);
        }
    }

    /// <inheritdoc/>
    public void TrainingStepTaken(string stage, TrainingStep step) =>
        progress.Set(step.Step, step.Steps, step.Tokens, string.Create(CultureInfo.InvariantCulture, $"loss {step.Loss:0.000}"));

    /// <inheritdoc/>
    public void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        (TimeSpan elapsed, long tokens) = progress.End();
        string rate = tokens > 0 && elapsed.TotalSeconds > 0.5 ? $"  {ProgressLine.Count(tokens / elapsed.TotalSeconds)} tokens/s" : "";
        string counts = string.Join(", ", statistics.Counts.Take(8).Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value}")));
        progress.Say(Markup.Escape($"  {stage,-20} {ProgressLine.Duration(elapsed),6}{rate}{(counts.Length > 0 ? "  " + counts : "")}"));
        if (statistics.Failures.Count > 0)
        {
            Warn($"{stage}: {statistics.Failures.Count} items were lost; the first: {statistics.Failures[0].Item}: {statistics.Failures[0].Reason}");
        }
    }

    /// <inheritdoc/>
    public void StageSkipped(string stage) => progress.Say(Markup.Escape($"  {stage,-20}   kept from before"));

    /// <inheritdoc/>
    public void RowMeasured(EvaluationRow row)
    {
        string search = row.HeldOutPromptSearch is { } share ? $", {Percent(share)} with tree search" : "";
        string judge = row.JudgeAccuracy is { } accuracy ? $", judge right on {Percent(accuracy)}" : "";
        progress.Say($"[bold]{Markup.Escape(row.Stage)}[/]: {Percent(row.HeldOutPrompt)} of {row.HeldOutCount} held-out prompts satisfied{search}{judge}");
    }

    /// <inheritdoc/>
    public void Calibrated(IterationCalibration calibration) => progress.Say(
        $"  judge of iteration {calibration.Iteration}: right on {Percent(calibration.Responses.Accuracy)} of the actor's responses and {Percent(calibration.Refinements.Accuracy)} of the refinements; " +
        $"{Percent(calibration.ChosenFalseAcceptRate)} of the chosen responses are wrong");

    /// <inheritdoc/>
    public void Warn(string message) => progress.Say($"[yellow]warning:[/] {Markup.Escape(message)}");

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
