namespace Spar.Web.Charts;

/// <summary>
/// The range in which a share measured on a sample stands with 95 % confidence: Wilson's score interval (Wilson 1927).
/// </summary>
public static class BinomialInterval
{
    private const double Z = 1.959963984540054;

    /// <summary>The interval of a share.</summary>
    /// <param name="share">Successes over trials, 0..1.</param>
    /// <param name="trials">Number of independent trials, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The share is not in 0..1, or there are no trials.</exception>
    public static (double Low, double High) Wilson95(double share, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        if (!(share >= 0 && share <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(share), share, "A share lies in 0..1.");
        }
        double z2 = Z * Z;
        double scale = 1 + (z2 / trials);
        double centre = (share + (z2 / (2.0 * trials))) / scale;
        double half = Z / scale * Math.Sqrt((share * (1 - share) / trials) + (z2 / (4.0 * trials * trials)));
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
