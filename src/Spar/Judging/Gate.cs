namespace Spar.Judging;

/// <summary>How a judge decides on one response.</summary>
public enum Verdict
{
    /// <summary>It passes the gate: the response satisfies its instruction.</summary>
    Yes,

    /// <summary>Its value is below the gate.</summary>
    No,

    /// <summary>Its value is the gate's own, neither above nor below.</summary>
    Tie,

    /// <summary>It has no value: no vote could be read.</summary>
    Undecided,
}

/// <summary>
/// The value above which a response counts as satisfying its instruction. Everything that asks whether a response
/// passed asks here: which samples are negatives, when a search ends, what is paired and learnt, which answer decoding
/// takes, what a report marks. At the paper's 0.5 the verdict is that of the majority.
/// </summary>
/// <param name="Threshold">0..1.</param>
public readonly record struct Gate(double Threshold)
{
    /// <summary>The paper's gate: more yes than no.</summary>
    public static Gate Majority { get; } = new(0.5);

    /// <summary>Whether a valuation is a yes.</summary>
    /// <param name="valuation">Null where nothing was judged, which does not pass.</param>
    public bool Passes(Valuation? valuation) => VerdictOn(valuation?.Value) == Verdict.Yes;

    /// <summary>The verdict.</summary>
    /// <param name="valuation">The valuation.</param>
    public Verdict VerdictOn(Valuation valuation) => VerdictOn(valuation.Value);

    /// <summary>The verdict on a value.</summary>
    /// <param name="value">0..1; null where there is none.</param>
    public Verdict VerdictOn(double? value) =>
        value is not { } known ? Verdict.Undecided : known > Threshold ? Verdict.Yes : known < Threshold
            ? Verdict.No : Verdict.Tie;
}
