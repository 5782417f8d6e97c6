using System.Text.Json.Serialization;

namespace Spar.Experiments;

/// <summary>A quantity that was measured once a seed.</summary>
/// <param name="Values">One value a seed, in the order of the seeds; at least one.</param>
public sealed record Measured(IReadOnlyList<double> Values)
{
    /// <summary>Their mean.</summary>
    [JsonPropertyOrder(-2)]
    public double Mean => Values.Average();

    /// <summary>Their standard deviation over seeds (n - 1 in the denominator); null for a single seed.</summary>
    [JsonPropertyOrder(-1)]
    public double? Spread
    {
        get
        {
            double mean = Mean;
            return Values.Count < 2
                ? null : Math.Sqrt(Values.Sum(value => (value - mean) * (value - mean)) / (Values.Count - 1));
        }
    }

    /// <summary>The measurements of all seeds; null when one of them is missing.</summary>
    /// <param name="values">One value a seed, in the order of the seeds.</param>
    public static Measured? Of(IEnumerable<double?> values)
    {
        double?[] all = [.. values];
        return all.Length == 0 || all.Any(value => value is null)
            ? null : new Measured([.. all.Select(value => value!.Value)]);
    }

    /// <summary>Seed by seed, this less the other; null when the other is missing.</summary>
    /// <param name="other">Measured with the same seeds.</param>
    public Measured? Minus(Measured? other) => other is null
        ? null : new Measured([.. Values.Zip(other.Values, (mine, theirs) => mine - theirs)]);
}
