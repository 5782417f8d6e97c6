using Spar.Calls;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>Is told how a run goes. Called from many threads at once, so it must be quick and thread-safe.</summary>
public interface IRunObserver
{
    /// <summary>The run's prompts, or lessons that are there already, were read.</summary>
    /// <param name="what"><see cref="StageNames.Prompts"/> or <see cref="StageNames.Lessons"/>.</param>
    /// <param name="found">What was found, and what came of it.</param>
    void PromptsFound(string what, PromptsFound found)
    {
    }

    /// <summary>A stage begins.</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="items">
    /// Items it will work on, those kept from an earlier session included; 0 when they cannot be counted.
    /// </param>
    void StageStarted(string stage, int items)
    {
    }

    /// <summary>An item of the stage has ended.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="failed">True when it got lost.</param>
    void ItemFinished(string stage, bool failed)
    {
    }

    /// <summary>A call was answered.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="kept">True when it came from the store.</param>
    void CallAnswered(Answer answer, bool kept)
    {
    }

    /// <summary>A training that starts from a reference model knows more rows' log-probabilities under it.</summary>
    /// <param name="stage">The training stage.</param>
    /// <param name="rows">Rows that are done.</param>
    /// <param name="all">Rows in all.</param>
    void ReferenceComputed(string stage, int rows, int all)
    {
    }

    /// <summary>An optimizer step was taken.</summary>
    /// <param name="stage">The training stage.</param>
    /// <param name="step">The step.</param>
    void TrainingStepTaken(string stage, TrainingStep step)
    {
    }

    /// <summary>A stage has ended, and its product is kept.</summary>
    /// <param name="stage">Its name.</param>
    /// <param name="statistics">What it counted.</param>
    /// <param name="timing">How long it took.</param>
    void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
    }

    /// <summary>A stage had ended in an earlier session.</summary>
    /// <param name="stage">Its name.</param>
    void StageSkipped(string stage)
    {
    }

    /// <summary>An iteration's judge was measured, now or in an earlier session.</summary>
    /// <param name="calibration">How it fares.</param>
    void Calibrated(IterationCalibration calibration)
    {
    }

    /// <summary>An iteration's rewarded responses were examined, now or in an earlier session.</summary>
    /// <param name="integrity">What was found.</param>
    void Examined(IterationIntegrity integrity)
    {
    }

    /// <summary>A row of the results is there, new or from an earlier session.</summary>
    /// <param name="row">The row.</param>
    void RowMeasured(EvaluationRow row)
    {
    }

    /// <summary>Something that is as it should be, and that the user may want to know, such as where a training runs.</summary>
    /// <param name="message">One sentence or two.</param>
    void Notice(string message)
    {
    }

    /// <summary>Something the user should know.</summary>
    /// <param name="message">One sentence or two.</param>
    void Warn(string message)
    {
    }
}

/// <summary>Takes no notice.</summary>
public sealed class SilentObserver : IRunObserver;

/// <summary>Tells an observer of a run how one of its trainings gets on.</summary>
/// <param name="observer">The observer.</param>
/// <param name="stage">The training stage.</param>
internal sealed class StageTrainingProgress(IRunObserver observer, string stage) : ITrainingProgress
{
    public void ReferenceComputed(int rows, int all) => observer.ReferenceComputed(stage, rows, all);

    public void StepTaken(TrainingStep step) => observer.TrainingStepTaken(stage, step);
}
