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
    /// <summary>Stands for every instruction.</summary>
    public const string All = "all";

    private readonly IReadOnlyDictionary<string, InstructionPrompt> _prompts;
    private readonly HashSet<string> _known;
    private readonly bool _whole;

    /// <summary>A verifier for some prompts; it recognises them by their text.</summary>
    /// <param name="prompts">The prompts with their instructions; of two with the same text the first counts.</param>
    /// <param name="whole">
    /// Whether a response that follows all instructions counts as followed; else it is still to be judged.
    /// </param>
    public IFEvalVerifier(IEnumerable<InstructionPrompt> prompts, bool whole = false)
        : this(
            prompts
                .DistinctBy(prompt => prompt.Prompt)
                .ToDictionary(prompt => prompt.Prompt, StringComparer.Ordinal),
            [All],
            whole
        )
    { }

    /// <summary>A verifier for some prompts that knows some instructions.</summary>
    /// <param name="prompts">The prompts by their text; looked up anew for every response.</param>
    /// <param name="known">Ids or families of instructions that are checked, or "all".</param>
    /// <param name="whole">
    /// Whether a response that follows them all counts as followed, as far as rules can tell; else it is still to be
    /// judged.
    /// </param>
    public IFEvalVerifier(
        IReadOnlyDictionary<string, InstructionPrompt> prompts,
        IEnumerable<string> known,
        bool whole = false
    ) => (_prompts, _known, _whole) = (prompts, [.. known], whole);

    /// <summary>Whether a name is "all", or the id or the family of an instruction.</summary>
    /// <param name="name">Such as length_constraints or length_constraints:number_words.</param>
    public static bool Knows(string name) =>
        name == All || InstructionRegistry.Contains(name) || InstructionRegistry.Families.Contains(name);

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
            .. prompt
                .Instructions.Where(one => Checks(one.Id))
                .Select(one => (one.Id, one.Verifier.Verify(response))),
        ];
        if (checks.Length == 0)
        {
            return Verification.Unknown;
        }

        return new Verification(
            !checks.All(check => check.Verdict.Followed) ? VerificationOutcome.NotFollowed
                : _whole ? VerificationOutcome.Followed
                : VerificationOutcome.Unknown,
            string.Join(
                '\n',
                checks.Select(check =>
                    $"{check.Id}: the response {check.Verdict.Explanation}: {(check.Verdict.Followed ? "ok" : "bad")}"
                )
            )
        );
    }

    private bool Checks(string id) =>
        _known.Contains(All) || _known.Contains(id) || _known.Contains(InstructionRegistry.FamilyOf(id));
}
