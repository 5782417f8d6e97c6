namespace Spar.Seams;

/// <summary>
/// Checks by rule whether a response follows the constraints of its instruction. A partial verifier knows some kinds of
/// constraints only. Used from many threads at once; the same arguments give the same result.
/// </summary>
public interface IConstraintVerifier
{
    /// <summary>Checks one response.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response; any text.</param>
    Verification Verify(string instruction, string response);
}

/// <summary>What a verifier can say.</summary>
public enum VerificationOutcome
{
    /// <summary>Everything that the instruction asks for is known and followed.</summary>
    Followed,

    /// <summary>At least one constraint that is known is not followed.</summary>
    NotFollowed,

    /// <summary>What is known is followed, but the instruction asks for more, or nothing of it is known.</summary>
    Unknown,
}

/// <summary>What a verifier found.</summary>
/// <param name="Outcome">The result.</param>
/// <param name="Findings">
/// What was checked and found, in words that a refiner can use as a critique; empty when nothing was known.
/// </param>
public sealed record Verification(VerificationOutcome Outcome, string Findings)
{
    /// <summary>Nothing of the instruction is known.</summary>
    public static Verification Unknown { get; } = new(VerificationOutcome.Unknown, "");
}
