using System.Buffers;
using System.Text;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The ways in which IFBench's rules take text apart: without punctuation, into fields, by code points. Punctuation
/// means the 32 ASCII punctuation characters here; curly quotes, dashes and the like are none.
/// </summary>
internal static class TextParts
{
    /// <summary>The 32 ASCII punctuation characters in the order of their codes.</summary>
    public const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    private const int LongestQuote = 40;
    private const int LongestArgument = 200;

    private static readonly SearchValues<char> s_punctuation = SearchValues.Create(Punctuation);
    private static readonly SearchValues<char> s_punctuationAndSpace = SearchValues.Create(Punctuation + " ");

    /// <summary>The text without any punctuation character.</summary>
    public static string DeletePunctuation(string text)
    {
        int at = text.AsSpan().IndexOfAny(s_punctuation);
        if (at < 0)
        {
            return text;
        }

        StringBuilder kept = new(text.Length);
        int start = 0;
        while (at >= 0)
        {
            kept.Append(text, start, at - start);
            start = at + 1;
            int next = text.AsSpan(start).IndexOfAny(s_punctuation);
            at = next < 0 ? -1 : start + next;
        }

        return kept.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>The text without punctuation characters and spaces (U+0020 only) at both ends.</summary>
    public static string StripPunctuation(string text) => StripPunctuationEnd(StripPunctuationStart(text));

    /// <summary>The same at the start only.</summary>
    public static string StripPunctuationStart(string text)
    {
        int start = text.AsSpan().IndexOfAnyExcept(s_punctuationAndSpace);
        return start < 0 ? "" : text[start..];
    }

    /// <summary>The same at the end only.</summary>
    public static string StripPunctuationEnd(string text) =>
        text[..(text.AsSpan().LastIndexOfAnyExcept(s_punctuationAndSpace) + 1)];

    /// <summary>The fields of the text without punctuation: what white space separates.</summary>
    public static List<string> Words(string text) => PythonText.SplitWhitespace(DeletePunctuation(text));

    /// <summary>The maximal runs of word characters (<c>\w+</c>).</summary>
    public static List<string> WordRuns(string text) => Runs(text, PythonText.IsWord);

    /// <summary>The maximal runs of decimal digits of any script (<c>\d+</c>).</summary>
    public static List<string> DigitRuns(string text) => Runs(text, PythonText.IsDigit);

    /// <summary>The number of code points.</summary>
    public static int Length(string text)
    {
        int length = text.Length;
        for (int i = 1; i < text.Length; i++)
        {
            length -= char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]) ? 1 : 0;
        }

        return length;
    }

    /// <summary>
    /// How often a part occurs, occurrences not overlapping; the empty text occurs around every code point.
    /// </summary>
    public static int Count(string text, string part) =>
        part.Length == 0 ? Length(text) + 1 : text.AsSpan().Count(part);

    /// <summary>A piece of text as explanations show it: in quotes, on one line and cut when it is long.</summary>
    public static string Quote(string text) => Quote(text, LongestQuote);

    /// <summary>An argument as explanations show it: likewise, but cut later, as it is what is wanted.</summary>
    public static string QuoteArgument(string text) => Quote(text, LongestArgument);

    private static string Quote(string text, int longest)
    {
        int cut = Math.Min(text.Length, longest);
        cut -= cut < text.Length && char.IsHighSurrogate(text[cut - 1]) ? 1 : 0;
        string line = text[..cut].ReplaceLineEndings(" ");
        return cut < text.Length ? $"'{line}...'" : $"'{line}'";
    }

    private static List<string> Runs(string text, Func<int, bool> belongs)
    {
        List<string> runs = [];
        int start = -1;
        int size;
        for (int i = 0; i < text.Length; i += size)
        {
            int point = PythonText.PointAt(text, i);
            size = point > 0xFFFF ? 2 : 1;
            bool inside = belongs(point);
            if (inside && start < 0)
            {
                start = i;
            }
            else if (!inside && start >= 0)
            {
                runs.Add(text[start..i]);
                start = -1;
            }
        }

        if (start >= 0)
        {
            runs.Add(text[start..]);
        }

        return runs;
    }
}
