using Spar.SelfPlay;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>
/// What a reader should know before trusting the numbers: what was dropped, could not be read, or went wrong.
/// </summary>
public static class ReportWarnings
{
    /// <summary>The warnings, one sentence each, in the order of the iterations.</summary>
    public static IReadOnlyList<string> Of(ReportModel model)
    {
        List<string> warnings =
        [
            .. model.Iterations.SelectMany(Of),
            .. model.Results.Calibration?.Where(one => one.Taken is not null).Select(Of) ?? [],
            .. model.Results.Integrity?.Where(one => one.Taken is not null).Select(Of) ?? [],
        ];
        warnings.AddRange((model.Results.Failed ?? [])
            .Where(failed => StageNames.IsEvaluation(failed.Stage)
                || failed.Stage is StageNames.ActorSftData or StageNames.RefinerSftData)
            .Select(failed => $"{failed.Stage}: {Things(failed.Missing, "item", "items")} got lost because calls failed and "
                + $"are in no figure; the first was {failed.First.Item}: {failed.First.Reason}"));
        warnings.AddRange(model.Results.Rows
            .Select(row => (row.Name, Share: row.Detail(EvaluationRow.JudgeUnreadable)))
            .Where(row => row.Share is not null)
            .Select(row => $"Row {row.Name}: {Display.Percent(row.Share)} of the judge's verdicts could not be read; they "
                + "count as not right."));
        if (model.Start.Sum(curve => curve.Broken) is > 0 and int steps)
        {
            warnings.Add(
                $"Supervised fine-tuning: {Steps(steps)} logged a loss that is not a finite number; "
                    + "the curves leave them out."
            );
        }

        return warnings;
    }

    private static IEnumerable<string> Of(IterationReport iteration)
    {
        string where = $"Iteration {iteration.Number}";
        VerdictCounts verdicts = iteration.Verdicts;
        long judged = verdicts.Yes + verdicts.No + verdicts.Tied + verdicts.Undecided;
        if (verdicts.Tied > 0)
        {
            yield return $"{where}: {Responses(verdicts.Tied, judged)} dropped because the judge's votes were tied.";
        }

        if (verdicts.Undecided > 0)
        {
            yield return $"{where}: {Responses(verdicts.Undecided, judged)} dropped because no vote on them could be read.";
        }

        foreach ((string reason, long count) in iteration.Unparsed.Where(reason => reason.Value > 0))
        {
            string share =
                $"{Display.Share(count, iteration.ModelCalls)} of {Display.Count(iteration.ModelCalls)} model calls";
            yield return $"{where}: {Things(count, "output", "outputs")} ({share}) that could not be read: {reason}.";
        }

        if (iteration.Statistics.Sum(counted => counted.Failures.Count) is > 0 and int lost)
        {
            ItemFailure first = iteration.Statistics.SelectMany(counted => counted.Failures).First();
            string reason = $"the first was {first.Item}: {first.Reason}";
            yield return $"{where}: {Things(lost, "item", "items")} got lost because calls failed; {reason}";
        }

        if (iteration.Searches.OverBudget > 0)
        {
            string stopped = Things(iteration.Searches.OverBudget, "search", "searches");
            yield return $"{where}: {stopped} stopped at the limit of model calls.";
        }

        if (iteration.Searches.Failed > 0)
        {
            string failed = Things(iteration.Searches.Failed, "search", "searches");
            yield return $"{where}: {failed} failed: a model call got no answer.";
        }

        if ((iteration.Actor?.Broken ?? 0) + (iteration.Refiner?.Broken ?? 0) is > 0 and int broken)
        {
            yield return $"{where}: {Steps(broken)} logged a value that is not a finite number; the curves leave them out.";
        }
    }

    private static string Of(IterationCalibration calibration)
    {
        string taken = calibration.Taken switch
        {
            DriftAction.Stop => "the run stopped.",
            DriftAction.Reweight => "pairs with a disputed chosen response were dropped.",
            _ => "the run went on.",
        };
        string judged = Display.Percent(calibration.SelfJudgedSuccess);
        string verified = Display.Percent(calibration.VerifiedSuccess);
        return $"Iteration {calibration.Iteration}: the judge drifted from the verifiers. "
            + $"It holds {judged} of the searches successful, they {verified}; {taken}";
    }

    private static string Of(IterationIntegrity integrity)
    {
        string taken = integrity.Taken switch
        {
            DriftAction.Stop => "the run stopped.",
            DriftAction.Reweight => "pairs that choose such a response were dropped.",
            _ => "the run went on.",
        };
        string wires = string.Join(", ", integrity.Wires.Select(wire => $"{wire.Key} {Display.Count(wire.Value)}"));
        return $"Iteration {integrity.Iteration}: reward hacking. {Display.Percent(integrity.TrippedShare)} of the "
            + $"rewarded responses satisfy checks by tricks ({wires}); {taken}";
    }

    private static string Steps(int count) => Things(count, "training step", "training steps");

    private static string Responses(long count, long judged) =>
        $"{Things(count, "response", "responses")} ({Display.Share(count, judged)})";

    private static string Things(long count, string one, string many) =>
        $"{Display.Count(count)} {(count == 1 ? one : many)}";
}
