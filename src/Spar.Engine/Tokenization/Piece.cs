namespace Spar.Engine.Tokenization;

/// <summary>A stretch of text on its way to the BPE model.</summary>
/// <param name="Text">The text that holds the stretch, as normalised so far.</param>
/// <param name="Start">First UTF-16 unit of the stretch.</param>
/// <param name="Length">UTF-16 units in the stretch.</param>
/// <param name="Origin">
/// For each unit of <paramref name="Text"/>, the unit of the source text that it comes from; null when offsets are not
/// asked for.
/// </param>
/// <param name="AtSourceStart">True when the stretch begins where the source text begins.</param>
internal readonly record struct Piece(string Text, int Start, int Length, int[]? Origin, bool AtSourceStart)
{
    public ReadOnlySpan<char> Span => Text.AsSpan(Start, Length);

    /// <summary>A part of this piece; <paramref name="start"/> counts from the piece's beginning.</summary>
    public Piece Slice(int start, int length) => new(Text, Start + start, length, Origin, AtSourceStart && start == 0);

    /// <summary>
    /// The piece with <paramref name="prefix"/> before it; the prefix comes from where the first character does.
    /// </summary>
    public Piece Prepend(char prefix)
    {
        int[]? origin = Origin is null ? null : [Origin[Start], .. Origin.AsSpan(Start, Length)];
        return new Piece(string.Concat([prefix], Span), 0, Length + 1, origin, AtSourceStart);
    }
}
