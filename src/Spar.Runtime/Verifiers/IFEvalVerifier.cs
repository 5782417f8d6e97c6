using Spar.Evaluation;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Instructions;
using Spar.Seams;

namespace Spar.Runtime.Verifiers;

/// <summary>
/// IFEval's verifiers for prompts that carry instruction ids and arguments. They know the listed constraints of a
/// prompt, not what else it asks for: a response that follows them all is still to be judged.
/// </summary>
public sealed class IFEvalVerifier : IConstraintVerifier
{
    private readonly Dictionary<string, InstructionPrompt> _prompts;

    /// <summary>A verifier for some prompts; it recognises them by their text.</summary>
    /// <param name="prompts">The prompts with their instructions; of two with the same text the first counts.</param>
    public IFEvalVerifier(IEnumerable<InstructionPrompt> prompts) =>
        _prompts = prompts
            .DistinctBy(prompt => prompt.Prompt)
            .ToDictionary(prompt => prompt.Prompt, StringComparer.Ordinal);

    /// <summary>
    /// A verifier for the prompts of a file of JSON lines with key, prompt, instruction_id_list and kwargs, as IFEval
    /// has them.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">
    /// The file cannot be read, or a line is faulty; the message names file, line and field.
    /// </exception>
    public static IFEvalVerifier Load(string file)
    {
        try
        {
            return new IFEvalVerifier(InstructionPrompt.Load(file).Items);
        }
        catch (EvaluationException fault)
        {
            throw new SparException(fault.Message, fault);
        }
    }

    /// <inheritdoc/>
    public Verification Verify(string instruction, string response)
    {
        if (!_prompts.TryGetValue(instruction, out InstructionPrompt? prompt))
        {
            return Verification.Unknown;
        }

        (string Id, Verdict Verdict)[] checks =
        [
            .. prompt.Instructions.Select(one => (one.Id, one.Verifier.Verify(response))),
        ];
        return new Verification(
            checks.All(check => check.Verdict.Followed) ? VerificationOutcome.Unknown : VerificationOutcome.NotFollowed,
            string.Join(
                '\n',
                checks.Select(check =>
                    $"{check.Id}: the response {check.Verdict.Explanation}: {(check.Verdict.Followed ? "ok" : "bad")}"
                )
            )
        );
    }
}
