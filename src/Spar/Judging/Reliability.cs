namespace Spar.Judging;

/// <summary>Judged responses whose values lie close together, and what the truth about them is.</summary>
/// <param name="From">Least value of the bin, 0..1.</param>
/// <param name="To">Values of the bin are below this; in the last bin 1 belongs to it too.</param>
/// <param name="Count">Responses, at least 1.</param>
/// <param name="MeanValue">Mean of their values.</param>
/// <param name="Verified">Share of them that do satisfy their instruction.</param>
public sealed record ReliabilityBin(double From, double To, int Count, double MeanValue, double Verified);

/// <summary>
/// Does a value of 0.8 mean that 8 of 10 such responses are right? A calibrated judge's curve is the diagonal.
/// </summary>
/// <param name="Bins">Tenths of 0..1 that hold at least one response, by rising value.</param>
public sealed record Reliability(IReadOnlyList<ReliabilityBin> Bins)
{
    private const int Tenths = 10;

    /// <summary>
    /// Expected calibration error, 0..1: the mean distance of a bin's verified share from its mean value, weighted by
    /// the bins' counts (Guo et al., 2017, arXiv 1706.04599, eq. 5); null without bins.
    /// </summary>
    public double? ExpectedCalibrationError => Bins.Count == 0
        ? null
        : Bins.Sum(bin => bin.Count * Math.Abs(bin.MeanValue - bin.Verified)) / Bins.Sum(bin => bin.Count);

    /// <summary>Sorts responses into bins; those without a value are left out.</summary>
    /// <param name="judged">The valuation of each response, and whether it does satisfy its instruction.</param>
    public static Reliability Of(IEnumerable<(Valuation Valuation, bool Right)> judged) => new(
    [
        .. judged.Where(one => one.Valuation.Value is not null)
            .GroupBy(one => Math.Min(Tenths - 1, (int)(one.Valuation.Value!.Value * Tenths)))
            .OrderBy(bin => bin.Key)
            .Select(bin => new ReliabilityBin(
                bin.Key / (double)Tenths, (bin.Key + 1) / (double)Tenths, bin.Count(),
                bin.Average(one => one.Valuation.Value!.Value), bin.Count(one => one.Right) / (double)bin.Count())),
    ]);
}
