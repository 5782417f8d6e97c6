namespace Spar.Evaluation.HumanEval;

/// <summary>The unbiased estimator of pass@k (Chen et al. 2021, equation 1).</summary>
public static class PassAtK
{
    /// <summary>
    /// The chance that at least one of k samples, drawn without repetition from n of which c are correct, is correct:
    /// 1 - prod over i = n-c+1..n of (1 - k/i).
    /// </summary>
    /// <param name="n">Samples, at least 1.</param>
    /// <param name="c">Correct ones, 0..n.</param>
    /// <param name="k">Draws, 1..n.</param>
    public static double Estimate(int n, int c, int k)
    {
        if (n - c < k)
        {
            return 1;
        }

        double allWrong = 1;
        for (int i = n - c + 1; i <= n; i++)
        {
            allWrong *= 1 - ((double)k / i);
        }

        return 1 - allWrong;
    }
}
