using System.Globalization;
using Spar.Cli.Console;
using Spar.Runtime.Experiments;
using Spar.SelfPlay;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Experiments;

/// <summary>
/// Shows an experiment while it goes: the run and stage in hand, a line for each run that has ended, and when all will
/// have ended.
/// </summary>
internal sealed class ExperimentDisplay(ProgressLine progress, TimeProvider time)
    : ProgressObserver(progress), IExperimentObserver
{
    private int _runs;
    private int _kept;
    private int _done;
    private string _shown = "";
    private long _began;
    private TimeSpan _spent;

    /// <inheritdoc/>
    public void Expect(int runs) => (_runs, _kept, _done, _spent) = (runs, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public async Task<T> ShowAsync<T>(string run, bool kept, Func<Task<T>> work, Func<T, string> score)
    {
        if (kept)
        {
            _kept++;
            return await work();
        }

        (_shown, _began) = (run, time.GetTimestamp());
        T result = await work();
        End(run, score(result));
        return result;
    }

    private void End(string run, string score)
    {
        TimeSpan took = time.GetElapsedTime(_began);
        _spent += took;
        _done++;
        int left = _runs - _kept - _done;
        string eta = left > 0 ? $", ETA {ProgressLine.Duration(_spent / _done * left)}" : "";
        string came = score.Length > 0 ? $"{score}, " : "";
        Progress.Say(Markup.Escape(
            $"{run}: {came}{ProgressLine.Duration(took)} ({_kept + _done} of {_runs} runs{eta})"));
    }

    /// <inheritdoc/>
    public override void StageStarted(string stage, int items) => Progress.Begin($"{_shown}: {stage}", items);

    /// <inheritdoc/>
    public override void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        Progress.End();
        WarnOfFailures(stage, statistics);
    }

    /// <inheritdoc/>
    public override void Warn(string message) => base.Warn($"{_shown}: {message}");
}
