using System.Globalization;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench;

/// <summary>
/// The number of syllables of an English word: a table of common words, and for all others the groups of vowels, less a
/// silent final e.
/// </summary>
public static class Syllables
{
    private static readonly Lazy<Dictionary<string, int>> s_known = new(Load);

    /// <summary>Counts the syllables.</summary>
    /// <param name="text">A word, with white space and punctuation around it or not; of any script.</param>
    /// <returns>At least 1; 0 for a word with a digit in it, and when nothing is left of it.</returns>
    public static int Count(string text)
    {
        string word = PythonText.Lower(PythonText.Strip(text)).Trim(TextParts.Punctuation.ToCharArray());
        if (word.Length == 0 || TextParts.DigitRuns(word).Count > 0)
        {
            return 0;
        }

        if (s_known.Value.TryGetValue(word, out int known))
        {
            return known;
        }

        // What stands around a hyphen is no longer stripped of hyphens at its ends, so neither side is empty.
        int hyphen = word.IndexOf('-', StringComparison.Ordinal);
        if (hyphen > 0)
        {
            (int first, int rest) = (Count(word[..hyphen]), Count(word[(hyphen + 1)..]));
            return first == 0 || rest == 0 ? 0 : first + rest;
        }

        return Estimate(word);
    }

    private static int Estimate(string word)
    {
        int count = 0;
        for (int i = 0; i < word.Length; i++)
        {
            count += IsVowel(word[i]) && (i == 0 || !IsVowel(word[i - 1])) ? 1 : 0;
        }

        count -= word[^1] == 'e' ? 1 : 0;
        count += word.Length > 2 && word.EndsWith("le", StringComparison.Ordinal) && !IsVowel(word[^3]) ? 1 : 0;
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
