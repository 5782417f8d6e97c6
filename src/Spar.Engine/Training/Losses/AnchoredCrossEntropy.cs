namespace Spar.Engine.Training.Losses;

/// <summary>A sequence of which some targets are learnt, and the others are held where they are.</summary>
/// <param name="Sequence">The sequence, with n targets.</param>
/// <param name="Learnt">Which of its targets are learnt, in their order, [n].</param>
/// <param name="Reference">
/// The reference model's log-probability of each target (<see cref="LlamaTrainer.TargetLogProbs"/>), [n]; those of
/// learnt ones do not matter.
/// </param>
public sealed record AnchoredSequence(TrainingSequence Sequence, bool[] Learnt, IReadOnlyList<double> Reference);

/// <summary>
/// The supervised loss of some targets, and an anchor for the others: with l the L learnt and a the A anchored targets
/// of a step, and q the reference model,
/// <code>
/// L = -sum_l log p_l / L + weight sum_a (log p_a - log q_a)^2 / 2 / A
/// </code>
/// Half the squared log-ratio estimates the divergence from the reference model (k2 in Schulman 2020, "Approximating KL
/// Divergence", http://joschu.net/blog/kl-approx.html). It is 0 where the model starts, so that the anchored targets
/// teach nothing, but that what is learnt does not belong there. A row is one sequence; weights of its targets count
/// only as 0 or not.
/// </summary>
public sealed class AnchoredCrossEntropy : ILoss<AnchoredSequence>
{
    private readonly double _weight;

    /// <summary>Sets the loss up.</summary>
    /// <param name="weight">Weight of the anchor, above 0.</param>
    public AnchoredCrossEntropy(double weight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(weight);
        _weight = weight;
    }

    /// <inheritdoc/>
    public int SequencesPerRow => 1;

    /// <inheritdoc/>
    public TrainingSequence Sequence(AnchoredSequence row, int index) => row.Sequence;

    /// <inheritdoc/>
    /// <exception cref="EngineException">No row has a target that is learnt.</exception>
    public IStepLoss Begin(IReadOnlyList<AnchoredSequence> rows)
    {
        int learnt = rows.Sum(row => row.Learnt.Count(one => one));
        return learnt > 0
            ? new StepLoss(rows, learnt, rows.Sum(row => row.Learnt.Length) - learnt, _weight)
            : throw CrossEntropy.NothingToLearn();
    }

    private sealed class StepLoss(IReadOnlyList<AnchoredSequence> rows, int learnt, int anchored, double weight)
        : IStepLoss
    {
        private double _loss;

        public LossFigures Total => new(_loss);

        public void Add(int firstRow, TokenBatch batch, ReadOnlySpan<float> logProbs, Span<float> gradient)
        {
            double entropy = 0, distance = 0;
            for (int s = 0; s < batch.SequenceCount; s++)
            {
                AnchoredSequence row = rows[firstRow + s];
                int first = batch.TargetsOf(s).Start.Value;
                for (int t = 0; t < row.Learnt.Length; t++)
                {
                    double logProb = logProbs[first + t];
                    if (row.Learnt[t])
                    {
                        entropy -= logProb;
                        gradient[first + t] = -1f / learnt;
                    }
                    else
                    {
                        double moved = logProb - row.Reference[t];
                        distance += moved * moved / 2;
                        gradient[first + t] = (float)(weight * moved / anchored);
                    }
                }
            }

            _loss += (entropy / learnt) + (anchored > 0 ? weight * distance / anchored : 0);
        }
    }
}
