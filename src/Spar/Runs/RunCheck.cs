using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>Something in a run directory that is not as its run left it.</summary>
/// <param name="Where">The stage, call or file.</param>
/// <param name="What">What is wrong with it.</param>
/// <param name="Remedy">What to do.</param>
public sealed record RunFault(string Where, string What, string Remedy);

/// <summary>What a check of a run directory found.</summary>
/// <param name="Faults">What is wrong; nothing where the run is whole.</param>
/// <param name="Stages">Stages whose products were read.</param>
/// <param name="Items">Items that were read.</param>
/// <param name="Calls">Calls that were read.</param>
/// <param name="Checkpoints">Checkpoints whose digests are as recorded.</param>
/// <param name="Pruned">Checkpoints that were removed to free space, and are made again when something needs them.</param>
public sealed record RunCheckReport(
    IReadOnlyList<RunFault> Faults, int Stages, long Items, long Calls, int Checkpoints, IReadOnlyList<string> Pruned);

/// <summary>
/// Checks a run directory whole: the file of the store, every record in it, that no stage lacks what it rests on, the
/// checkpoints by their digests, and that every call belongs to a stage. Changes nothing.
/// </summary>
public sealed class RunCheck
{
    private const int MostOfAKind = 5;
    private const string Copy = "Restore run.db from a copy; without one, begin the run anew in another directory.";

    private readonly RunStore _store;
    private readonly List<RunFault> _faults = [];
    private readonly IReadOnlyDictionary<string, string> _recipe;
    private readonly List<string> _pruned = [];
    private readonly HashSet<string> _unreadable = [];
    private long _items;
    private long _calls;
    private int _checkpoints;

    private RunCheck(RunStore store) => (_store, _recipe) = (store, store.Identity.Values);

    /// <summary>Checks a run.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">There is no run in it.</exception>
    public static async Task<RunCheckReport> OfAsync(string directory, CancellationToken cancellationToken)
    {
        using RunStore store = RunStore.OpenForReading(directory);
        IReadOnlyList<string> damage = store.Damage();
        if (damage.Count > 0)
        {
            return new RunCheckReport(
                [.. damage.Select(line => new RunFault(RunStore.FileName, $"SQLite finds damage: {line}", Copy))],
                0, 0, 0, 0, []);
        }

        RunCheck check = new(store);
        IReadOnlyList<string> stages = store.Stages();
        foreach (string stage in stages)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await check.StageAsync(stage, cancellationToken).ConfigureAwait(false);
        }

        check.Items(stages, cancellationToken);
        check.Basis(stages);
        check.Calls(stages, cancellationToken);
        check.Results(stages);
        return new RunCheckReport(
            check._faults, stages.Count, check._items, check._calls, check._checkpoints, check._pruned);
    }

    private TrainingMethod Method => StageOrder.MethodIn(_recipe);

    private async Task StageAsync(string stage, CancellationToken cancellationToken)
    {
        if (StageOrder.ProductOf(stage) is not { } type)
        {
            Fault(stage, "no run has a stage of this name", "A later version may have made it: read the run with that.");
            return;
        }

        object product;
        try
        {
            product = _store.ReadProduct(stage, type);
        }
        catch (SparException)
        {
            _unreadable.Add(stage);
            Fault(stage, "what it made cannot be read", Copy);
            return;
        }

        if (product is TrainedProduct { Digest: { } digest } trained)
        {
            await CheckpointAsync(stage, trained, digest, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CheckpointAsync(
        string stage, TrainedProduct trained, string digest, CancellationToken cancellationToken)
    {
        string path = trained.Resolve(_store.Directory);
        string? found = await CheckpointDigest.OfAsync(path, cancellationToken).ConfigureAwait(false);
        if (found == digest)
        {
            _checkpoints++;
        }
        else if (found is null && trained.Pruned == true)
        {
            _pruned.Add(stage);
        }
        else
        {
            Fault(
                stage,
                found is null ? $"its checkpoint {path} is missing" : $"its checkpoint {path} was changed since it was made",
                "Restore it from a copy; or run the same command again, which trains it anew from what is kept.");
        }
    }

    private void Items(IReadOnlyList<string> stages, CancellationToken cancellationToken)
    {
        foreach (string stage in stages.Where(stage => StageOrder.ProductOf(stage) == typeof(KeptData)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Rows(stage, stages);
        }

        foreach (string stage in _store.StagesWithItems())
        {
            // Rows of data that has not ended are made anew.
            if (StageOrder.ProductOf(stage) == typeof(KeptData))
            {
                continue;
            }

            if (StageOrder.ProductOf(stage) != typeof(PlayProduct))
            {
                Fault(stage, "it has items, and no run's stage of this name has", Copy);
                continue;
            }

            try
            {
                StageStatistics counted = PlayStatistics.Of(Read(stage, cancellationToken), _recipe);
                if (stages.Contains(stage) && stage != _store.Retrying && !_unreadable.Contains(stage) && !Same(counted, _store.FindProduct<PlayProduct>(stage)!.Statistics))
                {
                    Fault(stage, "its records are not those that it counted when it ended", Copy);
                }
            }
            catch (SparException)
            {
                Fault(stage, "one of its records cannot be read", Copy);
            }
        }
    }

    // A shard and a run that began from another one have what the data came to, and not the play and the rows.
    private void Rows(string stage, IReadOnlyList<string> stages)
    {
        if (_unreadable.Contains(stage) || stage == _store.Retrying
            || _store.FindProduct<KeptData>(stage)!.Rows is not { } rows)
        {
            return;
        }

        (int count, string digest) = _store.DigestOfItems(stage);
        string play = StageNames.Play(StageOrder.IterationOf(stage)!.Value);
        bool elsewhere = count == 0 && stages.Contains(play) && _store.CountItems(play) == 0;
        if (!elsewhere && (count != rows.Count || digest != rows.Digest))
        {
            Fault(stage, "its rows are not those that it made", Copy);
        }

    }

    private IEnumerable<PlayRecord> Read(string stage, CancellationToken cancellationToken)
    {
        foreach ((_, PlayRecord record) in _store.ReadItems<PlayRecord>(stage))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _items++;
            yield return record;
        }
    }

    // What each stage took from another stage of the same run has to be there.
    private void Basis(IReadOnlyList<string> stages)
    {
        HashSet<string> there = [.. stages];
        bool iterative = _recipe.GetValueOrDefault("iterative_training") != "false";
        foreach (string stage in stages)
        {
            int iteration = StageOrder.IterationOf(stage) ?? StageOrder.RowOf(stage)?.IterationNumber ?? 0;
            string[] needed = iteration > 0
                ? [.. InIteration(stage, iteration, iterative)]
                : stage switch
                {
                    "actor-0" => [StageNames.ActorSftData],
                    "refiner-0" => [StageNames.RefinerSftData],
                    _ => [],
                };
            bool imported = StageNames.IsTraining(stage) && !_unreadable.Contains(stage)
                && _store.FindProduct<TrainedProduct>(stage)!.Statistics.Counts.ContainsKey(CheckpointImport.Count);
            foreach (string missing in imported ? [] : needed.Where(one => !there.Contains(one)))
            {
                Fault(
                    stage, $"it rests on {missing}, which is not there",
                    "Run the same command again, which makes it from the kept answers.");
            }
        }
    }

    private IEnumerable<string> InIteration(string stage, int iteration, bool iterative)
    {
        if (StageNames.IsTraining(stage))
        {
            yield return StageNames.Data(iteration);
        }
        else if (StageOrder.RowOf(stage) is not null)
        {
            yield return StageNames.Actor(iteration);
        }
        else if (Method == TrainingMethod.Spar && !stage.StartsWith("play-", StringComparison.Ordinal))
        {
            yield return StageNames.Play(iteration);
        }
        else if (iteration > 1 && iterative)
        {
            yield return StageNames.Actor(iteration - 1);
        }
    }

    private void Calls(IReadOnlyList<string> stages, CancellationToken cancellationToken)
    {
        HashSet<string> owners = [.. stages];
        bool ended = _unreadable.Count == 0 && RunState.Of(_store)?.Progress == RunProgress.Ended;
        Dictionary<string, int> stray = [];
        int unreadable = 0;
        foreach ((string key, string? fault) in _store.CheckCalls())
        {
            cancellationToken.ThrowIfCancellationRequested();
            _calls++;
            if (fault is not null && unreadable++ < MostOfAKind)
            {
                Fault($"call {key}", fault, Copy);
            }

            // While a run is under way, the stage in hand has no product yet.
            string? owner = StageOrder.OwnerOf(key, Method);
            if (owner is null || (ended && !owners.Contains(owner)))
            {
                string whose = owner ?? "";
                stray[whose] = stray.GetValueOrDefault(whose) + 1;
                if (stray[whose] == 1)
                {
                    Fault(
                        $"call {key}",
                        owner is null ? "it belongs to no stage that a run has"
                            : $"it belongs to {owner}, and the run has ended without that",
                        "Nothing uses it, so nothing has to be done; it counts in the run's sums. See spar runs show.");
                }
            }
        }

        if (unreadable > MostOfAKind)
        {
            Fault(RunStore.FileName, $"{unreadable} calls cannot be read", Copy);
        }

        foreach ((string owner, int count) in stray.Where(one => one.Value > 1))
        {
            Fault(RunStore.FileName, $"so do {count - 1} more calls of {(owner.Length == 0 ? "no stage" : owner)}",
                "As above.");
        }
    }

    private void Results(IReadOnlyList<string> stages)
    {
        // While the run goes on, it is written with every row.
        if (!stages.Any(StageNames.IsEvaluation) || _unreadable.Count > 0
            || RunState.Of(_store)?.Progress != RunProgress.Ended)
        {
            return;
        }

        string path = Path.Combine(_store.Directory, RunResults.FileName);
        const string again = "Run the same command again, which writes it out of the store.";
        try
        {
            using JsonDocument written = JsonDocument.Parse(File.ReadAllText(path));
            using JsonDocument kept = JsonDocument.Parse(RunResults.Of(_store).ToJson());
            if (!JsonElement.DeepEquals(written.RootElement.GetProperty("rows"), kept.RootElement.GetProperty("rows")))
            {
                Fault(RunResults.FileName, "its rows are not those of the store", again);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException)
        {
            Fault(RunResults.FileName, $"it cannot be read ({fault.Message.TrimEnd('.')})", again);
        }
    }

    private static bool Same(StageStatistics one, StageStatistics other) =>
        JsonSerializer.Serialize(one, JsonSettings.Compact) == JsonSerializer.Serialize(other, JsonSettings.Compact);

    private void Fault(string where, string what, string remedy) => _faults.Add(new RunFault(where, what, remedy));
}
