namespace Spar.Engine.Sampling;

/// <summary>
/// How the next token is drawn from a row of logits. Filters are applied in this order: penalties, temperature, top-k,
/// top-p, min-p; the defaults switch every filter off and sample at temperature 1.
/// </summary>
internal sealed record SamplingOptions
{
    /// <summary>Greedy decoding: the largest logit, the lowest id on ties.</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>
    /// Divisor of the logits, at least 0. 0 is greedy decoding: top-k, top-p and min-p have no effect then.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Keeps the k largest logits, and those equal to the k-th; 0 is off.</summary>
    public int TopK { get; init; }

    /// <summary>
    /// Keeps the fewest largest probabilities whose sum reaches p, in (0, 1]; 1 is off. Equal probabilities are taken
    /// lowest id first.
    /// </summary>
    public double TopP { get; init; } = 1;

    /// <summary>Keeps probabilities of at least this share of the largest one, 0..1; 0 is off.</summary>
    public double MinP { get; init; }

    /// <summary>
    /// Divides positive and multiplies negative logits of ids that occurred before (prompt included), above 0; 1 is
    /// off.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>
    /// Taken from the logits of ids that were generated before (prompt excluded), -2 to 2; 0 is off. After the
    /// repetition penalty.
    /// </summary>
    public double PresencePenalty { get; init; }

    /// <summary>
    /// Taken from an id's logit once for every time that it was generated before (prompt excluded), -2 to 2; 0 is off.
    /// </summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Checks every range.</summary>
    /// <exception cref="EngineException">A value is out of range; the message names it.</exception>
    public void Validate()
    {
        Require(
            Temperature >= 0 && double.IsFinite(Temperature), nameof(Temperature), Temperature, "0 (greedy) or more");
        Require(TopK >= 0, nameof(TopK), TopK, "0 (off) or more");
        Require(TopP > 0 && TopP <= 1, nameof(TopP), TopP, "above 0 and at most 1 (off)");
        Require(MinP >= 0 && MinP <= 1, nameof(MinP), MinP, "between 0 (off) and 1");
        Require(
            PresencePenalty is >= -2 and <= 2, nameof(PresencePenalty), PresencePenalty, "between -2 and 2 (0 is off)");
        Require(
            FrequencyPenalty is >= -2 and <= 2, nameof(FrequencyPenalty), FrequencyPenalty,
            "between -2 and 2 (0 is off)");
        Require(
            RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), nameof(RepetitionPenalty), RepetitionPenalty,
            "above 0 (1 is off)");
    }

    private static void Require(bool holds, string name, double value, string range)
    {
        if (!holds)
        {
            throw new EngineException(
                FormattableString.Invariant($"Sampling option {name} is {value}; it must be {range}."));
        }
    }
}
