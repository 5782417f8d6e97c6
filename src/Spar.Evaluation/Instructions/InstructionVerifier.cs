using Spar.Evaluation.Text;

namespace Spar.Evaluation.Instructions;

/// <summary>
/// One instruction with its arguments, ready to check responses. Made by the registry of all instructions; immutable,
/// and safe to use from several threads.
/// </summary>
public abstract class InstructionVerifier
{
    /// <summary>Whether a response follows the instruction (the strict rule): a blank response follows none.</summary>
    /// <param name="response">The response as the model gave it.</param>
    /// <returns>
    /// The verdict. Where a regular expression needs too many steps on this response, it is not followed, and the
    /// explanation says so.
    /// </returns>
    public Verdict Verify(string response)
    {
        try
        {
            return PythonText.IsBlank(response) ? new Verdict(false, "is blank") : Check(response);
        }
        catch (EvaluationException fault)
        {
            return new Verdict(false, $"cannot be checked, since {fault.Message}");
        }
    }

    /// <summary>The rule of this instruction on a response that is not blank.</summary>
    protected abstract Verdict Check(string response);

    /// <summary>The verdict on a count: "has 2 of at least 3 words".</summary>
    private protected static Verdict Compare(int count, Relation relation, int wanted, string things) =>
        relation == Relation.AtLeast
            ? new Verdict(count >= wanted, $"has {count} of at least {wanted} {things}")
            : new Verdict(count < wanted, $"has {count} {things}, to be less than {wanted}");

    /// <summary>The verdict on a count that must be met exactly: "has 2 of exactly 3 bullet points".</summary>
    private protected static Verdict CompareExactly(int count, int wanted, string things) =>
        new(count == wanted, $"has {count} of exactly {wanted} {things}");

    /// <summary>The verdict that takes one of two explanations.</summary>
    private protected static Verdict Tell(bool followed, string whenFollowed, string whenNot) =>
        new(followed, followed ? whenFollowed : whenNot);
}
