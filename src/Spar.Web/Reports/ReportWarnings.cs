using Spar.SelfPlay;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>What a reader should know before trusting the numbers: what was dropped, could not be read, or went wrong.</summary>
public static class ReportWarnings
{
    /// <summary>The warnings, one sentence each, in the order of the iterations.</summary>
    public static IReadOnlyList<string> Of(ReportModel model)
    {
        List<string> warnings = [];
        foreach (IterationReport iteration in model.Iterations)
        {
            string where = $"Iteration {iteration.Number}";
            VerdictCounts verdicts = iteration.Verdicts;
            long judged = verdicts.Positive + verdicts.Negative + verdicts.Tied + verdicts.Undecided;
            if (verdicts.Tied > 0)
            {
                warnings.Add($"{where}: {Things(verdicts.Tied, "response", "responses")} ({Display.Share(verdicts.Tied, judged)}) dropped because the judge's votes were tied.");
            }
            if (verdicts.Undecided > 0)
            {
                warnings.Add($"{where}: {Things(verdicts.Undecided, "response", "responses")} ({Display.Share(verdicts.Undecided, judged)}) dropped because no vote on them could be read.");
            }
            warnings.AddRange(iteration.Unparsed.Where(reason => reason.Count > 0).Select(reason =>
                $"{where}: {Things(reason.Count, "output", "outputs")} ({Display.Share(reason.Count, iteration.ModelCalls)} of {Display.Count(iteration.ModelCalls)} model calls) that could not be read: {reason.Label}."));
            if (iteration.Searches.OverBudget > 0)
            {
                warnings.Add($"{where}: {Things(iteration.Searches.OverBudget, "search", "searches")} stopped at the limit of model calls.");
            }
            if (iteration.Searches.Failed > 0)
            {
                warnings.Add($"{where}: {Things(iteration.Searches.Failed, "search", "searches")} failed: no refinement could be made.");
            }
            int broken = iteration.Dpo.Count(point => !(double.IsFinite(point.Loss) && double.IsFinite(point.RewardMargin) && double.IsFinite(point.RewardAccuracy)))
                + iteration.LossCurves.Sum(Broken);
            if (broken > 0)
            {
                warnings.Add($"{where}: {Things(broken, "training step", "training steps")} logged a value that is not a finite number; the curves leave them out.");
            }
        }
        foreach (IterationCalibration calibration in model.Calibration.Where(calibration => calibration.Taken is not null))
        {
            warnings.Add($"Iteration {calibration.Iteration}: the judge drifted from the verifiers. It holds {Display.Percent(calibration.SelfJudgedSuccess)} of the searches successful, they {Display.Percent(calibration.VerifiedSuccess)}; " +
                calibration.Taken switch
                {
                    DriftAction.Stop => "the run stopped.",
                    DriftAction.Reweight => "pairs with a disputed chosen response were dropped.",
                    _ => "the run went on.",
                });
        }
        if (model.SupervisedCurves.Sum(Broken) is > 0 and int steps)
        {
            warnings.Add($"Supervised fine-tuning: {Things(steps, "training step", "training steps")} logged a loss that is not a finite number; the curves leave them out.");
        }
        return warnings;
    }

    private static string Things(long count, string one, string many) => $"{Display.Count(count)} {(count == 1 ? one : many)}";

    private static int Broken(LossCurve curve) => curve.Points.Count(point => !double.IsFinite(point.Loss));
}
