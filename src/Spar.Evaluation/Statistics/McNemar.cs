namespace Spar.Evaluation.Statistics;

/// <summary>McNemar's exact test (1947): do two systems that answered the same yes/no items differ?</summary>
public static class McNemar
{
    /// <summary>
    /// Two-sided p-value: under no difference, the items on which the two disagree fall either way like a fair coin, so
    /// it is twice the smaller tail of a binomial with p = 1/2, at most 1.
    /// </summary>
    /// <param name="onlyFirst">Items that only the first got right.</param>
    /// <param name="onlySecond">Items that only the second got right.</param>
    /// <returns>In (0, 1]; 1 where they never disagree.</returns>
    public static double PValue(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        int n = onlyFirst + onlySecond;
        int smaller = Math.Min(onlyFirst, onlySecond);

        // log C(n, i) is kept by addition, so that thousands of disagreements neither overflow nor underflow to 0
        // early.
        double logChoose = 0;
        double logHalfToTheN = -n * Math.Log(2);
        double tail = 0;
        for (int i = 0; i <= smaller; i++)
        {
            tail += Math.Exp(logChoose + logHalfToTheN);
            logChoose += Math.Log(n - i) - Math.Log(i + 1);
        }

        return Math.Min(1, 2 * tail);
    }
}
