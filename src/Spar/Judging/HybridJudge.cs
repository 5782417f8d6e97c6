using Spar.Seams;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// Rules first, the model for the rest. Where a verifier finds a constraint that is not followed, the verdict is no,
/// whatever a model would say; where it knows everything that is asked and all of it is followed, the verdict is yes.
/// Neither takes a model call. What it does not know is judged.
/// </summary>
/// <param name="judge">Judges what the verifier does not know.</param>
/// <param name="verifier">Knows some constraints, or all.</param>
/// <param name="format">How a critique states its verdict.</param>
public sealed class HybridJudge(IJudge judge, IConstraintVerifier verifier, OutputFormat format) : IJudge
{
    /// <inheritdoc/>
    public int MostCalls => judge.MostCalls;

    /// <inheritdoc/>
    public Task<Valuation> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Verification found = verifier.Verify(instruction, response);
        return found.Outcome == VerificationOutcome.Unknown
            ? judge.JudgeAsync(key, instruction, response, cancellationToken)
            : Task.FromResult(Verified(found));
    }

    /// <inheritdoc/>
    public Task<Valuation> CompleteAsync(
        string instruction, string response, Valuation valuation, CancellationToken cancellationToken) =>
        judge.CompleteAsync(instruction, response, valuation, cancellationToken);

    private Valuation Verified(Verification found)
    {
        bool followed = found.Outcome == VerificationOutcome.Followed;
        return new Valuation(followed ? 1 : 0, followed ? 0 : 1, CritiqueOf(found, format))
        {
            Verified = true,
            CallsMade = 0,
        };
    }

    /// <summary>What a verifier found, as a critique that ends in its verdict.</summary>
    /// <param name="found">An outcome that is known.</param>
    /// <param name="format">How a critique states its verdict.</param>
    internal static string CritiqueOf(Verification found, OutputFormat format) =>
        $"{found.Findings}\n{format.Verdict} "
        + (found.Outcome == VerificationOutcome.Followed ? format.Yes : format.No)[0];
}
