using Spar.Ground;

namespace Spar.Nano;

/// <summary>
/// Writes responses: a draft sampled from the world's grammar, edited until every requirement holds.
/// <see cref="Careless"/> is a writer who overlooks requirements; base models learn from such writers.
/// </summary>
public static class Writer
{
    /// <summary>Writes a response that satisfies every requirement.</summary>
    /// <param name="task">A task that can be solved.</param>
    /// <param name="random">Which of the many good responses it is.</param>
    /// <exception cref="InvalidOperationException">
    /// No good response was found in many tries; <see cref="TaskSampler"/> returns no such task.
    /// </exception>
    public static string Write(NanoTask task, SeededRandom random)
    {
        for (int attempt = 0; attempt < 5000; attempt++)
        {
            if (TryWrite(task, random) is string response)
            {
                return response;
            }
        }

        throw new InvalidOperationException($"no response was found for: {task.Instruction}");
    }

    /// <summary>
    /// Writes a response as a careless writer would: each constraint is overlooked with some probability.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="random">The source of chance.</param>
    /// <param name="oversight">Probability of overlooking a constraint, 0..1.</param>
    public static string Careless(NanoTask task, SeededRandom random, double oversight)
    {
        List<Constraint> kept = [];
        foreach (Constraint constraint in task.Constraints)
        {
            if (!random.Chance(oversight))
            {
                kept.Add(constraint);
                continue;
            }

            // A number is misjudged rather than ignored, and a word that is not to be used springs to mind.
            switch (constraint)
            {
                case ExactWords words:
                    kept.Add(
                        new ExactWords(Math.Max(3, words.Count + (random.Chance(0.5) ? 1 : -1) * random.Between(1, 2)))
                    );
                    break;
                case SentenceCount sentences:
                    kept.Add(new SentenceCount(sentences.Count + (random.Chance(0.5) ? 1 : -1)));
                    break;
                case AvoidWord avoid when random.Chance(0.7):
                    kept.Add(new IncludeWord(avoid.Word));
                    break;
                default:
                    break;
            }
        }

        return TryWrite(task.With(kept), random) ?? TryWrite(task.With([]), random) ?? Grammar.Draft(task, random);
    }

    /// <summary>One try: a draft and its edits, or null where the edits did not get there.</summary>
    internal static string? TryWrite(NanoTask task, SeededRandom random) =>
        Editor.Edit(task, Grammar.Draft(task, random), random);
}
