using Spar.Judging;
using Spar.Seams;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>
/// How the judge of one iteration fares against verifiers, on the prompts that these know wholly. Shares are 0..1; null
/// where there is nothing to share.
/// </summary>
/// <param name="Iteration">The iteration, from 1.</param>
/// <param name="Prompts">Prompts that could be verified.</param>
/// <param name="Responses">Verdicts on the actor's own responses.</param>
/// <param name="Refinements">Verdicts on the refinements met in searches, each response of a tree once.</param>
/// <param name="Reliability">Values of both against the truth.</param>
/// <param name="Searched">Searches.</param>
/// <param name="Found">Searches that the judge holds successful: their found response is a pair's chosen one.</param>
/// <param name="Verified">Searches whose found response does satisfy its instruction.</param>
/// <param name="Taken">What the run did about drift; null when there was none.</param>
public sealed record IterationCalibration(
    int Iteration,
    int Prompts,
    JudgeQuality Responses,
    JudgeQuality Refinements,
    Reliability Reliability,
    int Searched,
    int Found,
    int Verified,
    DriftAction? Taken = null)
{
    /// <summary>Share of the searches that the judge holds successful.</summary>
    public double? SelfJudgedSuccess => Share(Found, Searched);

    /// <summary>Share of the searches that are.</summary>
    public double? VerifiedSuccess => Share(Verified, Searched);

    /// <summary>Share of the chosen responses that do not satisfy their instruction.</summary>
    public double? ChosenFalseAcceptRate => Share(Found - Verified, Found);

    /// <summary>Self-judged success less verified success.</summary>
    public double? Drift => SelfJudgedSuccess - VerifiedSuccess;

    /// <summary>Measures an iteration's play.</summary>
    /// <param name="iteration">The iteration, from 1.</param>
    /// <param name="records">Its play.</param>
    /// <param name="truth">Knows what is right; prompts that it does not know wholly are left out.</param>
    /// <param name="gate">Decides verdicts.</param>
    public static IterationCalibration Of(
        int iteration, IEnumerable<PlayRecord> records, IConstraintVerifier truth, Gate gate)
    {
        List<(Valuation, bool)> responses = [];
        List<(Valuation, bool)> refinements = [];
        int prompts = 0, searched = 0, found = 0, verified = 0;
        foreach (PlayRecord record in records)
        {
            bool? Right(string response) => truth.Verify(record.Instruction, response).Outcome switch
            {
                VerificationOutcome.Followed => true,
                VerificationOutcome.NotFollowed => false,
                _ => null,
            };
            (Valuation? Valuation, bool? Right)[] answered = [
                .. record.Responses.Where(response => response.Text is not null)
                    .Select(response => (response.Valuation, Right(response.Text!)))];
            if (answered.Length == 0 || answered.Any(response => response.Right is null))
            {
                continue;
            }

            prompts++;
            responses.AddRange(
                answered.Where(response => response.Valuation is not null)
                    .Select(response => (response.Valuation!, response.Right == true)));
            if (record.Tree is { } tree && tree.Outcome != SearchOutcome.Failed)
            {
                refinements.AddRange(
                    tree.Nodes.Where(node => node is { Parent: not null, SameAs: null, Valuation: not null })
                    .Select(node => (node.Valuation!, Right(node.Response) == true)));
                searched++;
                found += tree.Found is null ? 0 : 1;
                verified += tree.Found is { } id && Right(tree.Node(id).Response) == true ? 1 : 0;
            }
        }

        return new IterationCalibration(
            iteration, prompts, JudgeQuality.Of(responses, gate), JudgeQuality.Of(refinements, gate),
            Reliability.Of([.. responses, .. refinements]), searched, found, verified);
    }

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}
