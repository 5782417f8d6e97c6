using System.Globalization;
using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Says what a prompt asks for in other ways: constraints in another order, in other wordings, with numbers in digits
/// or in words. The rewordings of a prompt depend on its key alone, so they are the same for every model and in every
/// run.
/// </summary>
public static class PromptRewording
{
    private static readonly string[] s_reminders =
    [
        "To say it once more, in other words:", "In short, what is asked of the answer is this:",
        "The requirements again, put differently:", "A summary of what the answer has to meet:",
    ];

    /// <summary>One rewording of a prompt.</summary>
    /// <param name="prompt">
    /// The prompt. Where it names its request, the text is the request with all constraints put anew. Where it does
    /// not, nobody can tell its constraints from the rest, so the text stays as it is and a list of all constraints,
    /// put anew, follows.
    /// </param>
    /// <param name="number">Which rewording, from 1.</param>
    /// <returns>The prompt with the reworded text and a key of its own, <c>key#number</c>.</returns>
    /// <exception cref="EvaluationException">An argument that a wording needs is missing.</exception>
    public static InstructionPrompt Reword(InstructionPrompt prompt, int number)
    {
        SeededRandom random = new(StableHash.Seed((ulong)number, prompt.Key));
        List<string> constraints = random.Shuffled(prompt.Instructions)
            .ConvertAll(instruction => ConstraintWording.Render(instruction.Id, instruction.Arguments, random));
        string text = prompt.Request is string request
            ? PromptLayout.Compose(request, constraints, random)
            : $"{prompt.Prompt}\n\n{random.Pick(s_reminders)}\n"
                + string.Join('\n', constraints.Select(one => "- " + one));
        string key = string.Create(CultureInfo.InvariantCulture, $"{prompt.Key}#{number}");
        return prompt with { Key = key, KeyIsNumber = false, Prompt = text };
    }
}
