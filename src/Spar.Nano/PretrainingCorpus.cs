using System.ComponentModel.DataAnnotations;
using Spar.Ground;

namespace Spar.Nano;

/// <summary>One conversation of the pretraining corpus.</summary>
/// <param name="Prompt">The user turn.</param>
/// <param name="Response">The assistant turn.</param>
/// <param name="Kind">answer, judge or refine.</param>
public readonly record struct CorpusRow(string Prompt, string Response, string Kind);

/// <summary>
/// How judging and refining are put to a model: the nano world knows what to say, the caller knows the prompt
/// templates.
/// </summary>
public sealed record CorpusFormat
{
    /// <summary>(instruction, response) to the judge's prompt.</summary>
    public required Func<string, string, string> JudgePrompt { get; init; }

    /// <summary>(instruction, response, critique) to the refiner's prompt.</summary>
    public required Func<string, string, string, string> RefinePrompt { get; init; }

    /// <summary>(reflection, response) to the refiner's output.</summary>
    public required Func<string, string, string> RefineOutput { get; init; }

    /// <summary>What stands before yes or no at the end of a critique.</summary>
    public required string VerdictMarker { get; init; }
}

/// <summary>Composition of a stretch of the pretraining corpus.</summary>
public sealed record CorpusMix
{
    /// <summary>The row from which on this composition holds.</summary>
    [Range(0.0, double.MaxValue)]
    public long FromRow { get; init; }

    /// <summary>Share of rows that answer an instruction.</summary>
    [Range(0.0, 1.0)]
    public double Answers { get; init; } = 0.3;

    /// <summary>Share of rows that judge a response; the rest refine one.</summary>
    [Range(0.0, 1.0)]
    public double Judgements { get; init; } = 0.5;

    /// <summary>
    /// Share of judgements that are drills: many constraints on one response, whether or not any response could satisfy
    /// them all. Most of their lines look up a word, which is what a small model learns last.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Drills { get; init; }

    /// <summary>Share of rows on stories; the rest are on lines.</summary>
    [Range(0.0, 1.0)]
    public double Stories { get; init; } = 0.15;

    /// <summary>Probability that the writer of an answer overlooks a constraint.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Oversight { get; init; } = 0.5;
}

/// <summary>
/// The text that the base model is made from: answers of careless writers, and critiques and refinements that are
/// right. Row i depends on the seed and on i alone. Held-out instructions do not occur.
/// </summary>
/// <param name="seed">Seed of the corpus.</param>
/// <param name="mixes">
/// Its composition, stretch by stretch in the order of their first rows; the first begins at row 0.
/// </param>
/// <param name="format">Prompt templates.</param>
public sealed class PretrainingCorpus(ulong seed, IReadOnlyList<CorpusMix> mixes, CorpusFormat format)
{
    /// <summary>Row number <paramref name="index"/>.</summary>
    /// <param name="index">At least 0.</param>
    public CorpusRow Row(long index)
    {
        CorpusMix mix = mixes.Last(stretch => stretch.FromRow <= index);
        SeededRandom random = SeededRandom.Scrambled(seed ^ ((ulong)index * 0xD1342543DE82EF95UL));
        TaskForm form = random.Chance(mix.Stories) ? TaskForm.Story : TaskForm.Line;
        NanoTask task = TaskSampler.Draw(random, form);
        while (HeldOut.Contains(task.Instruction))
        {
            task = TaskSampler.Draw(random, form);
        }

        if (random.Chance(mix.Answers))
        {
            return new(task.Instruction, Writer.Careless(task, random, mix.Oversight), "answer");
        }

        if (!random.Chance(mix.Judgements / (1 - mix.Answers)))
        {
            return Refinement(task, mix, random);
        }

        return mix.Drills > 0 && random.Chance(mix.Drills) ? Drill(task, random) : Judgement(task, mix, random);
    }

    private CorpusRow Judgement(NanoTask task, CorpusMix mix, SeededRandom random)
    {
        string response = random.Chance(0.45)
            ? Writer.Write(task, random)
            : Writer.Careless(task, random, random.Chance(0.5) ? 0.35 : mix.Oversight);
        if (random.Chance(0.15))
        {
            response = Corruption.Apply(response, random);
        }

        return new(
            format.JudgePrompt(task.Instruction, response),
            Critic.Critique(task, response, format.VerdictMarker),
            "judge"
        );
    }

    private CorpusRow Drill(NanoTask task, SeededRandom random)
    {
        string response = Writer.TryWrite(task.With([]), random) ?? Grammar.Draft(task, random);
        IReadOnlyList<string> words = NanoResponse.Parse(response).Words;
        string Word(double present) =>
            random.Chance(present)
                ? random.Pick(words)
                : random.Pick(Lexicon.Peers(random.Pick(words)) is { Count: > 0 } peers ? peers : Lexicon.Verbs);
        List<Constraint> constraints = [];
        for (int i = random.Between(3, 5); i > 0; i--)
        {
            constraints.Add(random.Chance(0.5) ? new IncludeWord(Word(0.45)) : new AvoidWord(Word(0.45)));
        }

        constraints.Add(new FirstWord(random.Chance(0.5) ? words[0] : Word(0)));
        constraints.Add(new LastWord(random.Chance(0.5) ? words[^1] : Word(0)));
        if (task.Form == TaskForm.Line)
        {
            constraints.Add(
                new ExactWords(Math.Clamp(words.Count + (random.Chance(0.5) ? 0 : random.Between(-2, 2)), 3, 12))
            );
        }

        random.Shuffle(constraints);
        NanoTask drill = new(task.Form, task.Topic, [.. constraints.Distinct()], random);
        return new(
            format.JudgePrompt(drill.Instruction, response),
            Critic.Critique(drill, response, format.VerdictMarker),
            "judge"
        );
    }

    private CorpusRow Refinement(NanoTask task, CorpusMix mix, SeededRandom random)
    {
        while (true)
        {
            string response = Writer.Careless(task, random, random.Chance(0.5) ? 0.35 : mix.Oversight);
            if (random.Chance(0.15))
            {
                response = Corruption.Apply(response, random);
            }

            if (!task.IsSatisfiedBy(response) && Editor.Edit(task, response, random) is string refined)
            {
                string critique = Critic.Critique(task, response, format.VerdictMarker);
                return new(
                    format.RefinePrompt(task.Instruction, response, critique),
                    format.RefineOutput(Critic.Reflection(task, response), refined),
                    "refine"
                );
            }
        }
    }
}

/// <summary>
/// Slips of the pen, as a model makes them: a word lost, doubled, swapped or exchanged, a mark forgotten.
/// </summary>
internal static class Corruption
{
    /// <summary>One or two slips.</summary>
    public static string Apply(string response, SeededRandom random)
    {
        List<string> words = [.. response.Split(' ')];
        for (int slip = random.Between(1, 2); slip > 0 && words.Count > 2; slip--)
        {
            int at = random.Next32(words.Count - 1);
            switch (random.Next32(5))
            {
                case 0:
                    words.RemoveAt(at);
                    break;
                case 1:
                    words.Insert(at, words[at]);
                    break;
                case 2:
                    words[at] = words[random.Next32(words.Count - 1)];
                    break;
                case 3:
                    words[at] = random.Pick(Lexicon.Peers(words[at]) is { Count: > 0 } peers ? peers : Lexicon.Adverbs);
                    break;
                default:
                    words[^1] = words[^1].TrimEnd('.', '!', '?');
                    break;
            }
        }

        return string.Join(' ', words.Where(word => word.Length > 0));
    }
}
