using System.Globalization;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Experiments;

/// <summary>Shows an experiment while it goes: the run and stage in hand, a line for each run that has ended, and when all will have ended.</summary>
internal sealed class ExperimentDisplay(ProgressLine progress, TimeProvider time) : IRunObserver
{
    private int _runs;
    private int _kept;
    private int _done;
    private string _shown = "";
    private long _began;
    private TimeSpan _spent;

    /// <summary>Sets how many runs there will be.</summary>
    public void Expect(int runs) => (_runs, _kept, _done, _spent) = (runs, 0, 0, TimeSpan.Zero);

    /// <summary>A run had ended before.</summary>
    public void Kept() => _kept++;

    /// <summary>A run begins.</summary>
    /// <param name="run">What it is called.</param>
    public void Begin(string run) => (_shown, _began) = (run, time.GetTimestamp());

    /// <summary>A run has ended.</summary>
    /// <param name="run">What it is called.</param>
    /// <param name="score">What it came to, in a few words; empty when there is nothing to say.</param>
    public void End(string run, string score)
    {
        TimeSpan took = time.GetElapsedTime(_began);
        _spent += took;
        _done++;
        int left = _runs - _kept - _done;
        string eta = left > 0 ? $", ETA {ProgressLine.Duration(_spent / _done * left)}" : "";
        progress.Say(Markup.Escape($"{run}: {(score.Length > 0 ? score + ", " : "")}{ProgressLine.Duration(took)} ({_kept + _done} of {_runs} runs{eta})"));
    }

    /// <inheritdoc/>
    public void StageStarted(string stage, int items) => progress.Begin($"{_shown}: {stage}", items);

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
        progress.End();
        if (statistics.Failures.Count > 0)
        {
            Warn($"{stage}: {statistics.Failures.Count} items were lost; the first: {statistics.Failures[0].Item}: {statistics.Failures[0].Reason}");
        }
    }

    /// <inheritdoc/>
    public void Warn(string message) => progress.Say($"[yellow]warning:[/] {Markup.Escape($"{_shown}: {message}")}");
}
