using Spar.Ground;

namespace Spar.Nano;

/// <summary>Draws tasks. Every task that it returns can be solved: the teacher has solved it once.</summary>
public static class TaskSampler
{
    /// <summary>Draws a task.</summary>
    /// <param name="random">The source of chance.</param>
    /// <param name="form">Line or story.</param>
    public static NanoTask Draw(SeededRandom random, TaskForm form)
    {
        while (true)
        {
            string topic = random.Pick(Lexicon.TopicNames);
            List<Constraint> constraints =
                form == TaskForm.Line ? LineConstraints(random, topic) : StoryConstraints(random, topic);
            random.Shuffle(constraints);
            NanoTask task = new(form, topic, constraints, random);
            if (!Conflicts(constraints) && Writer.TryWrite(task, random) is not null)
            {
                return task;
            }
        }
    }

    private static List<Constraint> LineConstraints(SeededRandom random, string topic)
    {
        int count = random.Next32(10) switch
        {
            < 2 => 1,
            < 7 => 2,
            _ => 3,
        };
        List<Constraint> constraints = [];
        while (constraints.Count < count)
        {
            Constraint drawn = random.Next32(12) switch
            {
                0 or 1 => new ExactWords(random.Between(4, 9)),
                2 or 3 => new IncludeWord(ContentWord(random, topic)),
                4 or 5 => new AvoidWord(CommonWord(random, topic)),
                6 => new FirstWord(Opener(random)),
                7 => new LastWord(Closer(random, topic)),
                8 => new ClosingMark(random.Chance(0.5) ? '?' : '!'),
                9 => new Stars(),
                10 => new ShowFeeling(random.Pick(Lexicon.FeelingNames)),
                _ => new SetIn(random.Pick(Lexicon.SituationNames)),
            };
            Add(constraints, drawn);
        }

        return constraints;
    }

    private static List<Constraint> StoryConstraints(SeededRandom random, string topic)
    {
        int count = random.Between(2, 4);
        List<Constraint> constraints = [];
        while (constraints.Count < count)
        {
            Constraint drawn = random.Next32(12) switch
            {
                0 or 1 => new SentenceCount(random.Between(3, 5)),
                2 => new AtLeastWords(random.Between(20, 30)),
                3 => new AtMostWords(random.Between(20, 30)),
                4 or 5 => new IncludeWord(ContentWord(random, topic)),
                6 => new AvoidWord(CommonWord(random, topic)),
                7 => new FirstWord(Opener(random)),
                8 => new LastWord(Closer(random, topic)),
                9 => new ClosingMark(random.Chance(0.5) ? '?' : '!'),
                10 => new ShowFeeling(random.Pick(Lexicon.FeelingNames)),
                _ => new SetIn(random.Pick(Lexicon.SituationNames)),
            };
            Add(constraints, drawn);
        }

        return constraints;
    }

    // Two constraints of a kind only where both make sense: words to include or to avoid.
    private static void Add(List<Constraint> constraints, Constraint drawn)
    {
        bool several = drawn is IncludeWord or AvoidWord;
        if (!constraints.Contains(drawn) && (several || constraints.TrueForAll(other => other.Kind != drawn.Kind)))
        {
            constraints.Add(drawn);
        }
    }

    private static bool Conflicts(List<Constraint> constraints)
    {
        HashSet<string> avoided = [.. constraints.OfType<AvoidWord>().Select(constraint => constraint.Word)];
        int least = constraints.OfType<AtLeastWords>().FirstOrDefault()?.Count ?? 0;
        int most = constraints.OfType<AtMostWords>().FirstOrDefault()?.Count ?? int.MaxValue;
        return least > most
            || constraints.Exists(constraint =>
                constraint is not AvoidWord
                && avoided.Any(constraint.Needs)
                && constraint is IncludeWord or FirstWord or LastWord
            );
    }

    private static string ContentWord(SeededRandom random, string topic) =>
        random.Next32(10) switch
        {
            < 5 => random.Pick(Lexicon.Topics[topic]),
            < 7 => random.Pick(Lexicon.PlainAdjectives),
            < 8 => random.Pick(Lexicon.Verbs),
            < 9 => random.Pick(Lexicon.TransitiveVerbs),
            _ => random.Pick(Lexicon.Adverbs),
        };

    private static string CommonWord(SeededRandom random, string topic) =>
        random.Next32(10) switch
        {
            < 4 => random.Pick(Lexicon.Determiners),
            < 7 => random.Pick(Lexicon.Topics[topic]),
            < 8 => random.Pick(Lexicon.Prepositions),
            _ => random.Pick(Lexicon.Verbs),
        };

    private static string Opener(SeededRandom random) =>
        random.Chance(0.6) ? random.Pick(Lexicon.Determiners) : random.Pick(Lexicon.Adverbs);

    private static string Closer(SeededRandom random, string topic) =>
        random.Chance(0.65) ? random.Pick(Lexicon.Topics[topic]) : random.Pick(Lexicon.Adverbs);
}
