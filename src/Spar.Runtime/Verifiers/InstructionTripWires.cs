using Spar.Evaluation;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Integrity;
using Spar.Seams;

namespace Spar.Runtime.Verifiers;

/// <summary>
/// Trip wires for prompts that carry instruction ids and arguments; a prompt that is not known trips only those that
/// need to know no constraints.
/// </summary>
public sealed class InstructionTripWires : ITripWires
{
    /// <summary>The sign that constraints are not followed any more when repetitions count once.</summary>
    public const string OnlyByRepetition = "only by repetition";

    private readonly IReadOnlyDictionary<string, InstructionPrompt>[] _prompts;

    /// <summary>Trip wires for some prompts.</summary>
    /// <param name="prompts">
    /// The prompts with their instructions by their text, which may still grow between responses; of several with the
    /// same text the first counts.
    /// </param>
    public InstructionTripWires(params IReadOnlyDictionary<string, InstructionPrompt>[] prompts) => _prompts = prompts;

    /// <summary>Trip wires for the prompts of a file in IFEval's layout, and for others.</summary>
    /// <param name="file">The file.</param>
    /// <param name="others">Other prompts by their text; null for none.</param>
    /// <exception cref="SparException">
    /// The file cannot be read, or a line is faulty; the message names file, line and field.
    /// </exception>
    public static InstructionTripWires Load(
        string file,
        IReadOnlyDictionary<string, InstructionPrompt>? others = null
    )
    {
        try
        {
            Dictionary<string, InstructionPrompt> prompts = InstructionPrompt
                .Load(file)
                .Items.DistinctBy(prompt => prompt.Prompt)
                .ToDictionary(prompt => prompt.Prompt, StringComparer.Ordinal);
            return others is null ? new(prompts) : new(prompts, others);
        }
        catch (EvaluationException fault)
        {
            throw new SparException(fault.Message, fault);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Trip(string instruction, string response)
    {
        InstructionPrompt? prompt = _prompts
            .Select(prompts => prompts.GetValueOrDefault(instruction))
            .FirstOrDefault(found => found is not null);
        return prompt is null ? TripWires.Trip(instruction, response)
            : Recheck.Fails(prompt, response).Count > 0 ? [.. TripWires.Trip(prompt, response), OnlyByRepetition]
            : TripWires.Trip(prompt, response);
    }
}
