using Spar.Engine.Training;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Log-probabilities under the reference model, the model at the start: computed before the first step, or those that
/// are kept of an earlier session.
/// </summary>
/// <param name="trainer">The trainer, which has taken no step where nothing is kept.</param>
/// <param name="resumable">Keeps them.</param>
/// <param name="progress">Told how many rows are done; may be null.</param>
/// <param name="cancellationToken">
/// Stops between two batches, and what was computed is lost; where several processes train together it stops them
/// before the first step, as all have to stop at the same place.
/// </param>
internal sealed class ReferencePass(
    LlamaTrainer trainer,
    ResumableProgress resumable,
    ITrainingProgress? progress,
    CancellationToken cancellationToken)
{
    /// <summary>Of each target, one sequence after another.</summary>
    /// <param name="sequences">The sequences.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public IReadOnlyList<double> OfTargets(IReadOnlyList<TrainingSequence> sequences) => resumable.Reference(() =>
    [
        .. trainer.TargetLogProbs(sequences, done => Report(done, sequences.Count))
            .SelectMany(targets => targets, (_, logProb) => (double)logProb),
    ]);

    /// <summary>Of each sequence.</summary>
    /// <param name="sequences">The sequences.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public IReadOnlyList<double> OfSequences(IReadOnlyList<TrainingSequence> sequences) => resumable.Reference(
        () => trainer.SequenceLogProbs(sequences, done => Report(done, sequences.Count)));

    private void Report(int rows, int all)
    {
        progress?.ReferenceComputed(rows, all);
        if (!resumable.IsShared)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
