using System.Globalization;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>Something in a run directory that can be removed.</summary>
/// <param name="Path">The file or folder, from the run directory.</param>
/// <param name="Bytes">Space that it takes.</param>
/// <param name="Why">Why nothing needs it.</param>
public sealed record Prunable(string Path, long Bytes, string Why)
{
    /// <summary>The training whose checkpoint it is; null for what is no checkpoint.</summary>
    public string? Stage { get; init; }
}

/// <summary>
/// Frees space in a run directory: removes what an unfinished run does not need to go on, and what can be made again.
/// Results, reports and exports are as before, for they come out of the store; the last models stay.
/// </summary>
public static class RunPruning
{
    private static readonly string[] s_leftovers = [".partial", ".importing"];

    /// <summary>What can be removed, the largest first.</summary>
    /// <param name="store">The run, open in either way.</param>
    public static IReadOnlyList<Prunable> Find(RunStore store)
    {
        List<Prunable> found = [.. Checkpoints(store), .. Leftovers(store)];
        foreach (string copy in Directory.GetFiles(store.Directory, $"{RunStore.FileName}.schema-*"))
        {
            found.Add(new Prunable(
                System.IO.Path.GetFileName(copy), new FileInfo(copy).Length,
                "a copy of the store from before a newer version took it over"));
        }

        if (store.FreeBytes() is > 1 << 20 and var free)
        {
            found.Add(new Prunable(RunStore.FileName, free, "empty space in the store, which stays"));
        }

        return [.. found.OrderByDescending(one => one.Bytes)];
    }

    /// <summary>Removes things; a kill in between leaves a run that is whole.</summary>
    /// <param name="directory">The run directory; no process may be at work in it.</param>
    /// <param name="time">The clock.</param>
    /// <returns>What was removed.</returns>
    /// <exception cref="SparException">The run is at work, or something cannot be removed.</exception>
    public static IReadOnlyList<Prunable> Remove(string directory, TimeProvider time)
    {
        RunIdentity identity;
        using (RunStore reading = RunStore.OpenForReading(directory))
        {
            identity = reading.Identity;
        }

        using RunStore store = RunStore.Open(directory, identity, time);
        IReadOnlyList<Prunable> found = Find(store);
        foreach (Prunable one in found)
        {
            // The store knows first: a folder that is gone without that would be taken for lost.
            if (one.Stage is { } stage)
            {
                store.ChangeProduct(stage, store.FindProduct<TrainedProduct>(stage)! with { Pruned = true });
            }

            Delete(System.IO.Path.Combine(directory, one.Path));
        }

        store.Compact();
        return found;

        static void Delete(string path)
        {
            try
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }
                else if (System.IO.Path.GetFileName(path) != RunStore.FileName)
                {
                    File.Delete(path);
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new SparException(
                    $"{path} cannot be removed ({fault.Message.TrimEnd('.')}). Mend its permissions and prune again; the "
                    + "run is whole.", fault);
            }
        }
    }

    // Checkpoints behind the last one that the run goes on from, or ends with. Each can be trained again: what it starts
    // from and what it learnt are there.
    private static IEnumerable<Prunable> Checkpoints(RunStore store)
    {
        IReadOnlyList<string> stages = store.Stages();
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        bool ended = RunState.Of(store)?.Progress == RunProgress.Ended;
        if (!ended && recipe.GetValueOrDefault("iterative_training") == "false")
        {
            yield break;
        }

        int measured = stages.Where(StageNames.IsEvaluation).Select(stage => StageOrder.RowOf(stage)?.IterationNumber ?? 0)
            .DefaultIfEmpty().Max();
        foreach (string stage in stages.Where(StageNames.IsTraining))
        {
            TrainedProduct product = store.FindProduct<TrainedProduct>(stage)!;
            int iteration = StageOrder.IterationOf(stage) ?? int.MaxValue;
            string kind = stage[..stage.LastIndexOf('-')];
            bool aside = kind is "joint" or "backward";
            int last = aside ? measured
                : stages.Where(one => StageNames.IsTraining(one) && one.StartsWith($"{kind}-", StringComparison.Ordinal))
                    .Max(one => StageOrder.IterationOf(one) ?? 0);
            bool behind = iteration < Math.Min(last, measured) && (ended || !aside);
            bool own = product.Checkpoint?.StartsWith("checkpoints/", StringComparison.Ordinal) == true;
            bool again = product is { Digest: not null, Trainer: null }
                && !product.Statistics.Counts.ContainsKey(CheckpointImport.Count)
                && stages.Contains(DataOf(kind, iteration));
            string path = product.Resolve(store.Directory);
            if (behind && own && again && Directory.Exists(path))
            {
                yield return new Prunable(
                    product.Checkpoint!, SizeOf(path),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"a model between; it is trained again, to the same bytes, if something asks for it"))
                {
                    Stage = stage,
                };
            }
        }
    }

    private static string DataOf(string kind, int iteration) =>
        iteration > 0 ? StageNames.Data(iteration)
        : kind is "actor" or "backward" ? StageNames.ActorSftData
        : StageNames.RefinerSftData;

    // What trainings and imports that were interrupted left, where nobody will take it up.
    private static IEnumerable<Prunable> Leftovers(RunStore store)
    {
        string checkpoints = System.IO.Path.Combine(store.Directory, "checkpoints");
        if (!Directory.Exists(checkpoints))
        {
            yield break;
        }

        HashSet<string> ended = [.. store.Stages()];
        foreach (string folder in Directory.GetDirectories(checkpoints).Order(StringComparer.Ordinal))
        {
            string name = System.IO.Path.GetFileName(folder);
            string? why = s_leftovers.Any(end => name.EndsWith(end, StringComparison.Ordinal))
                    ? "half a checkpoint, of a training or an import that was cut short"
                : name.EndsWith(".training", StringComparison.Ordinal) && ended.Contains(name[..^".training".Length])
                    ? "an optimizer's state of a training that has ended"
                : null;
            if (why is not null)
            {
                yield return new Prunable($"checkpoints/{name}", SizeOf(folder), why);
            }
        }
    }

    private static long SizeOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
