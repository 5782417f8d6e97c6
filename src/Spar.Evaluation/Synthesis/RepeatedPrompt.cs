using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// The constraint to repeat the prompt, stated by pointing at what stands before it instead of quoting it: then all
/// that stands before, other constraints included, is to be repeated.
/// </summary>
internal static class RepeatedPrompt
{
    private const string Id = "combination:repeat_prompt";
    private const double Share = 0.6; // of such constraints; the others quote the request

    private static readonly string[] s_wordings =
    [
        "Before your answer, repeat everything above word for word; this sentence is not part of it.",
        "First of all repeat my request exactly as it is, without this sentence, and only then answer it.",
        "Begin by copying the request above without a change (not this line), then give the answer.",
        "Your reply has to start with the request above, word for word; leave this sentence out. The answer comes "
            + "after it.",
        "Say the whole request once more before you answer. Nothing may come before it, and what I am saying now does "
            + "not belong to it.",
        "Repeat the request first, unchanged, then answer. Do not repeat this instruction.",
        "Start with an exact copy of the request (what stands before this sentence). Then answer.",
        "Write the request again, word for word, as the first thing in your response. Then write your answer. This "
            + "sentence is not to be repeated.",
    ];

    /// <summary>
    /// States a prompt's constraint of that kind, where it has one, by pointing at the text before it.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="constraints">The prompt's constraints, in order.</param>
    /// <param name="random">Decides whether, and chooses words.</param>
    /// <returns>
    /// The prompt with that constraint at its end; null where there is none, where it is to quote the request, and
    /// where no response was found that follows all constraints when it repeats their words.
    /// </returns>
    public static SynthesizedPrompt? Try(string request, IReadOnlyList<Constraint> constraints, SeededRandom random)
    {
        if (constraints.FirstOrDefault(one => one.Form.Id == Id) is not { } repeat || !random.Chance(Share))
        {
            return null;
        }

        Constraint[] others = [.. constraints.Where(one => one != repeat)];
        string above = others.Length == 0 ? request
            : PromptLayout.Compose(request, ConstraintWording.Render(others, random), random);
        Constraint[] all = [.. others, repeat.With(new JsonObject { ["prompt_to_repeat"] = above })];
        return ExampleSearch.Find(all, random) is string example
            ? SynthesizedPrompt.Of(
                above + (random.Chance(0.5) ? "\n" : "\n\n") + random.Pick(s_wordings), request, all, example)
            : null;
    }
}
