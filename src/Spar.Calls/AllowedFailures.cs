using System.Globalization;

namespace Spar.Calls;

/// <summary>
/// The share of failed calls with which work counts as done. What failed is left out and shown; the rule itself and
/// its words are the same for runs and evaluations.
/// </summary>
public static class AllowedFailures
{
    /// <summary>Whether work may go on without what failed; never without all of it.</summary>
    /// <param name="failed">What failed.</param>
    /// <param name="total">What there was to do.</param>
    /// <param name="share">Share that may fail, 0..1.</param>
    public static bool Accept(int failed, int total, double share) =>
        failed == 0 || (failed < total && failed <= share * total);

    /// <summary>The least whole percentage that accepts so many failures, as in "2%".</summary>
    /// <param name="failed">What failed.</param>
    /// <param name="total">What there was to do, at least 1.</param>
    public static string Least(int failed, int total) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(100.0 * failed / total)}%");
}
