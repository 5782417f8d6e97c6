using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Mending;
using Spar.Seams;

namespace Spar.Runtime.Verifiers;

/// <summary>Mends responses to prompts that carry instruction ids and arguments.</summary>
/// <param name="prompts">The prompts by their text; looked up anew for every response.</param>
public sealed class ConstraintMender(IReadOnlyDictionary<string, InstructionPrompt> prompts) : IResponseMender
{
    /// <inheritdoc/>
    public string? RequestOf(string instruction) => prompts.GetValueOrDefault(instruction)?.Request;

    /// <inheritdoc/>
    public string? End(string response, bool cutOff) => ResponseMender.End(response, cutOff);

    /// <inheritdoc/>
    public string? Mend(string instruction, string response, ulong seed) =>
        prompts.TryGetValue(instruction, out InstructionPrompt? prompt)
            ? ResponseMender.Mend(prompt, response, seed)
            : null;
}
