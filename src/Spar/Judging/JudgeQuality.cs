namespace Spar.Judging;

/// <summary>
/// How a judge's verdicts agree with the truth. A response is accepted where it passes the gate and rejected where it
/// is below; ties and judgements that could not be read are neither. Shares are 0..1, and null where they would be
/// shares of nothing.
/// </summary>
/// <param name="Right">Judged responses that do satisfy their instruction.</param>
/// <param name="Wrong">Judged responses that do not.</param>
/// <param name="AcceptedRight">Accepted responses that do satisfy their instruction.</param>
/// <param name="AcceptedWrong">Accepted responses that do not.</param>
/// <param name="RejectedRight">Rejected responses that do satisfy their instruction.</param>
/// <param name="RejectedWrong">Rejected responses that do not.</param>
public sealed record JudgeQuality(
    int Right, int Wrong, int AcceptedRight, int AcceptedWrong, int RejectedRight, int RejectedWrong)
{
    /// <summary>Judged responses.</summary>
    public int Count => Right + Wrong;

    /// <summary>Share of the responses on which the verdict is right; one that is neither yes nor no is not.</summary>
    public double? Accuracy => Share(AcceptedRight + RejectedWrong, Count);

    /// <summary>Share of the accepted responses that do satisfy their instruction.</summary>
    public double? Precision => Share(AcceptedRight, AcceptedRight + AcceptedWrong);

    /// <summary>Share of the responses that do satisfy their instruction that are accepted.</summary>
    public double? Recall => Share(AcceptedRight, Right);

    /// <summary>Share of the responses that do not satisfy their instruction that are accepted.</summary>
    public double? FalseAcceptRate => Share(AcceptedWrong, Wrong);

    /// <summary>Share of the responses that are neither accepted nor rejected.</summary>
    public double? UndecidedRate => Share(Count - AcceptedRight - AcceptedWrong - RejectedRight - RejectedWrong, Count);

    /// <summary>Compares verdicts with the truth.</summary>
    /// <param name="judged">The valuation of each response, and whether it does satisfy its instruction.</param>
    /// <param name="gate">Decides the verdicts.</param>
    public static JudgeQuality Of(IReadOnlyCollection<(Valuation Valuation, bool Right)> judged, Gate gate)
    {
        int Count(bool right, Verdict verdict) =>
            judged.Count(one => one.Right == right && gate.VerdictOn(one.Valuation) == verdict);

        return new JudgeQuality(
            judged.Count(one => one.Right),
            judged.Count(one => !one.Right),
            Count(true, Verdict.Yes),
            Count(false, Verdict.Yes),
            Count(true, Verdict.No),
            Count(false, Verdict.No));
    }

    private static double? Share(int part, int whole) => whole == 0 ? null : (double)part / whole;
}
