using Spar.Calls;

namespace Spar.Seams;

/// <summary>
/// Writes checks of instructions, with test cases, for the method that filters responses by them (AutoIF).
/// </summary>
public interface ICheckWriter
{
    /// <summary>
    /// A check of an instruction and some test cases: a line <c>check: EXPRESSION</c> (the language is
    /// <see cref="Methods.Checks.CheckExpression"/>), then lines <c>case yes: RESPONSE</c> and <c>case no:
    /// RESPONSE</c>.
    /// </summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="seed">Decides which of the possible checks and cases they are.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Answer> WriteAsync(string instruction, ulong seed, CancellationToken cancellationToken);

    /// <summary>
    /// Back-verification: does the check ask for what the instruction asks for? The answer ends in a verdict in the
    /// judge's output format.
    /// </summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="check">The check's expression.</param>
    /// <param name="seed">Seed of whatever is random in the answer.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Answer> ConfirmAsync(string instruction, string check, ulong seed, CancellationToken cancellationToken);
}
