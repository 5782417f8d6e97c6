using System.Globalization;

namespace Spar.Runtime.Recipes;

/// <summary>
/// Text out of a file as a message may quote it: short, on one line, and with visible signs in place of what a terminal
/// would obey.
/// </summary>
internal static class Printable
{
    private const int MostCharacters = 80;

    /// <summary>A quotation, cut after 80 characters.</summary>
    /// <param name="text">Any text.</param>
    public static string Quote(string text) =>
        Name(text.Length <= MostCharacters ? text : $"{text[..MostCharacters]}...");

    /// <summary>A name, such as a path, in full.</summary>
    /// <param name="text">Any text.</param>
    public static string Name(string text) => string.Create(text.Length, text, static (shown, given) =>
    {
        for (int i = 0; i < given.Length; i++)
        {
            shown[i] = Sign(given[i]);
        }
    });

    /// <summary>A character as U+ and its number.</summary>
    /// <param name="c">The character.</param>
    public static string Code(char c) => string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4}");

    // Unicode has pictures of the ASCII control characters from U+2400 on.
    private static char Sign(char c) => char.GetUnicodeCategory(c) switch
    {
        _ when c < ' ' => (char)('\u2400' + c),
        UnicodeCategory.Control or UnicodeCategory.Format => '\ufffd',
        UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => '\ufffd',
        _ => c,
    };
}
