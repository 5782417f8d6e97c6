using System.Globalization;
using System.Text;

namespace Spar.Evaluation.Text;

/// <summary>The case of one character.</summary>
internal enum LetterCase
{
    None,
    Upper,
    Lower,
    Title,
}

/// <summary>
/// Character properties as CPython 3.11 knows them: Unicode 14. The runtime's tables are newer, so letters and digits
/// that were added after version 14 count as unassigned.
/// </summary>
internal static class PythonUnicode
{
    /// <summary>First and last of each range of letters and digits that Unicode 15, 15.1 and 16 added.</summary>
    private static readonly int[] s_addedLater =
    [
        0x1C89,
        0x1C8A,
        0xA7CB,
        0xA7CD,
        0xA7DA,
        0xA7DC,
        0x105C0,
        0x105F3,
        0x10D40,
        0x10D65,
        0x10D6F,
        0x10D85,
        0x10EC2,
        0x10EC4,
        0x1123F,
        0x11240,
        0x11380,
        0x11389,
        0x1138B,
        0x1138B,
        0x1138E,
        0x1138E,
        0x11390,
        0x113B5,
        0x113B7,
        0x113B7,
        0x113D1,
        0x113D1,
        0x113D3,
        0x113D3,
        0x116D0,
        0x116E3,
        0x11BC0,
        0x11BE0,
        0x11BF0,
        0x11BF9,
        0x11F02,
        0x11F02,
        0x11F04,
        0x11F10,
        0x11F12,
        0x11F33,
        0x11F50,
        0x11F59,
        0x1342F,
        0x1342F,
        0x13441,
        0x13446,
        0x13460,
        0x143FA,
        0x16100,
        0x1611D,
        0x16130,
        0x16139,
        0x16D40,
        0x16D6C,
        0x16D70,
        0x16D79,
        0x18CFF,
        0x18CFF,
        0x1B132,
        0x1B132,
        0x1B155,
        0x1B155,
        0x1CCF0,
        0x1CCF9,
        0x1D2C0,
        0x1D2D3,
        0x1DF25,
        0x1DF2A,
        0x1E030,
        0x1E06D,
        0x1E4D0,
        0x1E4EB,
        0x1E4F0,
        0x1E4F9,
        0x1E5D0,
        0x1E5ED,
        0x1E5F0,
        0x1E5FA,
        0x2B739,
        0x2B739,
        0x2EBF0,
        0x2EE5D,
        0x31350,
        0x323AF,
    ];

    /// <summary>First and last of each range of characters that are upper-case without being of category Lu.</summary>
    private static readonly int[] s_otherUpper =
    [
        0x2160,
        0x216F,
        0x24B6,
        0x24CF,
        0x1F130,
        0x1F149,
        0x1F150,
        0x1F169,
        0x1F170,
        0x1F189,
    ];

    /// <summary>First and last of each range of characters that are lower-case without being of category Ll.</summary>
    private static readonly int[] s_otherLower =
    [
        0xAA,
        0xAA,
        0xBA,
        0xBA,
        0x2B0,
        0x2B8,
        0x2C0,
        0x2C1,
        0x2E0,
        0x2E4,
        0x345,
        0x345,
        0x37A,
        0x37A,
        0x1D2C,
        0x1D6A,
        0x1D78,
        0x1D78,
        0x1D9B,
        0x1DBF,
        0x2071,
        0x2071,
        0x207F,
        0x207F,
        0x2090,
        0x209C,
        0x2170,
        0x217F,
        0x24D0,
        0x24E9,
        0x2C7C,
        0x2C7D,
        0xA69C,
        0xA69D,
        0xA770,
        0xA770,
        0xA7F8,
        0xA7F9,
        0xAB5C,
        0xAB5F,
        0x10780,
        0x10780,
        0x10783,
        0x10785,
        0x10787,
        0x107B0,
        0x107B2,
        0x107BA,
    ];

    /// <summary>
    /// First and last of each range of characters that stand for a digit without being a decimal one.
    /// </summary>
    private static readonly int[] s_otherDigits =
    [
        0xB2,
        0xB3,
        0xB9,
        0xB9,
        0x1369,
        0x1371,
        0x19DA,
        0x19DA,
        0x2070,
        0x2070,
        0x2074,
        0x2079,
        0x2080,
        0x2089,
        0x2460,
        0x2468,
        0x2474,
        0x247C,
        0x2488,
        0x2490,
        0x24EA,
        0x24EA,
        0x24F5,
        0x24FD,
        0x24FF,
        0x24FF,
        0x2776,
        0x277E,
        0x2780,
        0x2788,
        0x278A,
        0x2792,
        0x10A40,
        0x10A43,
        0x10E60,
        0x10E68,
        0x11052,
        0x1105A,
        0x1F100,
        0x1F10A,
    ];

    /// <summary>
    /// Lower-case characters that a case-insensitive match holds for the same although their lower-case forms differ;
    /// each maps to the one that stands for its class.
    /// </summary>
    private static readonly Dictionary<int, int> s_foldExtra = new()
    {
        [0x131] = 'i',
        [0x17F] = 's',
        [0xB5] = 0x3BC,
        [0x345] = 0x3B9,
        [0x1FBE] = 0x3B9,
        [0x1FD3] = 0x390,
        [0x1FE3] = 0x3B0,
        [0x3D0] = 0x3B2,
        [0x3F5] = 0x3B5,
        [0x3D1] = 0x3B8,
        [0x3F0] = 0x3BA,
        [0x3D6] = 0x3C0,
        [0x3F1] = 0x3C1,
        [0x3C2] = 0x3C3,
        [0x3D5] = 0x3C6,
        [0x1C80] = 0x432,
        [0x1C81] = 0x434,
        [0x1C82] = 0x43E,
        [0x1C83] = 0x441,
        [0x1C84] = 0x442,
        [0x1C85] = 0x442,
        [0x1C86] = 0x44A,
        [0x1C87] = 0x463,
        [0x1C88] = 0xA64B,
        [0x1E9B] = 0x1E61,
        [0xFB06] = 0xFB05,
    };

    /// <summary>The general category of a code point in Unicode 14, as far as letters and digits go.</summary>
    public static UnicodeCategory Category(int point) =>
        point >= 0x1C89 && InRanges(s_addedLater, point)
            ? UnicodeCategory.OtherNotAssigned
            : CharUnicodeInfo.GetUnicodeCategory(point);

    /// <summary>The case of a code point: its category, or membership in Other_Uppercase or Other_Lowercase.</summary>
    public static LetterCase Case(int point)
    {
        if (point < 128)
        {
            return char.IsAsciiLetterUpper((char)point) ? LetterCase.Upper
                : char.IsAsciiLetterLower((char)point) ? LetterCase.Lower
                : LetterCase.None;
        }

        return Category(point) switch
        {
            UnicodeCategory.UppercaseLetter => LetterCase.Upper,
            UnicodeCategory.LowercaseLetter => LetterCase.Lower,
            UnicodeCategory.TitlecaseLetter => LetterCase.Title,
            _ => InRanges(s_otherUpper, point) ? LetterCase.Upper
            : InRanges(s_otherLower, point) ? LetterCase.Lower
            : LetterCase.None,
        };
    }

    /// <summary>The simple lower-case mapping: one code point to one (U+0130 to <c>i</c>).</summary>
    public static int ToLower(int point)
    {
        if (point < 128)
        {
            return char.IsAsciiLetterUpper((char)point) ? point + 32 : point;
        }

        return point == 0x130 ? 'i'
            : !Rune.IsValid(point) || InRanges(s_addedLater, point) ? point
            : Rune.ToLowerInvariant(new Rune(point)).Value;
    }

    /// <summary>
    /// What a case-insensitive regular expression compares: two characters match when these are equal.
    /// </summary>
    public static int Fold(int point)
    {
        int lower = ToLower(point);
        return lower < 128 ? lower : s_foldExtra.GetValueOrDefault(lower, lower);
    }

    /// <summary>
    /// Whether the rule of the final sigma looks past this character: marks, format characters, modifiers and some
    /// punctuation.
    /// </summary>
    public static bool IsCaseIgnorable(int point) =>
        point
            is '\''
                or '.'
                or ':'
                or 0xB7
                or 0x387
                or 0x55F
                or 0x5F4
                or 0x2018
                or 0x2019
                or 0x2024
                or 0x2027
                or 0xFE13
                or 0xFE52
                or 0xFE55
                or 0xFF07
                or 0xFF0E
                or 0xFF1A
        || Category(point)
            is UnicodeCategory.NonSpacingMark
                or UnicodeCategory.EnclosingMark
                or UnicodeCategory.Format
                or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol;

    /// <summary>The value, 0 to 9, of a decimal digit of any script.</summary>
    public static int DigitValue(int point) => CharUnicodeInfo.GetDecimalDigitValue(char.ConvertFromUtf32(point), 0);

    /// <summary>
    /// Whether a character stands for a digit without being a decimal one: raised, lowered, circled, in brackets.
    /// </summary>
    public static bool IsOtherDigit(int point) => point >= 0xB2 && InRanges(s_otherDigits, point);

    private static bool InRanges(int[] ranges, int point)
    {
        int low = 0;
        int high = (ranges.Length / 2) - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (point < ranges[2 * middle])
            {
                high = middle - 1;
            }
            else if (point > ranges[(2 * middle) + 1])
            {
                low = middle + 1;
            }
            else
            {
                return true;
            }
        }

        return false;
    }
}
