namespace Spar.Experiments.Synthetic;

/// <summary>A model, measured on held-out prompts at some point of its training.</summary>
/// <param name="Step">Optimizer steps taken until then.</param>
/// <param name="Success">Share of responses that do what was asked.</param>
/// <param name="Interference">
/// Mean of what interferes over the responses where it can be told; null where it cannot be told of any.
/// </param>
public sealed record CurvePoint(int Step, double Success, double? Interference);

/// <summary>One problem with one seed: how both kinds of pairs did, from the very same start.</summary>
/// <param name="Problem">The problem's name.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Refined">Points by rising step, from 0.</param>
/// <param name="Interfering">The same steps.</param>
public sealed record PairCurves(
    string Problem, ulong Seed, IReadOnlyList<CurvePoint> Refined, IReadOnlyList<CurvePoint> Interfering)
{
    /// <summary>The points of a kind.</summary>
    /// <param name="kind">The kind.</param>
    public IReadOnlyList<CurvePoint> Of(PairKind kind) => kind == PairKind.Refined ? Refined : Interfering;
}
