using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Makes an iteration's training data. The rows become the stage's items, so that neither making nor reading them holds
/// them all; until the stage has ended they count for nothing, and whoever makes it again begins with none.
/// </summary>
internal sealed class DataStage(StageRunner runner, RunStore store)
{
    /// <summary>Data whose rows are handed over as they are made.</summary>
    /// <param name="iteration">From 1.</param>
    /// <param name="write">Hands over all rows and says what it counted.</param>
    public async Task<DataProduct> WriteAsync(int iteration, Func<DataWriter, StageStatistics> write)
    {
        string stage = StageNames.Data(iteration);
        KeptData kept = await runner.RunAsync(stage, 0, () =>
        {
            DataWriter rows = new(store, stage);
            return Task.FromResult(rows.End(write(rows), hasActorRows: false));
        }).ConfigureAwait(false);
        return kept.Open(store, stage);
    }

    /// <summary>Data that is made in memory.</summary>
    /// <param name="iteration">From 1.</param>
    /// <param name="items">How many items the stage works on.</param>
    /// <param name="make">Makes it.</param>
    public async Task<DataProduct> MakeAsync(int iteration, int items, Func<Task<DataProduct>> make)
    {
        string stage = StageNames.Data(iteration);
        KeptData kept = await runner.RunAsync(
            stage, items, async () => KeptData.Of(await make().ConfigureAwait(false)), Write).ConfigureAwait(false);
        return kept.Open(store, stage);

        KeptData Write(KeptData made)
        {
            DataWriter rows = new(store, stage);
            foreach (PreferencePair pair in made.Pairs!)
            {
                rows.Add(pair);
            }

            foreach (SupervisedRow row in made.ActorRows ?? [])
            {
                rows.AddForActor(row);
            }

            foreach ((string kind, int count) in made.RefinerRows!.CountBy(row => row.Kind))
            {
                rows.Expect(kind, count);
            }

            foreach (SupervisedRow row in made.RefinerRows!)
            {
                rows.AddForRefiner(row);
            }

            return rows.End(made.Statistics, made.ActorRows is not null);
        }
    }
}

/// <summary>Writes the rows of a data stage as its items, in the place of those that are there.</summary>
internal sealed class DataWriter
{
    private readonly RunStore _store;
    private readonly string _stage;
    private readonly OrderedDictionary<string, (int Next, int End)> _kinds = new(StringComparer.Ordinal);
    private int _pairs;
    private int _actor;
    private int _expected;

    /// <summary>Forgets the rows that the stage has.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">The stage's name.</param>
    public DataWriter(RunStore store, string stage)
    {
        (_store, _stage) = (store, stage);
        store.DropItems(stage);
    }

    /// <summary>Adds a pair; pairs come before all else.</summary>
    /// <param name="pair">The pair.</param>
    public void Add(PreferencePair pair) => _store.KeepItem(_stage, _pairs++, pair);

    /// <summary>Adds a row for the actor; those come after the pairs.</summary>
    /// <param name="row">The row.</param>
    public void AddForActor(SupervisedRow row) => _store.KeepItem(_stage, _pairs + _actor++, row);

    /// <summary>Says how many rows of a kind will come for the refiner; kinds stand in the order in which they are named.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="count">How many.</param>
    public void Expect(string kind, int count)
    {
        if (count > 0)
        {
            int from = _pairs + _actor + _expected;
            _kinds.Add(kind, (from, from + count));
            _expected += count;
        }
    }

    /// <summary>Adds a row for the refiner, of a kind that is expected; kinds may come in any order.</summary>
    /// <param name="row">The row.</param>
    /// <exception cref="InvalidOperationException">There are more of the kind than were named.</exception>
    public void AddForRefiner(SupervisedRow row)
    {
        (int next, int end) = _kinds.GetValueOrDefault(row.Kind);
        if (next == end)
        {
            throw new InvalidOperationException($"More rows of kind {row.Kind} than were expected.");
        }

        _store.KeepItem(_stage, next, row);
        _kinds[row.Kind] = (next + 1, end);
    }

    /// <summary>All rows are there.</summary>
    /// <param name="statistics">What was counted.</param>
    /// <param name="hasActorRows">Whether the method learns rows for the actor.</param>
    /// <returns>The stage's product.</returns>
    public KeptData End(StageStatistics statistics, bool hasActorRows)
    {
        (int count, string digest) = _store.DigestOfItems(_stage);
        if (count != _pairs + _actor + _expected)
        {
            throw new InvalidOperationException($"{_stage} has {count} rows of {_pairs + _actor + _expected}.");
        }

        Dictionary<string, int> kinds = [];
        int from = _pairs + _actor;
        foreach ((string kind, (_, int end)) in _kinds)
        {
            kinds[kind] = end - from;
            from = end;
        }

        return new KeptData(statistics)
        {
            Rows = new DataRows(_pairs, hasActorRows ? _actor : null, kinds, digest),
        };
    }
}
