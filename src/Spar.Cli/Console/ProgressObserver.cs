using System.Globalization;
using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Console;

/// <summary>
/// Shows on one line how a stage gets on; what is said about stages and results is the derived display's matter.
/// </summary>
internal abstract class ProgressObserver(ProgressLine progress) : IRunObserver
{
    /// <summary>The line.</summary>
    protected ProgressLine Progress { get; } = progress;

    /// <inheritdoc/>
    public virtual void PromptsFound(string what, PromptsFound found) { }

    /// <inheritdoc/>
    public abstract void StageStarted(string stage, int items);

    /// <inheritdoc/>
    public abstract void StageFinished(string stage, StageStatistics statistics, StageTiming timing);

    /// <inheritdoc/>
    public virtual void StageSkipped(string stage) { }

    /// <inheritdoc/>
    public virtual void RowMeasured(EvaluationRow row) { }

    /// <inheritdoc/>
    public virtual void Calibrated(IterationCalibration calibration) { }

    /// <inheritdoc/>
    public virtual void Examined(IterationIntegrity integrity) { }

    /// <inheritdoc/>
    public void ItemFinished(string stage, bool failed) => Progress.Advance();

    /// <inheritdoc/>
    public void CallAnswered(Answer answer, bool kept)
    {
        if (!kept)
        {
            Progress.AddTokens(answer.OutputTokens ?? 0);
        }
    }

    /// <inheritdoc/>
    public void ReferenceComputed(string stage, int rows, int all) => Progress.Set(rows, all, 0, "reference model");

    /// <inheritdoc/>
    public void TrainingStepTaken(string stage, TrainingStep step) =>
        Progress.Set(
            step.Step,
            step.Steps,
            step.Tokens,
            string.Create(CultureInfo.InvariantCulture, $"loss {step.Loss:0.000}")
        );

    /// <inheritdoc/>
    public void Notice(string message) => Progress.Say(Markup.Escape($"  {message}"));

    /// <inheritdoc/>
    public virtual void Warn(string message) => Progress.Warn(message);

    /// <summary>Warns of a stage's items that were lost.</summary>
    protected void WarnOfFailures(string stage, StageStatistics statistics)
    {
        if (statistics.Failures.Count > 0)
        {
            Warn(
                $"{stage}: {statistics.Failures.Count} items were lost; the first: {statistics.Failures[0].Item}: "
                    + $"{statistics.Failures[0].Reason}"
            );
        }
    }
}
