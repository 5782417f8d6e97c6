using Spar.Ground;

namespace Spar.Nano;

/// <summary>
/// Samples sentences: [adverb] noun-phrase verb [adverb | preposition noun-phrase | object] [in situation].
/// </summary>
internal static class Grammar
{
    /// <summary>A text on the task's topic that knows nothing of the constraints.</summary>
    public static string Draft(NanoTask task, SeededRandom random)
    {
        int count = task.Form == TaskForm.Line ? 1 : random.Between(3, 5);
        List<List<string>> sentences = [.. Enumerable.Range(0, count).Select(_ => Sentence(task.Topic, random))];
        return NanoResponse.Format(sentences, '.', stars: false);
    }

    /// <summary>One sentence.</summary>
    public static List<string> Sentence(string topic, SeededRandom random)
    {
        List<string> words = [];
        if (random.Chance(0.15))
        {
            words.Add(random.Pick(Lexicon.Adverbs));
        }

        words.AddRange(NounPhrase(topic, random));
        switch (random.Next32(5))
        {
            case 0:
                words.Add(random.Pick(Lexicon.Verbs));
                break;
            case 1:
                words.Add(random.Pick(Lexicon.Verbs));
                words.Add(random.Pick(Lexicon.Adverbs));
                break;
            case 2 or 3:
                words.Add(random.Pick(Lexicon.Verbs));
                words.Add(random.Pick(Lexicon.Prepositions));
                words.AddRange(NounPhrase(topic, random));
                break;
            default:
                words.Add(random.Pick(Lexicon.TransitiveVerbs));
                words.AddRange(NounPhrase(topic, random));
                break;
        }

        if (random.Chance(0.1))
        {
            words.Add("in");
            words.Add(random.Pick(Lexicon.Situations[random.Pick(Lexicon.SituationNames)]));
        }

        return words;
    }

    /// <summary>Determiner, perhaps an adjective, and a noun that is on the topic nine times in ten.</summary>
    public static List<string> NounPhrase(string topic, SeededRandom random)
    {
        List<string> words = [random.Pick(Lexicon.Determiners)];
        if (random.Chance(0.4))
        {
            words.Add(random.Pick(Lexicon.Adjectives));
        }

        words.Add(random.Pick(Lexicon.Topics[random.Chance(0.9) ? topic : random.Pick(Lexicon.TopicNames)]));
        return words;
    }
}
