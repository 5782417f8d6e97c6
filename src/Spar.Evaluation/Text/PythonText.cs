using System.Globalization;
using System.Text;

namespace Spar.Evaluation.Text;

/// <summary>
/// The string rules of CPython 3.11 (Unicode 14) that the benchmarks' reference scorers rest on and that differ from
/// .NET's: a string is a sequence of code points, and character classes, letter case and white space have other
/// members. Strings stay .NET strings here; a lone surrogate counts as one code point that belongs to no class.
/// </summary>
public static class PythonText
{
    /// <summary>The code points of a string, surrogate pairs joined.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>One element for each code point, in order; values 0 to 0x10FFFF.</returns>
    public static int[] CodePoints(string text)
    {
        int[] points = new int[text.Length];
        int count = 0;
        for (int i = 0; i < text.Length; i++)
        {
            points[count++] =
                char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])
                    ? char.ConvertToUtf32(text[i], text[++i])
                    : text[i];
        }

        return count == points.Length ? points : points[..count];
    }

    /// <summary>The code point that begins at an index of a string.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="at">An index inside it.</param>
    /// <returns>
    /// The code point, above 0xFFFF for a surrogate pair; a surrogate without its other half as it is.
    /// </returns>
    public static int PointAt(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])
            ? char.ConvertToUtf32(text[at], text[at + 1])
            : text[at];

    /// <summary>The string with these code points: the inverse of <see cref="CodePoints"/>.</summary>
    /// <param name="points">Code points, 0 to 0x10FFFF; lone surrogates are kept.</param>
    public static string FromCodePoints(ReadOnlySpan<int> points)
    {
        StringBuilder text = new(points.Length);
        foreach (int point in points)
        {
            Append(text, point);
        }

        return text.ToString();
    }

    /// <summary>Appends one code point to a string under construction.</summary>
    internal static void Append(StringBuilder text, int point)
    {
        if (point < 0x10000)
        {
            text.Append((char)point);
        }
        else
        {
            text.Append((char)(0xD7C0 + (point >> 10))).Append((char)(0xDC00 + (point & 0x3FF)));
        }
    }

    /// <summary>
    /// Whether a character is white space for <c>strip</c>, <c>split</c> and the regular expression <c>\s</c> (29
    /// characters).
    /// </summary>
    /// <param name="point">A code point.</param>
    public static bool IsWhitespace(int point) =>
        point switch
        {
            <= 0x20 => point is 0x20 or (>= 0x09 and <= 0x0D) or (>= 0x1C and <= 0x1F),
            < 0x1680 => point is 0x85 or 0xA0,
            _ => point is 0x1680 or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000,
        };

    /// <summary>
    /// Whether a character is a word character (<c>\w</c>): a letter, a number of any kind, or the underscore.
    /// </summary>
    /// <param name="point">A code point.</param>
    public static bool IsWord(int point)
    {
        if (point < 128)
        {
            return char.IsAsciiLetterOrDigit((char)point) || point == '_';
        }

        return PythonUnicode.Category(point)
            is <= UnicodeCategory.OtherLetter
                or UnicodeCategory.DecimalDigitNumber
                or UnicodeCategory.LetterNumber
                or UnicodeCategory.OtherNumber;
    }

    /// <summary>Whether a character is a decimal digit of any script (<c>\d</c>).</summary>
    /// <param name="point">A code point.</param>
    public static bool IsDigit(int point) =>
        point < 128
            ? char.IsAsciiDigit((char)point)
            : PythonUnicode.Category(point) == UnicodeCategory.DecimalDigitNumber;

    /// <summary>Whether a character is a letter of any kind (Python's <c>str.isalpha</c>).</summary>
    /// <param name="point">A code point.</param>
    public static bool IsLetter(int point) =>
        IsWord(point) && PythonUnicode.Category(point) <= UnicodeCategory.OtherLetter;

    /// <summary>Whether a character is a letter or a number of any kind (Python's <c>str.isalnum</c>).</summary>
    /// <param name="point">A code point.</param>
    public static bool IsLetterOrNumber(int point) => point != '_' && IsWord(point);

    /// <summary>
    /// Whether a character is a digit in any form: decimal, raised, circled and the like (Python's <c>str.isdigit</c>).
    /// </summary>
    /// <param name="point">A code point.</param>
    public static bool IsNumeral(int point) => IsDigit(point) || PythonUnicode.IsOtherDigit(point);

    /// <summary>
    /// Python's <c>str.isupper</c>: at least one cased character, and none that is lower-case or title-case.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static bool IsUpper(string text) => HasOnlyCase(text, LetterCase.Upper);

    /// <summary>
    /// Python's <c>str.islower</c>: at least one cased character, and none that is upper-case or title-case.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static bool IsLower(string text) => HasOnlyCase(text, LetterCase.Lower);

    /// <summary>
    /// Python's <c>str.lower</c>: the full lower-case mapping, with U+0130 becoming two characters and the final sigma.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static string Lower(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        int[] points = CodePoints(text);
        StringBuilder lower = new(text.Length);
        for (int i = 0; i < points.Length; i++)
        {
            switch (points[i])
            {
                case 0x130:
                    lower.Append("i\u0307");
                    break;
                case 0x3A3:
                    lower.Append(IsFinalSigma(points, i) ? '\u03C2' : '\u03C3');
                    break;
                default:
                    Append(lower, PythonUnicode.ToLower(points[i]));
                    break;
            }
        }

        return lower.ToString();
    }

    /// <summary>Python's <c>str.strip()</c>: the text without white space at both ends.</summary>
    /// <param name="text">Any text.</param>
    public static string Strip(string text) => StripEnd(StripStart(text));

    /// <summary>Python's <c>str.lstrip()</c>: the text without white space at its start.</summary>
    /// <param name="text">Any text.</param>
    public static string StripStart(string text)
    {
        int start = 0;
        while (start < text.Length && IsWhitespace(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    /// <summary>Python's <c>str.rstrip()</c>: the text without white space at its end.</summary>
    /// <param name="text">Any text.</param>
    public static string StripEnd(string text)
    {
        int end = text.Length;
        while (end > 0 && IsWhitespace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary>Whether nothing is left of a text after <see cref="Strip"/>.</summary>
    /// <param name="text">Any text.</param>
    public static bool IsBlank(ReadOnlySpan<char> text)
    {
        foreach (char c in text)
        {
            if (!IsWhitespace(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Python's <c>str.split()</c> without argument: the maximal runs of characters that are no white space.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <returns>The pieces in order, none of them empty.</returns>
    public static List<string> SplitWhitespace(string text)
    {
        List<string> pieces = [];
        int start = -1;
        for (int i = 0; i <= text.Length; i++)
        {
            bool inside = i < text.Length && !IsWhitespace(text[i]);
            if (inside && start < 0)
            {
                start = i;
            }
            else if (!inside && start >= 0)
            {
                pieces.Add(text[start..i]);
                start = -1;
            }
        }

        return pieces;
    }

    /// <summary>The number of maximal runs of word characters: matches of <c>\w+</c>.</summary>
    /// <param name="text">Any text.</param>
    public static int CountWordRuns(string text)
    {
        int runs = 0;
        bool inside = false;
        foreach (int point in CodePoints(text))
        {
            bool word = IsWord(point);
            runs += word && !inside ? 1 : 0;
            inside = word;
        }

        return runs;
    }

    private static bool HasOnlyCase(string text, LetterCase wanted)
    {
        bool any = false;
        foreach (int point in CodePoints(text))
        {
            LetterCase found = PythonUnicode.Case(point);
            if (found == wanted)
            {
                any = true;
            }
            else if (found != LetterCase.None)
            {
                return false;
            }
        }

        return any;
    }

    /// <summary>
    /// A capital sigma ends a word when the nearest character before it that is not case-ignorable is cased and the
    /// nearest after it is not.
    /// </summary>
    private static bool IsFinalSigma(int[] points, int at)
    {
        int before = at - 1;
        while (before >= 0 && PythonUnicode.IsCaseIgnorable(points[before]))
        {
            before--;
        }

        if (before < 0 || PythonUnicode.Case(points[before]) == LetterCase.None)
        {
            return false;
        }

        int after = at + 1;
        while (after < points.Length && PythonUnicode.IsCaseIgnorable(points[after]))
        {
            after++;
        }

        return after == points.Length || PythonUnicode.Case(points[after]) == LetterCase.None;
    }
}
