namespace Spar.Seams;

/// <summary>
/// Tells responses that satisfy checks instead of the person who asked: stuffed, echoed, emptied. Used from many
/// threads at once; the same arguments give the same result.
/// </summary>
public interface ITripWires
{
    /// <summary>The signs that a response shows.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response; any text.</param>
    /// <returns>Their names; empty for nearly every honest response.</returns>
    IReadOnlyList<string> Trip(string instruction, string response);
}
