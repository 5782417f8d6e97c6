using System.Collections.Frozen;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>The closed lists of words that IFBench's instructions name or count.</summary>
internal static class WordLists
{
    private static readonly Lazy<FrozenSet<string>> s_stopWords =
        new(() => Read("stopwords_english.txt").ToFrozenSet());

    /// <summary>The coordinating conjunctions.</summary>
    public static FrozenSet<string> Conjunctions { get; } = Split("and but for nor or so yet").ToFrozenSet();

    /// <summary>The 50 first names.</summary>
    public static FrozenSet<string> Names { get; } = Split(
        "Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia "
        + "Benjamin Harper Leo Zoe Daniel Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob "
        + "Scarlett Nathan Victoria Elijah Layla Nicholas Audrey David Hannah Christopher Penelope Thomas Nora "
        + "Andrew Aria Joseph Claire Ryan Stella Jonathan").ToFrozenSet();

    /// <summary>The 63 pronouns.</summary>
    public static FrozenSet<string> Pronouns { get; } = Split(
        "i me we us you he him she her it they them my mine our ours your yours his hers its their theirs "
        + "myself ourselves yourself yourselves himself herself itself themselves this that these those who "
        + "whom whose which what whoever whomever whatever whichever anybody anyone anything everybody everyone "
        + "everything nobody nothing somebody someone something each either neither both all some any none")
        .ToFrozenSet();

    /// <summary>The 27 European capitals from north to south.</summary>
    public static IReadOnlyList<string> Capitals { get; } = Split(
        "Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin "
        + "Amsterdam Warsaw London Brussels Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau "
        + "Bern Ljubljana Zagreb");

    /// <summary>The 179 English stop words, in lower case; read once.</summary>
    public static FrozenSet<string> StopWords => s_stopWords.Value;

    private static string[] Split(string words) => words.Split(' ');

    private static IEnumerable<string> Read(string file)
    {
        using StreamReader reader = new(EmbeddedData.Open("IFBench/" + file));
        while (reader.ReadLine() is string line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }
}
