using Spar.Ground;
using Spectre.Console.Rendering;

namespace Spar.Cli.Console;

/// <summary>
/// Makes all that is written through a console harmless (<see cref="HarmlessText"/>), tables included; what is written
/// to the console's stream directly has to pass <see cref="HarmlessText.Of"/>.
/// </summary>
internal sealed class HarmlessTextHook : IRenderHook
{
    /// <inheritdoc/>
    public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
        renderables.Select(renderable => new Harmless(renderable));

    private sealed class Harmless(IRenderable inner) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => inner.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            inner
                .Render(options, maxWidth)
                .Select(segment =>
                    segment.IsControlCode || HarmlessText.Of(segment.Text) == segment.Text
                        ? segment
                        : new Segment(HarmlessText.Of(segment.Text), segment.Style));
    }
}
