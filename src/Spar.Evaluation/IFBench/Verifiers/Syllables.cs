using System.Globalization;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The number of syllables of an English word: a table of common words, and for all others the groups of vowels, less a
/// silent final e.
/// </summary>
public static class Syllables
{
    /// <summary>No word of the table is longer.</summary>
    private const int LongestKnown = 32;

    private static readonly Lazy<Dictionary<string, int>> s_known = new(Load);

    /// <summary>Counts the syllables.</summary>
    /// <param name="text">A word, with white space and punctuation around it or not; of any script.</param>
    /// <returns>At least 1; 0 for a word with a digit in it, and when nothing is left of it or a part of it.</returns>
    public static int Count(string text)
    {
        ReadOnlySpan<char> word = Bare(PythonText.Lower(text));
        if (TextParts.DigitRuns(text).Count > 0)
        {
            return 0;
        }

        // A word with hyphens is the sum of its parts, but for those in the table as they stand.
        int count = 0;
        int known;
        while (!Find(word, out known))
        {
            int hyphen = word.IndexOf('-');
            ReadOnlySpan<char> part = hyphen < 0 ? word : Bare(word[..hyphen]);
            if (part.IsEmpty)
            {
                return 0;
            }

            count += Find(part, out known) ? known : Estimate(part);
            if (hyphen < 0)
            {
                return count;
            }

            word = Bare(word[(hyphen + 1)..]);
        }

        return count + known;
    }

    /// <summary>The word without white space, and then without punctuation, at its ends.</summary>
    private static ReadOnlySpan<char> Bare(ReadOnlySpan<char> word)
    {
        while (!word.IsEmpty && PythonText.IsWhitespace(word[0]))
        {
            word = word[1..];
        }

        while (!word.IsEmpty && PythonText.IsWhitespace(word[^1]))
        {
            word = word[..^1];
        }

        return word.Trim(TextParts.Punctuation);
    }

    private static bool Find(ReadOnlySpan<char> word, out int count)
    {
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> known =
            s_known.Value.GetAlternateLookup<ReadOnlySpan<char>>();
        count = 0;
        return word.Length <= LongestKnown && known.TryGetValue(word, out count);
    }

    private static int Estimate(ReadOnlySpan<char> word)
    {
        int count = 0;
        for (int i = 0; i < word.Length; i++)
        {
            count += IsVowel(word[i]) && (i == 0 || !IsVowel(word[i - 1])) ? 1 : 0;
        }

        count -= word[^1] == 'e' ? 1 : 0;
        count += word.Length > 2 && word.EndsWith("le") && !IsVowel(word[^3]) ? 1 : 0;
        return Math.Max(count, 1);
    }

    private static bool IsVowel(char c) => c is 'a' or 'e' or 'i' or 'o' or 'u' or 'y';

    private static Dictionary<string, int> Load()
    {
        Dictionary<string, int> known = [];
        using StreamReader reader = new(EmbeddedData.Open("IFBench/syllables.tsv.gz"));
        while (reader.ReadLine() is string line)
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            known[line[..tab]] = int.Parse(line[(tab + 1)..], CultureInfo.InvariantCulture);
        }

        return known;
    }
}
