namespace Spar.Engine.Training.Losses;

/// <summary>A preference pair with the reference model's log-probabilities.</summary>
/// <param name="Chosen">Prompt and preferred response; the targets are the response.</param>
/// <param name="Rejected">The same prompt and the other response.</param>
/// <param name="ReferenceChosen">
/// Sum of the reference model's log-probabilities of the chosen response's tokens
/// (<see cref="LlamaTrainer.SequenceLogProbs"/>).
/// </param>
/// <param name="ReferenceRejected">The same of the rejected response.</param>
public sealed record TrainingPair(
    TrainingSequence Chosen, TrainingSequence Rejected, double ReferenceChosen, double ReferenceRejected);

/// <summary>
/// Direct preference optimization (Rafailov et al. 2023, equation 7) with an optional likelihood term, as
/// LLaMA-Factory's <c>pref_ftx</c> has it. With c and r the policy's summed log-probabilities of the chosen and the
/// rejected response, c0 and r0 the reference model's, and n the tokens of the chosen response, the loss of a pair is
/// <code>
/// L = -log sigmoid(beta ((c - c0) - (r - r0))) - sftWeight c / n
/// </code>
/// and that of a step is the mean over its pairs. beta (c - c0) and beta (r - r0) are the rewards. A row is two
/// sequences, chosen and rejected.
/// </summary>
public sealed class Dpo : ILoss<TrainingPair>
{
    private readonly double _beta;
    private readonly double _sftWeight;

    /// <summary>Sets the loss up.</summary>
    /// <param name="beta">Strength of the pull towards the reference model, above 0.</param>
    /// <param name="sftWeight">Weight of the chosen responses' likelihood, at least 0; 0 for none.</param>
    public Dpo(double beta, double sftWeight)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(beta);
        ArgumentOutOfRangeException.ThrowIfNegative(sftWeight);
        (_beta, _sftWeight) = (beta, sftWeight);
    }

    /// <inheritdoc/>
    public int SequencesPerRow => 2;

    /// <inheritdoc/>
    public TrainingSequence Sequence(TrainingPair row, int index) => index == 0 ? row.Chosen : row.Rejected;

    /// <inheritdoc/>
    /// <exception cref="EngineException">A response has no target.</exception>
    public IStepLoss Begin(IReadOnlyList<TrainingPair> rows)
    {
        ArgumentOutOfRangeException.ThrowIfZero(rows.Count);
        for (int p = 0; p < rows.Count; p++)
        {
            if (rows[p].Chosen.TargetCount == 0 || rows[p].Rejected.TargetCount == 0)
            {
                throw new EngineException($"Preference pair {p} of this step has an empty response. "
                    + "Check the data, and that prompts are shorter than the cutoff length.");
            }
        }

        return new StepLoss(rows, _beta, _sftWeight);
    }

    private sealed class StepLoss(IReadOnlyList<TrainingPair> pairs, double beta, double sftWeight) : IStepLoss
    {
        private double _loss;
        private double _margin;
        private int _right;

        public LossFigures Total => new(_loss / pairs.Count, _margin / pairs.Count, (double)_right / pairs.Count);

        public void Add(int firstRow, TokenBatch batch, ReadOnlySpan<float> logProbs, Span<float> gradient)
        {
            for (int s = 0; s < batch.SequenceCount; s += 2)
            {
                TrainingPair pair = pairs[firstRow + (s / 2)];
                Range chosen = batch.TargetsOf(s), rejected = batch.TargetsOf(s + 1);
                int tokens = chosen.End.Value - chosen.Start.Value;
                double c = Sum(logProbs[chosen]), r = Sum(logProbs[rejected]);
                double chosenReward = beta * (c - pair.ReferenceChosen);
                double rejectedReward = beta * (r - pair.ReferenceRejected);
                double margin = chosenReward - rejectedReward;
                double dpo = margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin;
                double slope = -beta / (1 + Math.Exp(margin)); // d dpo / d c; by r it is the opposite
                gradient[chosen].Fill((float)((slope - (sftWeight / tokens)) / pairs.Count));
                gradient[rejected].Fill((float)(-slope / pairs.Count));
                _loss += dpo - (sftWeight * c / tokens);
                _margin += margin;
                _right += chosenReward > rejectedReward ? 1 : 0;
            }
        }

        private static double Sum(ReadOnlySpan<float> logProbs)
        {
            double sum = 0;
            foreach (float logProb in logProbs)
            {
                sum += logProb;
            }

            return sum;
        }
    }
}
