using System.Text.RegularExpressions;
using Spar.Evaluation.Sentences;
using Spar.Ground;

namespace Spar.Evaluation.Mending;

/// <summary>The part of a response that is worth keeping where a model did not find its end.</summary>
internal static partial class WholePart
{
    // A sentence repeats what came before when so much of its pairs of neighbouring words have been there; with fewer
    // pairs than so many, when it has been there as it is so many times.
    private const double RepeatedShare = 0.75;
    private const int LeastPairs = 4;
    private const int MostRefrains = 2;

    // A sentence of so many pairs goes round in circles when fewer than such a share of them differ.
    private const int ManyPairs = 16;
    private const double DifferentShare = 0.5;

    // What ends a sentence, with the marks that may close after it.
    private const string Ends = ".!?…";
    private const string Closes = "\"'”’)*_]";

    /// <summary>Ends a response before it begins to repeat itself, and after its last whole sentence.</summary>
    /// <param name="text">The response.</param>
    /// <param name="cutOff">Whether it was cut off, so that its last sentence may lack its end.</param>
    /// <returns>The response up to there; null where no sentence is left.</returns>
    public static string? Of(string text, bool cutOff)
    {
        if (JsonText.Looks(text))
        {
            return OfJson(text, cutOff);
        }

        string[] lines = text.Split('\n');
        List<string> sentences = [];
        HashSet<int> ends = []; // places of sentences that end something; a heading or the number of an item does not
        for (int i = 0; i < lines.Length; i++)
        {
            string[] line = [.. PunktSentenceSplitter.Split(lines[i]).Where(one => one.Trim().Length > 0)];
            bool item = i < lines.Length - 1 && Item().IsMatch(lines[i]);
            for (int j = 0; j < line.Length; j++)
            {
                if (Ended(line[j]) || (item && j == line.Length - 1))
                {
                    ends.Add(sentences.Count);
                }

                sentences.Add(line[j]);
            }
        }

        int whole = Unrepeated(sentences);
        while (whole > 0 && (cutOff || whole < sentences.Count) && !ends.Contains(whole - 1))
        {
            whole--;
        }

        return whole == sentences.Count && whole > 0 ? text
            : Passages.Keep(text, (_, place) => place < whole) is { Length: > 0 } kept ? kept
            : null;
    }

    // Of JSON that does not find its end: what it says, as paragraphs.
    private static string? OfJson(string text, bool cutOff)
    {
        (List<string> said, string? open) = JsonText.Said(text);
        int whole = Unrepeated(said);
        if (whole == said.Count && open is null && !cutOff)
        {
            return text;
        }

        IEnumerable<string> kept = said.Take(whole);
        if (whole == said.Count && open is not null && Of(open, cutOff: true) is { } last)
        {
            kept = kept.Append(last);
        }

        string all = string.Join("\n\n", kept.Distinct(StringComparer.Ordinal));
        return all.Length > 0 ? all : null;
    }

    private static int Unrepeated(List<string> sentences)
    {
        HashSet<(string, string)> seen = [];
        Dictionary<string, int> refrains = [];
        for (int i = 0; i < sentences.Count; i++)
        {
            IReadOnlyList<string> words = PlainWords.Of(sentences[i]);
            (string, string)[] pairs = [.. words.Zip(words.Skip(1))];
            string whole = string.Join(' ', words);
            int before = refrains[whole] = refrains.GetValueOrDefault(whole) + 1;
            if (pairs.Length < LeastPairs
                ? words.Count > 0 && before > MostRefrains
                : pairs.Count(seen.Contains) >= RepeatedShare * pairs.Length)
            {
                return i;
            }

            seen.UnionWith(pairs);
            if (pairs.Length >= ManyPairs && pairs.Distinct().Count() < DifferentShare * pairs.Length)
            {
                return i;
            }
        }

        return sentences.Count;
    }

    private static bool Ended(string sentence)
    {
        string bare = sentence.Trim().TrimEnd(Closes.ToCharArray());
        return bare.Length > 0 && Ends.Contains(bare[^1], StringComparison.Ordinal)
            && PlainWords.Of(bare).Count > 1;
    }

    // An item of a list that says something.
    [GeneratedRegex(@"^\s*([-*•]|\d+[.)])\s+\S*\p{L}")]
    private static partial Regex Item();
}
