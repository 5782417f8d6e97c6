using System.Globalization;

namespace Spar.Calls;

/// <summary>How a text is sampled.</summary>
/// <param name="Temperature">At least 0; 0 is greedy.</param>
/// <param name="TopP">Share of the probability that is kept, above 0 and at most 1.</param>
/// <param name="MaxTokens">Most new tokens, at least 1.</param>
public sealed record Sampling(double Temperature, double TopP, int MaxTokens)
{
    /// <summary>The same token limit, at temperature 0.</summary>
    public Sampling Greedy() => this with { Temperature = 0, TopP = 1 };

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"temperature {Temperature}, top-p {TopP}, at most {MaxTokens} tokens");
}
