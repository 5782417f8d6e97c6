using System.Globalization;
using Spar.Judging;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Measures each iteration's judge against what verifiers know, and says so when self-judged and verified success drift
/// apart.
/// </summary>
internal sealed class DriftWatch(
    DriftSettings settings, Gate gate, IConstraintVerifier? truth, StageRunner runner, RunStore store,
    IRunObserver observer)
{
    /// <summary>Measures an iteration's judge on its play.</summary>
    /// <returns>
    /// What is to be done about drift; null when there is none, or when nothing verifies the prompts.
    /// </returns>
    public async Task<DriftAction?> MeasureAsync(int iteration)
    {
        if (truth is null)
        {
            return null;
        }

        IterationCalibration calibration = (await runner.RunAsync(StageNames.Calibration(iteration), 0, () =>
        {
            IterationCalibration measured = IterationCalibration.Of(
                iteration, store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record),
                truth, gate);
            return Task.FromResult(
                new CalibrationProduct(
                    measured.Drift > settings.Threshold ? measured with { Taken = settings.Action } : measured));
        }).ConfigureAwait(false)).Calibration;
        observer.Calibrated(calibration);
        if (calibration.Taken is { } action)
        {
            observer.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"Iteration {iteration}: the judge holds {100 * calibration.SelfJudgedSuccess:0.0} % of the searches " +
                $"successful, verifiers {100 * calibration.VerifiedSuccess:0.0} %. ") +
                action switch
                {
                    DriftAction.Stop => "The run stops here, as drift.action says.",
                    DriftAction.Reweight => "Pairs with a disputed chosen response are dropped, as drift.action says.",
                    _ => "The run goes on; drift.action can stop it or drop disputed pairs.",
                });
        }

        return calibration.Taken;
    }
}
