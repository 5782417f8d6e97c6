using Spar.Ground;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>
/// Takes a checkpoint that was trained elsewhere into a run, in the place of one of its trainings: it is copied among
/// the run's checkpoints and recorded with its digest, and the run goes on from it.
/// </summary>
public static class CheckpointImport
{
    /// <summary>What the statistics of a training call a checkpoint that was taken in.</summary>
    public const string Count = "imported";

    /// <summary>Takes a checkpoint in.</summary>
    /// <param name="directory">The run directory; no process may be at work in it.</param>
    /// <param name="stage">The training whose place it takes, such as actor-1.</param>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The checkpoint's digest.</returns>
    /// <exception cref="SparException">
    /// There is no such run, training or folder; the training has ended already; or the run is at work.
    /// </exception>
    public static async Task<string> TakeAsync(
        string directory, string stage, string checkpoint, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!StageNames.IsTraining(stage))
        {
            throw new SparException(
                $"'{stage}' is no training. Name one as the run's stages are called: actor-0, refiner-0, actor-1 ...");
        }

        RunIdentity identity;
        using (RunStore reading = RunStore.OpenForReading(directory))
        {
            identity = reading.Identity;
        }

        using RunStore store = RunStore.Open(directory, identity, time);
        if (store.FindProduct<TrainedProduct>(stage) is { } kept)
        {
            throw new SparException(
                $"{stage} has ended in this run already (its model is {kept.Resolve(directory)}), and what came later "
                + "may rest on it. Import before the run comes to that training.");
        }

        string relative = $"checkpoints/{stage}";
        string target = Path.Combine(directory, relative);
        if (Path.GetFullPath(target) != Path.GetFullPath(checkpoint))
        {
            Copy(checkpoint, target);
        }

        string digest = await CheckpointDigest.OfAsync(target, cancellationToken).ConfigureAwait(false)
            ?? throw new SparException($"The folder {checkpoint} holds no checkpoint. Name the folder with config.json.");
        Counts counts = new();
        counts.Add(Count, 1);
        store.KeepProduct(
            stage,
            new TrainedProduct(counts.ToStatistics(), null, relative, digest, []),
            new StageTiming(stage, time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", null), 0, 0, 0));
        return digest;
    }

    // Beside first, so that a copy that was cut short is no checkpoint. What a trainer left of its own stays behind.
    private static void Copy(string source, string target)
    {
        string partial = $"{target}.importing";
        try
        {
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            foreach (string file in Directory.GetFiles(source))
            {
                File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
            }

            if (Directory.Exists(target))
            {
                Directory.Delete(target, recursive: true);
            }

            Directory.Move(partial, target);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The checkpoint {source} cannot be copied to {target} ({fault.Message}). Free some space, or mend "
                + "permissions.", fault);
        }
    }
}
