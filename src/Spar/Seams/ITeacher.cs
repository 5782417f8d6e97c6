using Spar.Calls;

namespace Spar.Seams;

/// <summary>
/// A program that bootstraps actor and refiner in the place of a stronger model. Its texts are in the formats that the
/// run's prompt set asks for, so that they can be learnt as they are; an answer that is not complete
/// (<see cref="Answer.Read"/>) is left out and counted.
/// </summary>
public interface ITeacher
{
    /// <summary>A good response to an instruction.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="seed">Decides which of the many good responses it is.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Answer> RespondAsync(string instruction, ulong seed, CancellationToken cancellationToken);

    /// <summary>A critique of a response that ends in a verdict, in the judge's output format.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to judge.</param>
    /// <param name="seed">Seed of whatever is random in the answer.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Answer> JudgeAsync(string instruction, string response, ulong seed, CancellationToken cancellationToken);

    /// <summary>
    /// A refinement of a failed response, in the refiner's output format: reflection first, then the delimited
    /// response.
    /// </summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to refine.</param>
    /// <param name="critique">What was found wrong with it, verdict included.</param>
    /// <param name="seed">Seed of whatever is random in the answer.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Answer> RefineAsync(
        string instruction, string response, string critique, ulong seed, CancellationToken cancellationToken);
}
