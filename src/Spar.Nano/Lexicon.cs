using System.Collections.Frozen;

namespace Spar.Nano;

/// <summary>What part a word plays in the nano world's sentences.</summary>
public enum WordClass
{
    /// <summary>Not a word of the world.</summary>
    Unknown,

    /// <summary>Stands before a noun: the, a, one.</summary>
    Determiner,

    /// <summary>Stands between determiner and noun.</summary>
    Adjective,

    /// <summary>Belongs to one topic.</summary>
    Noun,

    /// <summary>A verb without an object.</summary>
    Verb,

    /// <summary>A verb with an object.</summary>
    TransitiveVerb,

    /// <summary>Stands after the verb or opens the sentence.</summary>
    Adverb,

    /// <summary>Stands before a noun phrase.</summary>
    Preposition,

    /// <summary>Names a situation, after "in".</summary>
    SituationWord,

    /// <summary>The word "in", which introduces a situation word.</summary>
    In,
}

/// <summary>The words of the nano world and the classes they fall into.</summary>
public static class Lexicon
{
    /// <summary>Determiners.</summary>
    public static IReadOnlyList<string> Determiners { get; } = ["the", "a", "one", "this", "every"];

    /// <summary>Adjectives without a feeling.</summary>
    public static IReadOnlyList<string> PlainAdjectives { get; } =
    ["red", "blue", "old", "small", "big", "green", "round", "soft", "tall", "quick", "long", "white"];

    /// <summary>Feelings that a text can be asked to show, and the adjectives that show them.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Feelings { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["happy"] = ["glad", "merry", "cheerful", "jolly", "proud"],
            ["sad"] = ["gloomy", "lonely", "weary", "tearful", "grim"],
        };

    /// <summary>Verbs without an object.</summary>
    public static IReadOnlyList<string> Verbs { get; } =
    ["sleeps", "waits", "moves", "sings", "falls", "turns", "jumps", "rests", "shines", "hides", "grows", "spins"];

    /// <summary>Verbs with an object.</summary>
    public static IReadOnlyList<string> TransitiveVerbs { get; } =
    ["sees", "finds", "likes", "follows", "meets", "passes", "greets", "watches"];

    /// <summary>Adverbs.</summary>
    public static IReadOnlyList<string> Adverbs { get; } =
    ["slowly", "quietly", "often", "again", "today", "here", "now", "gently"];

    /// <summary>Prepositions.</summary>
    public static IReadOnlyList<string> Prepositions { get; } = ["near", "under", "over", "behind", "by", "beside"];

    /// <summary>Topics and their nouns.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Topics { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["sea"] = ["crab", "wave", "boat", "shell", "whale", "sand", "gull", "reef"],
            ["farm"] = ["cow", "barn", "hen", "goat", "tractor", "hay", "pig", "fence"],
            ["forest"] = ["fox", "oak", "moss", "owl", "bear", "trail", "fern", "wolf"],
            ["city"] = ["bus", "tower", "street", "taxi", "bridge", "shop", "train", "park"],
            ["kitchen"] = ["pan", "soup", "bread", "spoon", "oven", "cheese", "apple", "knife"],
            ["sky"] = ["cloud", "kite", "plane", "bird", "balloon", "hawk", "comet", "rainbow"],
        };

    /// <summary>
    /// Situations that a text can be set in (the word that the critique uses) and the words that show them.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Situations { get; } =
        new Dictionary<string, IReadOnlyList<string>>
        {
            ["night"] = ["moonlight", "darkness", "starlight"],
            ["winter"] = ["snow", "frost", "ice"],
            ["summer"] = ["sunshine", "heat", "july"],
            ["rain"] = ["rain", "puddles", "drizzle"],
        };

    /// <summary>Names of the topics, in a fixed order.</summary>
    public static IReadOnlyList<string> TopicNames { get; } = [.. Topics.Keys];

    /// <summary>Names of the feelings, in a fixed order.</summary>
    public static IReadOnlyList<string> FeelingNames { get; } = [.. Feelings.Keys];

    /// <summary>Names of the situations, in a fixed order.</summary>
    public static IReadOnlyList<string> SituationNames { get; } = [.. Situations.Keys];

    /// <summary>All adjectives, with and without a feeling.</summary>
    public static IReadOnlyList<string> Adjectives { get; } =
    [.. PlainAdjectives, .. Feelings.Values.SelectMany(words => words)];

    private static readonly FrozenDictionary<string, WordClass> s_classes = Classes()
        .ToFrozenDictionary(entry => entry.Word, entry => entry.Class);

    /// <summary>The class of a word, or <see cref="WordClass.Unknown"/>.</summary>
    /// <param name="word">A word in lower case.</param>
    public static WordClass ClassOf(string word) => s_classes.GetValueOrDefault(word, WordClass.Unknown);

    /// <summary>
    /// The words that may stand where <paramref name="word"/> stands; empty for unknown words and for "in".
    /// </summary>
    /// <param name="word">A word in lower case.</param>
    public static IReadOnlyList<string> Peers(string word) =>
        ClassOf(word) switch
        {
            WordClass.Determiner => Determiners,
            WordClass.Adjective => Adjectives,
            WordClass.Noun => Topics.Values.First(nouns => nouns.Contains(word)),
            WordClass.Verb => Verbs,
            WordClass.TransitiveVerb => TransitiveVerbs,
            WordClass.Adverb => Adverbs,
            WordClass.Preposition => Prepositions,
            WordClass.SituationWord => Situations.Values.First(words => words.Contains(word)),
            _ => [],
        };

    private static IEnumerable<(string Word, WordClass Class)> Classes() =>
        [
            .. Determiners.Select(word => (word, WordClass.Determiner)),
            .. Adjectives.Select(word => (word, WordClass.Adjective)),
            .. Topics.Values.SelectMany(words => words).Select(word => (word, WordClass.Noun)),
            .. Verbs.Select(word => (word, WordClass.Verb)),
            .. TransitiveVerbs.Select(word => (word, WordClass.TransitiveVerb)),
            .. Adverbs.Select(word => (word, WordClass.Adverb)),
            .. Prepositions.Select(word => (word, WordClass.Preposition)),
            .. Situations.Values.SelectMany(words => words).Select(word => (word, WordClass.SituationWord)),
            ("in", WordClass.In),
        ];
}
