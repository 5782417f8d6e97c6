using System.Text;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.TriviaQa;

/// <summary>The two ways in which TriviaQA answers are compared with their aliases.</summary>
public static class AnswerMatching
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>
    /// lm-eval's match: white space at both ends of the prediction is removed, both sides are lower-cased and lose
    /// ASCII punctuation (articles and inner white space stay); right if equal to any alias.
    /// </summary>
    /// <param name="prediction">The answer.</param>
    /// <param name="aliases">Accepted answers.</param>
    public static bool HarnessMatch(string prediction, IEnumerable<string> aliases)
    {
        string bare = Bare(PythonText.Strip(prediction));
        return aliases.Any(alias => Bare(alias) == bare);
    }

    /// <summary>The original scorer's match: equal to any alias after <see cref="Normalize"/>.</summary>
    /// <param name="prediction">The answer.</param>
    /// <param name="aliases">Accepted answers.</param>
    public static bool OriginalMatch(string prediction, IEnumerable<string> aliases)
    {
        string normal = Normalize(prediction);
        return aliases.Any(alias => Normalize(alias) == normal);
    }

    /// <summary>
    /// The original scorer's F1 over words (as multisets) after <see cref="Normalize"/>, for the best alias; 0 where no
    /// word is shared.
    /// </summary>
    /// <param name="prediction">The answer.</param>
    /// <param name="aliases">Accepted answers, at least one.</param>
    public static double F1(string prediction, IEnumerable<string> aliases)
    {
        string[] words = Words(prediction);
        return aliases.Max(alias => F1(words, Words(alias)));
    }

    /// <summary>
    /// The original scorer's normal form: underscores become spaces; lower case; every ASCII punctuation character and
    /// each of U+2018, U+2019, U+00B4 becomes a space; the words a, an, the are left out; white space is squeezed.
    /// </summary>
    /// <param name="text">A prediction or an alias.</param>
    public static string Normalize(string text)
    {
        var spaced = new StringBuilder(text.Length);
        foreach (char c in PythonText.Lower(text.Replace('_', ' ')))
        {
            spaced.Append(Punctuation.Contains(c) || c is '\u2018' or '\u2019' or '\u00B4' ? ' ' : c);
        }

        return string.Join(' ', PythonText.SplitWhitespace(WithoutArticles(spaced.ToString())));
    }

    private static string Bare(string text) =>
        string.Concat(PythonText.Lower(text).Where(c => !Punctuation.Contains(c)));

    private static string[] Words(string text) => [.. PythonText.SplitWhitespace(Normalize(text))];

    /// <summary>Replaces each maximal run of word characters that is an article by a space.</summary>
    private static string WithoutArticles(string text)
    {
        int[] points = PythonText.CodePoints(text);
        var kept = new StringBuilder(text.Length);
        for (int start = 0; start < points.Length;)
        {
            bool word = PythonText.IsWord(points[start]);
            int end = start + 1;
            while (end < points.Length && PythonText.IsWord(points[end]) == word)
            {
                end++;
            }

            string run = PythonText.FromCodePoints(points.AsSpan(start, end - start));
            kept.Append(run is "a" or "an" or "the" ? " " : run);
            start = end;
        }

        return kept.ToString();
    }

    private static double F1(string[] prediction, string[] alias)
    {
        Dictionary<string, int> left = prediction.CountBy(word => word).ToDictionary();
        int shared = 0;
        foreach (string word in alias)
        {
            if (left.GetValueOrDefault(word) > 0)
            {
                left[word]--;
                shared++;
            }
        }

        if (shared == 0)
        {
            return 0;
        }

        double precision = (double)shared / prediction.Length;
        double recall = (double)shared / alias.Length;
        return 2 * precision * recall / (precision + recall);
    }
}
