namespace Spar.Engine.Training;

/// <summary>The supervised loss: sum of -w_t log p_t over all targets of a step, divided by the sum of their weights w_t (1 each unless given).</summary>
public static class CrossEntropy
{
    /// <summary>One batch's share of the loss and its gradient with respect to the log-probabilities.</summary>
    /// <param name="logProbs">log p_t, [P].</param>
    /// <param name="weights">w_t, above 0, [P].</param>
    /// <param name="totalWeight">Sum of the weights of the whole step, which may be several batches; above 0.</param>
    /// <param name="gradient">Receives -w_t / totalWeight, [P].</param>
    /// <returns>The share; the shares of a step's batches add up to its loss.</returns>
    public static double Evaluate(ReadOnlySpan<float> logProbs, ReadOnlySpan<float> weights, double totalWeight, Span<float> gradient)
    {
        double sum = 0;
        for (int i = 0; i < logProbs.Length; i++)
        {
            sum -= weights[i] * (double)logProbs[i];
            gradient[i] = (float)(-weights[i] / totalWeight);
        }

        return sum / totalWeight;
    }
}
