using Spar.Ground;

namespace Spar.Nano.Synthetic;

/// <summary>
/// Start/end story: the first and the last sentence are given, what happens between them is free, though there has to
/// be something. The middle is what interferes: the sides of a refined pair share it, those of an interfering pair have
/// middles that were written independently.
/// </summary>
public sealed class FramedStoryTask : ISyntheticTask
{
    private readonly string _topic;

    /// <summary>Makes a task.</summary>
    /// <param name="topic">One of <see cref="Lexicon.TopicNames"/>.</param>
    /// <param name="first">Words of the first sentence.</param>
    /// <param name="last">Words of the last sentence.</param>
    public FramedStoryTask(string topic, IReadOnlyList<string> first, IReadOnlyList<string> last)
    {
        _topic = topic;
        First = first;
        Last = last;
        Instruction =
            $"tell me a story about the {topic}. begin with: {string.Join(' ', first)}. end with: "
                + $"{string.Join(' ', last)}.";
    }

    /// <summary>Words of the first sentence.</summary>
    public IReadOnlyList<string> First { get; }

    /// <summary>Words of the last sentence.</summary>
    public IReadOnlyList<string> Last { get; }

    /// <inheritdoc/>
    public string Instruction { get; }

    /// <summary>A task with sentences of the world's grammar.</summary>
    /// <param name="random">The source of chance.</param>
    public static FramedStoryTask Draw(SeededRandom random)
    {
        string topic = random.Pick(Lexicon.TopicNames);
        return new FramedStoryTask(topic, Grammar.Sentence(topic, random), Grammar.Sentence(topic, random));
    }

    /// <inheritdoc/>
    public bool IsSatisfiedBy(string response)
    {
        IReadOnlyList<IReadOnlyList<string>> sentences = NanoResponse.Parse(response).Sentences;
        return sentences.Count >= 3 && sentences[0].SequenceEqual(First) && sentences[^1].SequenceEqual(Last);
    }

    /// <inheritdoc/>
    public string Write(SeededRandom random) => Tell(First, Middle(random), Last);

    /// <inheritdoc/>
    public SyntheticPairs WritePairs(SeededRandom random)
    {
        // At least one end is wrong.
        int wrong = random.Next32(3);
        IReadOnlyList<string> first = wrong == 1 ? First : Misquote(First, random);
        IReadOnlyList<string> last = wrong == 0 ? Last : Misquote(Last, random);
        List<List<string>> middle = Middle(random);
        List<List<string>> other = Middle(random);
        while (other.Zip(middle).Any(pair => pair.First.SequenceEqual(pair.Second)))
        {
            other = Middle(random);
        }

        string rejected = Tell(first, middle, last);
        return new SyntheticPairs(
            new SyntheticPair(Tell(First, middle, Last), rejected),
            new SyntheticPair(Tell(First, other, Last), rejected)
        );
    }

    private List<List<string>> Middle(SeededRandom random) =>
        [.. Enumerable.Range(0, random.Between(4, 6)).Select(_ => Grammar.Sentence(_topic, random))];

    private static string Tell(IReadOnlyList<string> first, List<List<string>> middle, IReadOnlyList<string> last) =>
        NanoResponse.Format([first, .. middle, last], '.', stars: false);

    // One or two words become others of their class.
    private static List<string> Misquote(IReadOnlyList<string> sentence, SeededRandom random)
    {
        List<string> words = [.. sentence];
        List<int> places = [.. Enumerable.Range(0, words.Count).Where(i => Lexicon.Peers(words[i]).Count > 1)];
        random.Shuffle(places);
        foreach (int place in places.Take(random.Between(1, 2)))
        {
            words[place] = random.Pick([.. Lexicon.Peers(words[place]).Where(word => word != words[place])]);
        }

        return words;
    }
}
