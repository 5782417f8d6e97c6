namespace Spar.Engine.Training.Losses;

/// <summary>
/// The supervised loss: L = -sum_t w_t log p_t / sum_t w_t over all targets t of a step, as Transformers' Trainer takes
/// the mean over a step's tokens. w_t is the target's weight, 1 unless its sequence gives another. A row is one
/// sequence.
/// </summary>
public sealed class CrossEntropy : ILoss<TrainingSequence>
{
    /// <inheritdoc/>
    public int SequencesPerRow => 1;

    /// <inheritdoc/>
    public TrainingSequence Sequence(TrainingSequence row, int index) => row;

    /// <inheritdoc/>
    /// <exception cref="EngineException">No row has a target.</exception>
    public IStepLoss Begin(IReadOnlyList<TrainingSequence> rows)
    {
        double totalWeight = 0;
        foreach (TrainingSequence row in rows)
        {
            for (int i = 0; i < row.Tokens.Length; i++)
            {
                totalWeight += row.Weight(i);
            }
        }

        return totalWeight > 0 ? new StepLoss(totalWeight) : throw NothingToLearn();
    }

    /// <summary>The fault of a step without a target to learn.</summary>
    internal static EngineException NothingToLearn() => new(
        "No row of this training step has a response to learn from. Check the data, and that prompts are shorter "
        + "than the cutoff length.");

    private sealed class StepLoss(double totalWeight) : IStepLoss
    {
        private double _loss;

        public LossFigures Total => new(_loss);

        public bool TryGradient(TokenBatch batch, Span<float> gradient)
        {
            ReadOnlySpan<float> weights = batch.TargetWeights;
            for (int t = 0; t < weights.Length; t++)
            {
                gradient[t] = (float)(-weights[t] / totalWeight);
            }

            return true;
        }

        public void Add(int firstRow, TokenBatch batch, ReadOnlySpan<float> logProbs, Span<float> gradient)
        {
            TryGradient(batch, gradient);
            ReadOnlySpan<float> weights = batch.TargetWeights;
            double sum = 0;
            for (int t = 0; t < logProbs.Length; t++)
            {
                sum -= weights[t] * (double)logProbs[t];
            }

            _loss += sum / totalWeight;
        }
    }
}
