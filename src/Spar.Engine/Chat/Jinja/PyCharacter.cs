using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Classes of characters as Python's methods of text see them.</summary>
internal static class PyCharacter
{
    public static bool IsSpace(char c) => c is (>= '\t' and <= '\r') or (>= '\u001C' and <= ' ') or '\u0085' or '\u00A0'
        or '\u1680' or (>= '\u2000' and <= '\u200A') or '\u2028' or '\u2029' or '\u202F' or '\u205F' or '\u3000';

    public static bool IsCased(Rune rune) => IsUpper(rune) || IsLower(rune)
        || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    public static bool IsUpper(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.UppercaseLetter
        || rune.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF)
        or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);

    public static bool IsLower(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.LowercaseLetter
        || rune.Value is 0xAA or 0xBA or (>= 0x2B0 and <= 0x2B8) or 0x2C0 or 0x2C1 or (>= 0x2E0 and <= 0x2E4) or 0x345
            or 0x37A
        or (>= 0x1D2C and <= 0x1D6A) or 0x1D78 or (>= 0x1D9B and <= 0x1DBF) or 0x2071 or 0x207F
            or (>= 0x2090 and <= 0x209C)
        or (>= 0x2170 and <= 0x217F) or (>= 0x24D0 and <= 0x24E9) or 0x2C7C or 0x2C7D or 0xA69C or 0xA69D or 0xA770
        or 0xA7F8 or 0xA7F9 or (>= 0xAB5C and <= 0xAB5F);

    public static bool IsAlphabetic(Rune rune) => Rune.IsLetter(rune);

    /// <summary>True of digits: those of numbers in any script, and raised, lowered or circled ones.</summary>
    public static bool IsDigit(Rune rune) =>
        Rune.IsDigit(rune) || rune.Value is 0xB2 or 0xB3 or 0xB9 or (>= 0x1369 and <= 0x1371)
        or 0x19DA or 0x2070 or (>= 0x2074 and <= 0x2079) or (>= 0x2080 and <= 0x2089) or (>= 0x2460 and <= 0x2468)
        or (>= 0x2474 and <= 0x247C) or (>= 0x2488 and <= 0x2490) or 0x24EA or (>= 0x24F5 and <= 0x24FD) or 0x24FF
        or (>= 0x2776 and <= 0x277E) or (>= 0x2780 and <= 0x2788) or (>= 0x278A and <= 0x2792);

    public static bool IsNumeric(Rune rune) =>
        Rune.IsNumber(rune) || Rune.GetNumericValue(rune) >= 0 || rune.Value is 0x0F33;

    public static bool IsAlphanumeric(Rune rune) => IsAlphabetic(rune) || IsNumeric(rune);

    public static bool IsPrintable(Rune rune) =>
        rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
