using Spar.Calls;
using Spar.Judging;

namespace Spar.Evaluators;

/// <summary>How a model judges.</summary>
public sealed record JudgeOptions
{
    /// <summary>
    /// How the value comes about: sampled votes, votes until the verdict is settled, or the probability of yes, which
    /// needs a client that reports the log-probabilities of alternatives (<see cref="IAlternativesClient"/>).
    /// </summary>
    public ValuationMethod Valuation { get; init; } = ValuationMethod.Votes;

    /// <summary>Judgements of a response, at least 1; a probability takes one.</summary>
    public int Votes { get; init; } = 5;

    /// <summary>Value above which a response passes, 0..1; at 0.5 the majority decides.</summary>
    public double Gate { get; init; } = 0.5;

    /// <summary>The templates by which the model is asked: <c>full</c>, <c>compact</c> or a folder.</summary>
    public string Templates { get; init; } = "full";

    /// <summary>How judgements are sampled.</summary>
    public Sampling Sampling { get; init; } = new(0.7, 0.95, 2048);

    /// <summary>Decides each call's seed together with what is judged.</summary>
    public ulong Seed { get; init; }

    /// <summary>Most calls in flight for one response, at least 1.</summary>
    public int Concurrency { get; init; } = 8;
}
