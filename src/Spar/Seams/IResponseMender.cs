namespace Spar.Seams;

/// <summary>
/// Edits responses by rule until they follow the constraints of their instruction. Used from many threads at once; the
/// same arguments give the same result.
/// </summary>
public interface IResponseMender
{
    /// <summary>What an instruction asks for without its constraints; null where that is not known.</summary>
    /// <param name="instruction">The instruction.</param>
    string? RequestOf(string instruction);

    /// <summary>
    /// Ends a response before it begins to repeat itself, and after its last whole sentence where it was cut off.
    /// </summary>
    /// <param name="response">The response; any text.</param>
    /// <param name="cutOff">Whether it was cut off.</param>
    /// <returns>The response, or what is left of it; null where no whole sentence is.</returns>
    string? End(string response, bool cutOff);

    /// <summary>Mends a response.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response; any text.</param>
    /// <param name="seed">Chooses among edits that serve the same purpose.</param>
    /// <returns>
    /// A response that follows all constraints, the same one where it does already; null where the instruction is not
    /// known, or no edit is that makes it so.
    /// </returns>
    string? Mend(string instruction, string response, ulong seed);
}
