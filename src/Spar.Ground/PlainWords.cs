using System.Globalization;
using System.Text;

namespace Spar.Ground;

/// <summary>
/// Texts as comparisons of prompts see them: words in lower case, without signs and blanks. Texts that differ in
/// nothing else are the same.
/// </summary>
public static class PlainWords
{
    /// <summary>
    /// The words of a text: runs of letters, digits and marks, in lower case. In scripts that write no blanks between
    /// words (Chinese, Japanese, Thai and their like) every character is a word.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static IReadOnlyList<string> Of(string text)
    {
        List<string> words = [];
        StringBuilder word = new();
        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool alone = HasNoBlanks(rune.Value);
            if (word.Length > 0 && (alone || !IsPart(rune)))
            {
                words.Add(word.ToString());
                word.Clear();
            }

            if (IsPart(rune))
            {
                word.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)]);
                if (alone)
                {
                    words.Add(word.ToString());
                    word.Clear();
                }
            }
        }

        if (word.Length > 0)
        {
            words.Add(word.ToString());
        }

        return words;
    }

    /// <summary>The words with single blanks between them; a text of signs alone is told by its signs.</summary>
    /// <param name="text">Any text.</param>
    public static string Joined(string text)
    {
        IReadOnlyList<string> words = Of(text);
        return words.Count == 0 ? text.Trim() : string.Join(' ', words);
    }

    // Marks are vowels in many scripts, so they tell words apart.
    private static bool IsPart(Rune rune) =>
        Rune.IsLetterOrDigit(rune)
        || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.SpacingCombiningMark;

    private static bool HasNoBlanks(int value) =>
        value
            is >= 0x0E00 and <= 0x0EFF
                or >= 0x1000 and <= 0x109F
                or >= 0x1780 and <= 0x17FF
                or >= 0x3040 and <= 0x30FF
                or >= 0x3400 and <= 0x9FFF
                or >= 0xF900 and <= 0xFAFF
                or >= 0x20000 and <= 0x3FFFF;
}
