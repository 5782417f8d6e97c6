using System.Globalization;
using System.Text;

namespace Spar.Evaluation.Integrity;

/// <summary>A word of a text and where it stands.</summary>
/// <param name="Text">The word in lower case.</param>
/// <param name="Start">Its first character.</param>
/// <param name="End">The character after its last.</param>
internal readonly record struct ResponseWord(string Text, int Start, int End);

/// <summary>Takes text apart into words: runs of letters, digits and the marks that combine with them.</summary>
internal static class ResponseWords
{
    /// <summary>The words in their order.</summary>
    public static List<ResponseWord> Of(string text)
    {
        List<ResponseWord> words = [];
        int start = -1;
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsPart(rune))
            {
                start = start < 0 ? at : start;
            }
            else if (start >= 0)
            {
                words.Add(Word(text, start, at));
                start = -1;
            }

            at += rune.Utf16SequenceLength;
        }

        if (start >= 0)
        {
            words.Add(Word(text, start, text.Length));
        }

        return words;
    }

    private static ResponseWord Word(string text, int start, int end) =>
        new(text[start..end].ToLowerInvariant(), start, end);

    private static bool IsPart(Rune rune) => Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
