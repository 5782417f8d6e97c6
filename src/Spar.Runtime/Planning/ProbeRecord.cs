using Spar.Calls;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Planning;

/// <summary>What a stage of a probe took.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Calls">Calls of models.</param>
/// <param name="InputTokens">Tokens that those read.</param>
/// <param name="OutputTokens">Tokens that they generated.</param>
/// <param name="Seconds">Its time.</param>
internal sealed record ProbeStage(string Stage, double Calls, double InputTokens, double OutputTokens, double Seconds);

/// <summary>Notes what each stage of a probe takes, and tells what goes on.</summary>
/// <param name="store">The probe's run directory.</param>
/// <param name="begun">Is told the stage in hand.</param>
internal sealed class ProbeRecord(RunStore store, Action<string> begun) : IRunObserver
{
    private readonly List<ProbeStage> _stages = [];
    private (long Calls, long OutputTokens) _before;
    private long _input;

    /// <summary>The stages that have ended, in order.</summary>
    public IReadOnlyList<ProbeStage> Stages => _stages;

    /// <inheritdoc/>
    public void StageStarted(string stage, int items)
    {
        begun(stage);
        Interlocked.Exchange(ref _input, 0);
    }

    /// <inheritdoc/>
    public void CallAnswered(Answer answer, bool kept) => Interlocked.Add(ref _input, answer.InputTokens ?? 0);

    /// <inheritdoc/>
    public void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        (long calls, long tokens) = store.CallsOutside();
        // A yardstick keeps its answers itself; a program that teaches is no model, and the store leaves it out.
        bool own = StageNames.IsYardstick(stage);
        _stages.Add(new ProbeStage(
            stage,
            own ? timing.Calls : calls - _before.Calls,
            Interlocked.Read(ref _input),
            own ? timing.OutputTokens : tokens - _before.OutputTokens,
            timing.Seconds));
        _before = (calls, tokens);
    }
}
