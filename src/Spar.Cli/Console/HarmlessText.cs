using Spectre.Console.Rendering;

namespace Spar.Cli.Console;

/// <summary>
/// Makes text of users, models and files harmless before a terminal sees it: control characters, among them those that
/// begin escape sequences, and marks that reverse the order of writing become visible signs of one column. Line breaks
/// and tabs stay. As a hook of a console it sees all that is written through it, tables included; what is written to
/// the console's stream directly has to pass <see cref="Of"/>.
/// </summary>
internal sealed class HarmlessText : IRenderHook
{
    /// <summary>The text with visible signs in place of control characters; the same text when it has none.</summary>
    /// <param name="text">Any text.</param>
    public static string Of(string text)
    {
        int first = 0;
        while (first < text.Length && !IsHarmful(text, first))
        {
            first++;
        }

        return first == text.Length
            ? text
            : string.Create(
                text.Length,
                text,
                static (shown, given) =>
                {
                    for (int i = 0; i < given.Length; i++)
                    {
                        shown[i] = IsHarmful(given, i) ? Sign(given[i]) : given[i];
                    }
                }
            );
    }

    /// <inheritdoc/>
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new Harmless(renderable));

    // Half a surrogate pair cannot be written as UTF-8; the encoder would put a question mark.
    private static bool IsHarmful(string text, int i) =>
        text[i] switch
        {
            '\n' or '\t' => false,
            < ' ' or (>= '\u007f' and <= '\u009f') => true,
            >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069' => true,
            char c when char.IsHighSurrogate(c) => i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]),
            char c when char.IsLowSurrogate(c) => i == 0 || !char.IsHighSurrogate(text[i - 1]),
            _ => false,
        };

    // Unicode has pictures of the ASCII control characters from U+2400 on.
    private static char Sign(char harmful) =>
        harmful switch
        {
            < ' ' => (char)('\u2400' + harmful),
            '\u007f' => '\u2421',
            _ => '\ufffd',
        };

    private sealed class Harmless(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner
                .Render(options, maxWidth)
                .Select(segment =>
                    segment.IsControlCode || Of(segment.Text) == segment.Text
                        ? segment
                        : new Segment(Of(segment.Text), segment.Style)
                );
    }
}
