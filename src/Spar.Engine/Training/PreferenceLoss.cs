namespace Spar.Engine.Training;

/// <summary>A preference pair with the reference model's log-probabilities.</summary>
/// <param name="Chosen">Prompt and preferred response; the targets are the response.</param>
/// <param name="Rejected">The same prompt and the other response.</param>
/// <param name="ReferenceChosen">Sum of the reference model's log-probabilities of the chosen response's tokens (<see cref="LlamaTrainer.SequenceLogProbs"/>).</param>
/// <param name="ReferenceRejected">The same of the rejected response.</param>
public sealed record TrainingPair(TrainingSequence Chosen, TrainingSequence Rejected, double ReferenceChosen, double ReferenceRejected);

/// <summary>What the loss says about one pair.</summary>
/// <param name="Loss">-log sigmoid(beta h) - sftWeight * chosen / chosenCount, with h as in <see cref="PreferenceLoss"/>.</param>
/// <param name="ChosenReward">beta (policy - reference) of the chosen response.</param>
/// <param name="RejectedReward">The same of the rejected response.</param>
/// <param name="ChosenGradient">Derivative of <paramref name="Loss"/> by the log-probability of each token of the chosen response.</param>
/// <param name="RejectedGradient">The same of the rejected response.</param>
public readonly record struct PairLoss(double Loss, double ChosenReward, double RejectedReward, double ChosenGradient, double RejectedGradient);

/// <summary>
/// Direct preference optimization (Rafailov et al. 2023) with an optional likelihood term, as LLaMA-Factory's <c>pref_ftx</c> has it:
/// -log sigmoid(beta h) + sftWeight (-chosen / chosenCount), where h = (chosen - referenceChosen) - (rejected - referenceRejected) and the
/// log-probabilities are sums over the response. The likelihood is averaged over each response's tokens; the loss of a step is the mean over pairs.
/// </summary>
public static class PreferenceLoss
{
    /// <summary>The loss of one pair.</summary>
    /// <param name="chosen">Policy's summed log-probability of the chosen response.</param>
    /// <param name="rejected">Policy's summed log-probability of the rejected response.</param>
    /// <param name="referenceChosen">The reference model's, of the chosen response.</param>
    /// <param name="referenceRejected">The reference model's, of the rejected response.</param>
    /// <param name="chosenCount">Tokens of the chosen response, at least 1.</param>
    /// <param name="beta">Strength of the pull towards the reference, above 0.</param>
    /// <param name="sftWeight">Weight of the likelihood term, 0 for none.</param>
    public static PairLoss Evaluate(double chosen, double rejected, double referenceChosen, double referenceRejected, int chosenCount, double beta, double sftWeight)
    {
        double chosenReward = beta * (chosen - referenceChosen), rejectedReward = beta * (rejected - referenceRejected);
        double margin = chosenReward - rejectedReward;
        double loss = margin > 0 ? Math.Log(1 + Math.Exp(-margin)) : Math.Log(1 + Math.Exp(margin)) - margin;
        double slope = -beta / (1 + Math.Exp(margin)); // d loss / d chosen; by rejected it is the opposite
        return new PairLoss(loss - (sftWeight * chosen / chosenCount), chosenReward, rejectedReward, slope - (sftWeight / chosenCount), -slope);
    }
}
