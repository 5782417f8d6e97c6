using Spar.Judging;
using Spar.Seams;
using Spar.Search;

namespace Spar.Decoding;

/// <summary>A way to spend model calls on one prompt at inference time.</summary>
public interface IDecodingStrategy
{
    /// <summary>Answers a prompt.</summary>
    /// <param name="key">Names the answer in the run; its calls' names begin with it.</param>
    /// <param name="prompt">The prompt; its id is not used.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Calls.CallFailedException">A call failed, and there is no response to fall back on.</exception>
    Task<Decoded> DecodeAsync(string key, Prompt prompt, CancellationToken cancellationToken);
}

/// <summary>Shorter ways to use a strategy.</summary>
public static class DecodingStrategyExtensions
{
    /// <summary>Answers an instruction that no conversation comes before.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="key">Names the answer in the run; its calls' names begin with it.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="Calls.CallFailedException">A call failed, and there is no response to fall back on.</exception>
    public static Task<Decoded> DecodeAsync(
        this IDecodingStrategy strategy, string key, string instruction, CancellationToken cancellationToken) =>
        strategy.DecodeAsync(key, new Prompt("", instruction), cancellationToken);
}

/// <summary>A response that was weighed.</summary>
/// <param name="Response">Its text.</param>
/// <param name="Valuation">What the refiner made of it; null where the strategy asks for none.</param>
public sealed record Candidate(string Response, Valuation? Valuation)
{
    /// <summary>Why it is not complete; null when it is.</summary>
    public string? Incomplete { get; init; }

    /// <summary>False where there is nothing to weigh or refine: no word, or a refusal.</summary>
    internal bool Says => Response.Trim().Length > 0 && Incomplete != Calls.AnswerReading.Refused;

    /// <summary>A response that was not weighed yet.</summary>
    /// <param name="reading">The answer.</param>
    public static Candidate Of(Calls.AnswerReading reading) =>
        new(reading.Text, null) { Incomplete = reading.Incomplete };
}

/// <summary>What a strategy came to.</summary>
/// <param name="Response">The response it settled on.</param>
/// <param name="Candidates">
/// Every response that was generated, in the order of the calls; for a search, the tree's nodes.
/// </param>
/// <param name="Tree">The search tree; null where none was grown.</param>
public sealed record Decoded(string Response, IReadOnlyList<Candidate> Candidates, SearchTree? Tree = null);
