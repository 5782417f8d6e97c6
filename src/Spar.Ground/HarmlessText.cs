using System.Globalization;

namespace Spar.Ground;

/// <summary>
/// Text of users, models and files as a person may be shown it: what a terminal would obey, or what cannot be written,
/// becomes a visible sign of one column.
/// </summary>
public static class HarmlessText
{
    private const int MostCharacters = 80;

    /// <summary>
    /// A whole text: control characters, among them those that begin escape sequences, marks that reverse the order of
    /// writing, and halves of surrogate pairs become signs; line breaks and tabs stay.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <returns>The same text where there is nothing to replace.</returns>
    public static string Of(string text) => With(text, IsHarmful);

    /// <summary>
    /// A name, such as a path or a key, on one line: as <see cref="Of"/>, and line breaks, tabs and what cannot be seen
    /// (zero-width characters) become signs too.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <returns>The same text where there is nothing to replace.</returns>
    public static string Name(string text) => With(text, IsHarmfulInName);

    /// <summary>A quotation: as <see cref="Name"/>, cut after 80 characters.</summary>
    /// <param name="text">Any text.</param>
    public static string Quote(string text) =>
        Name(text.Length <= MostCharacters ? text : $"{text[..MostCharacters]}...");

    private static string With(string text, Func<string, int, bool> replaced)
    {
        int first = 0;
        while (first < text.Length && !replaced(text, first))
        {
            first++;
        }

        return first == text.Length
            ? text
            : string.Create(
                text.Length,
                (text, replaced),
                static (shown, given) =>
                {
                    for (int i = 0; i < shown.Length; i++)
                    {
                        shown[i] = given.replaced(given.text, i) ? Sign(given.text[i]) : given.text[i];
                    }
                });
    }

    // Half a surrogate pair cannot be written as UTF-8; the encoder would put a question mark.
    private static bool IsHarmful(string text, int i) => text[i] switch
    {
        '\n' or '\t' => false,
        char c when char.IsControl(c) => true,
        >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069' => true,
        char c when char.IsHighSurrogate(c) => i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]),
        char c when char.IsLowSurrogate(c) => i == 0 || !char.IsHighSurrogate(text[i - 1]),
        _ => false,
    };

    private static bool IsHarmfulInName(string text, int i) =>
        IsHarmful(text, i)
        || char.GetUnicodeCategory(text[i]) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    // Unicode has pictures of the ASCII control characters from U+2400 on.
    private static char Sign(char harmful) => harmful switch
    {
        < ' ' => (char)('\u2400' + harmful),
        '\u007f' => '\u2421',
        _ => '\ufffd',
    };
}
