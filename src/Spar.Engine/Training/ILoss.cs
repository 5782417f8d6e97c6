namespace Spar.Engine.Training;

/// <summary>
/// What optimizer steps minimise. A loss sees the model only through the log-probabilities of targets, so it knows
/// nothing of how they are computed; each one is a file in <c>Losses</c>.
/// </summary>
/// <typeparam name="TRow">What it learns from: a sequence, a pair of them, ...</typeparam>
public interface ILoss<TRow>
{
    /// <summary>Sequences that a row puts through the model, at least 1; they go through it in one batch.</summary>
    int SequencesPerRow { get; }

    /// <summary>One of a row's sequences.</summary>
    /// <param name="row">The row.</param>
    /// <param name="index">From 0 to below <see cref="SequencesPerRow"/>.</param>
    TrainingSequence Sequence(TRow row, int index);

    /// <summary>Begins a step.</summary>
    /// <param name="rows">All rows of the step, at least 1.</param>
    /// <returns>What adds up the step's loss.</returns>
    /// <exception cref="EngineException">There is nothing to learn from a row, or from all of them.</exception>
    IStepLoss Begin(IReadOnlyList<TRow> rows);
}

/// <summary>The loss of one step, added up batch by batch in the order of the rows.</summary>
public interface IStepLoss
{
    /// <summary>
    /// Says how the step's loss changes with each of a batch's log-probabilities, where that can be said without
    /// knowing them: the pass through the model then takes less memory.
    /// </summary>
    /// <param name="batch">Whole rows, sequence by sequence; P targets in all.</param>
    /// <param name="gradient">Receives what <see cref="Add"/> gives, [P].</param>
    /// <returns>Whether it can be said.</returns>
    bool TryGradient(TokenBatch batch, Span<float> gradient) => false;

    /// <summary>
    /// Adds a batch's share, and says how the step's loss changes with each of its log-probabilities; that does not
    /// depend on the batches that were added before.
    /// </summary>
    /// <param name="firstRow">Index in the step of the row that the batch begins with.</param>
    /// <param name="batch">Whole rows, sequence by sequence; S sequences with P targets in all.</param>
    /// <param name="logProbs">log p of each target, [P].</param>
    /// <param name="gradient">Receives d loss / d log p, [P].</param>
    void Add(int firstRow, TokenBatch batch, ReadOnlySpan<float> logProbs, Span<float> gradient);

    /// <summary>What the step comes to, once every batch has been added.</summary>
    LossFigures Total { get; }
}

/// <summary>What a loss says of a step.</summary>
/// <param name="Loss">The loss itself.</param>
/// <param name="RewardMargin">
/// Mean of chosen minus rejected reward over the step's pairs; null where there are no pairs.
/// </param>
/// <param name="RewardAccuracy">
/// Share of pairs whose chosen reward is the higher; null where there are no pairs.
/// </param>
public readonly record struct LossFigures(double Loss, double? RewardMargin = null, double? RewardAccuracy = null);
