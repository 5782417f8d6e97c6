using System.Globalization;
using Spar.Judging;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>Says so when an iteration rewards responses that satisfy checks and nobody else.</summary>
internal sealed class IntegrityWatch(
    DriftSettings settings, Gate gate, ITripWires? wires, StageRunner runner, RunStore store, IRunObserver observer)
{
    /// <summary>Measures an iteration's play.</summary>
    /// <returns>What is to be done; null when it is not flagged, or when the run has no trip wires.</returns>
    public async Task<DriftAction?> MeasureAsync(int iteration)
    {
        if (wires is null)
        {
            return null;
        }

        IterationIntegrity integrity = (await runner.RunAsync(StageNames.Integrity(iteration), 0, () =>
        {
            IterationIntegrity measured = IterationIntegrity.Of(
                iteration, store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record),
                wires, gate);
            return Task.FromResult(new IntegrityProduct(
                measured.IsFlagged(settings.TrippedAllowed) ? measured with { Taken = settings.Action } : measured));
        }).ConfigureAwait(false)).Integrity;
        observer.Examined(integrity);
        if (integrity.Taken is { } action)
        {
            string wiresTripped = string.Join(", ", integrity.Wires.Select(wire => $"{wire.Key} {wire.Value}"));
            observer.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"Iteration {iteration}: {integrity.RewardedTripped} of {integrity.Rewarded} rewarded responses " +
                $"({100 * integrity.TrippedShare:0.0} %) satisfy checks by tricks ({wiresTripped}). ") +
                action switch
                {
                    DriftAction.Stop => "The run stops here, as drift.action says.",
                    DriftAction.Reweight => "Pairs that choose such a response are dropped, as drift.action says.",
                    _ => "The run goes on; drift.action can stop it or drop such pairs.",
                });
        }

        return integrity.Taken;
    }
}
