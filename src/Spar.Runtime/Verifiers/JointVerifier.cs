using Spar.Seams;

namespace Spar.Runtime.Verifiers;

/// <summary>
/// Several verifiers as one: not followed where one of them says so, else followed where one knows everything and finds
/// it followed.
/// </summary>
/// <param name="verifiers">At least one.</param>
public sealed class JointVerifier(IReadOnlyList<IConstraintVerifier> verifiers) : IConstraintVerifier
{
    /// <inheritdoc/>
    public Verification Verify(string instruction, string response)
    {
        Verification[] found = [.. verifiers.Select(verifier => verifier.Verify(instruction, response))];
        return found.FirstOrDefault(one => one.Outcome == VerificationOutcome.NotFollowed)
            ?? found.FirstOrDefault(one => one.Outcome == VerificationOutcome.Followed)
            ?? Verification.Unknown;
    }
}
