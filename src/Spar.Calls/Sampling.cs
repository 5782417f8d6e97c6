using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace Spar.Calls;

/// <summary>How a text is sampled.</summary>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="TopP">Share of the probability that is kept.</param>
/// <param name="MaxTokens">Most new tokens.</param>
public sealed record Sampling(
    [property: Range(0.0, double.MaxValue)] double Temperature,
    [property: Range(0.0, 1.0, MinimumIsExclusive = true)] double TopP,
    [property: Range(1, int.MaxValue)] int MaxTokens)
{
    /// <summary>Greedy decoding.</summary>
    /// <param name="maxTokens">Most new tokens.</param>
    public static Sampling GreedyUpTo(int maxTokens) => new(0, 1, maxTokens);

    /// <summary>The same token limit, at temperature 0.</summary>
    public Sampling Greedy() => this with { Temperature = 0, TopP = 1 };

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture, $"temperature {Temperature}, top-p {TopP}, at most {MaxTokens} tokens");
}
