namespace Spar.Seams;

/// <summary>Texts without instructions, as a method that writes instructions for them needs (Humpback).</summary>
public interface ITextSource
{
    /// <summary>The texts of an iteration. The same arguments give the same texts in the same order.</summary>
    /// <param name="count">How many are wanted; fewer come back when there are no more.</param>
    /// <param name="iteration">1 and up.</param>
    IReadOnlyList<string> Take(int count, int iteration);
}
