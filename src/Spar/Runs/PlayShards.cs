using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>What a run took over from a store of a shard.</summary>
/// <param name="Shard">The shard's directory.</param>
/// <param name="Stage">The play stage; null where the shard has played nothing that the run still needs.</param>
/// <param name="Items">Items of the stage that the shard has played whole.</param>
/// <param name="Taken">Of these, those that the run did not have yet.</param>
/// <param name="Calls">Answers that the run did not have yet.</param>
public sealed record MergedShard(string Shard, string? Stage, int Items, int Taken, long Calls);

/// <summary>
/// Play that is cut into shards: each process plays its share of an iteration's prompts into a store of its own, under
/// <c>shards/</c> of the run directory, and the run takes over what they made. Items are named by their place in the
/// stage and calls by their keys, so it does not matter who played what, in which order stores are united, or how often.
/// </summary>
public static class PlayShards
{
    // Names the stage for which a shard's store was given all that it needs.
    private const string PreparedFile = "prepared";

    /// <summary>The folder of a shard's store within the run directory.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="shard">The share.</param>
    public static string DirectoryOf(string directory, PlayShard shard) => Path.Combine(
        directory, "shards",
        string.Create(CultureInfo.InvariantCulture, $"{shard.Number}-of-{shard.Count}"));

    /// <summary>The stores of shards that a run directory has, in the order of their names.</summary>
    /// <param name="directory">The run directory.</param>
    public static IReadOnlyList<string> In(string directory)
    {
        string shards = Path.Combine(directory, "shards");
        return Directory.Exists(shards)
            ? [.. Directory.GetDirectories(shards).Where(one => File.Exists(Path.Combine(one, "run.db"))).Order(StringComparer.Ordinal)]
            : [];
    }

    /// <summary>Whether a directory is that of a shard, below the run that it belongs to.</summary>
    /// <param name="directory">A directory with a store.</param>
    public static bool IsShard(string directory)
    {
        string? folder = Path.GetDirectoryName(Path.GetFullPath(directory));
        return Path.GetFileName(folder) == "shards"
            && File.Exists(Path.Combine(Path.GetDirectoryName(folder)!, "run.db"));
    }

    /// <summary>Opens the store of a shard, and takes over from the run all that comes before its play.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="shard">The share.</param>
    /// <param name="identity">What decides the run's results.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SparException">There is no run, or it is of another recipe.</exception>
    public static RunStore Open(string directory, PlayShard shard, RunIdentity identity, TimeProvider time)
    {
        string own = DirectoryOf(directory, shard);
        if (File.Exists(Path.Combine(own, PreparedFile)))
        {
            // Whoever cut the play has the run's store open, maybe on another machine.
            return RunStore.Open(own, identity, time);
        }

        using RunStore run = RunStore.OpenForReading(directory);
        if (run.Identity.DifferencesFrom(identity) is { Count: > 0 } differences)
        {
            throw new SparException(
                $"The run directory {directory} belongs to another recipe: {string.Join("; ", differences)}. Shards "
                + "play a run of the same recipe.");
        }

        return OpenWith(run, own, time);
    }

    /// <summary>
    /// Gives the store of a shard all that it needs for a play stage, so that the process which plays it does not read the
    /// run's store, which is being written.
    /// </summary>
    /// <param name="run">The run's store.</param>
    /// <param name="shard">The share.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SparException">A process is at work in it, or it is of another recipe.</exception>
    public static void Prepare(RunStore run, PlayShard shard, string stage, TimeProvider time)
    {
        string own = DirectoryOf(run.Directory, shard);
        OpenWith(run, own, time).Dispose();
        PlayedCount.Clear(own);
        AtomicFile.WriteText(Path.Combine(own, PreparedFile), stage + "\n");
    }

    /// <summary>Has shards that are started from now on take what they need from the run itself.</summary>
    /// <param name="directory">The run directory.</param>
    public static void ForgetPrepared(string directory)
    {
        foreach (string shard in In(directory))
        {
            File.Delete(Path.Combine(shard, PreparedFile));
        }
    }

    private static RunStore OpenWith(RunStore run, string own, TimeProvider time)
    {
        RunStore store = RunStore.Open(own, run.Identity, time);
        try
        {
            StageAdoption.Adopt(run, store, static _ => true, rows: false);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    /// <summary>Takes over what shards have played of stages that have not ended in the run.</summary>
    /// <param name="directory">The run directory; no process may be at work in it.</param>
    /// <param name="shards">Their directories.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SparException">
    /// A store is of another recipe, is being written, or has other items or answers than the run for the same prompts.
    /// </exception>
    public static IReadOnlyList<MergedShard> Merge(
        string directory, IReadOnlyList<string> shards, TimeProvider time)
    {
        RunIdentity identity;
        using (RunStore reading = RunStore.OpenForReading(directory))
        {
            identity = reading.Identity;
        }

        using RunStore run = RunStore.Open(directory, identity, time);
        return Merge(run, shards);
    }

    /// <summary>As <see cref="Merge(string, IReadOnlyList{string}, TimeProvider)"/>, by the process that has the run.</summary>
    /// <param name="run">The run's store.</param>
    /// <param name="shards">Their directories.</param>
    /// <exception cref="SparException">As there.</exception>
    public static IReadOnlyList<MergedShard> Merge(RunStore run, IReadOnlyList<string> shards)
    {
        RunIdentity identity = run.Identity;
        return [.. shards.Select(shard => Take(run, shard, identity))];
    }

    private static MergedShard Take(RunStore run, string shard, RunIdentity identity)
    {
        if (RunStore.IsAtWork(shard))
        {
            throw new SparException($"A process is at work in {shard}. Wait for its end, or end it, and merge then.");
        }

        using RunStore store = RunStore.OpenForReading(shard);
        if (store.Identity.DifferencesFrom(identity) is { Count: > 0 } differences)
        {
            throw new SparException(
                $"{shard} is no shard of this run, but of another recipe: {string.Join("; ", differences)}.");
        }

        HashSet<string> ended = [.. run.Stages()];
        string? stage = Enumerable.Range(1, 1 + ended.Count).Select(StageNames.Play)
            .FirstOrDefault(one => !ended.Contains(one));
        int items = 0;
        (int taken, IReadOnlyList<int> unlike) = run.TakeItems(store, stage!, (_, json) =>
        {
            bool whole = !KeptJson.Read<PlayRecord>(shard, json).Incomplete;
            items += whole ? 1 : 0;
            return whole;
        });
        (long calls, IReadOnlyList<string> others) = items > 0 ? run.TakeCalls(store) : (0, []);
        return unlike.Count > 0 || others.Count > 0
            ? throw new SparException(string.Create(
                CultureInfo.InvariantCulture,
                $"{shard} and the run have different answers to the same calls ({unlike.Count} items, {others.Count} calls; "
                + $"the first: {(unlike.Count > 0 ? $"item {unlike[0]} of {stage}" : others[0])}): the prompts were played "
                + $"twice, by models that do not answer the same twice. What the run has stays; delete {shard} to do "
                + $"without what it played besides."))
            : new MergedShard(shard, items > 0 ? stage : null, items, taken, calls);
    }
}
