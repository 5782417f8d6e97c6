namespace Spar.Methods.Checks;

/// <summary>
/// Which checks of an instruction can be trusted. As in AutoIF, checks and test cases vouch for each other: a case that
/// most checks contradict is dropped, and then a check that is wrong on too many of the cases left.
/// </summary>
internal static class CrossCheck
{
    /// <summary>Share of the cases on which a check has to be right.</summary>
    public const double LeastAccuracy = 0.8;

    /// <summary>
    /// The cases on which at least half of the checks agree with their writer, and the checks that are right on most of
    /// these.
    /// </summary>
    /// <returns>No checks where no case of either kind is left, since then nothing vouches for them.</returns>
    public static (IReadOnlyList<CheckExpression> Checks, IReadOnlyList<CheckCase> Cases) Keep(
        IReadOnlyList<CheckExpression> checks, IReadOnlyList<CheckCase> cases)
    {
        CheckCase[] trusted = [
            .. cases.Where(test => checks.Count > 0
                && 2 * checks.Count(check => check.Holds(test.Response) == test.Follows) >= checks.Count)];
        bool both = trusted.Any(test => test.Follows) && trusted.Any(test => !test.Follows);
        return (
            both
            ? [.. checks.Where(
                check =>
                    trusted.Count(
                        test => check.Holds(test.Response) == test.Follows) >= LeastAccuracy * trusted.Length)] : [],
                        trusted);
    }
}
