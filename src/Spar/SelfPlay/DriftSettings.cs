using System.ComponentModel.DataAnnotations;

namespace Spar.SelfPlay;

/// <summary>What a run does when it believes more of its refinements than verifiers do.</summary>
public enum DriftAction
{
    /// <summary>Says so and goes on.</summary>
    Warn,

    /// <summary>
    /// Ends before it trains on the iteration's data; what is there stays, and so do the results up to the iteration
    /// before.
    /// </summary>
    Stop,

    /// <summary>
    /// Goes on without those of the iteration's pairs on whose chosen response the votes were not unanimous, or that
    /// choose a response which trips a wire, whichever it is about.
    /// </summary>
    Reweight,
}

/// <summary>
/// When a run's belief in its own judgements is called drift. Measured on prompts whose constraints verifiers know:
/// share of searches that the judge
/// holds successful, less the share that verifiably is.
/// </summary>
public sealed record DriftSettings
{
    /// <summary>Difference of the two shares above which there is drift.</summary>
    [Range(0.0, 1.0)]
    public double Threshold { get; init; } = 0.1;

    /// <summary>
    /// Share of the rewarded responses that may trip a wire (stuffed, echoed or emptied answers, and constraints that
    /// only repetition satisfies) before it is called reward hacking; 0.05 unless set. Measured on a
    /// run's own prompts, and where judging.constraint_file names constraints.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? TrippedThreshold { get; init; }

    /// <summary>What to do then.</summary>
    public DriftAction Action { get; init; } = DriftAction.Warn;

    /// <summary><see cref="TrippedThreshold"/>, or its value where it is not set.</summary>
    internal double TrippedAllowed => TrippedThreshold ?? 0.05;
}
