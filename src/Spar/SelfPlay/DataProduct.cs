using System.Text.Json;
using System.Text.Json.Serialization;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// An iteration's training data. Where it comes out of a store its lists hold nothing: going through one reads the rows
/// page by page, so that data of any size takes little memory, and the store has to be open for as long.
/// </summary>
/// <param name="Statistics">What the stage counted.</param>
/// <param name="Pairs">For the actor.</param>
/// <param name="RefinerRows">For the refiner, kind by kind.</param>
public sealed record DataProduct(
    StageStatistics Statistics, IReadOnlyList<PreferencePair> Pairs, IReadOnlyList<SupervisedRow> RefinerRows)
{
    /// <summary>Responses for the actor, of methods that learn good responses alone; null for the others.</summary>
    public IReadOnlyList<SupervisedRow>? ActorRows { get; init; }

    /// <summary>The refiner's rows by kind, in their order.</summary>
    [JsonIgnore]
    public IReadOnlyList<KeyValuePair<string, int>> RefinerKinds
    {
        get => field ?? [.. RefinerRows.CountBy(row => row.Kind)];
        init;
    }

    /// <summary>The refiner's rows of one kind.</summary>
    /// <param name="kind">The kind.</param>
    public IReadOnlyList<SupervisedRow> RefinerRowsOf(string kind)
    {
        if (RefinerRows is not StoredRows<SupervisedRow> stored)
        {
            return [.. RefinerRows.Where(row => row.Kind == kind)];
        }

        int before = RefinerKinds.TakeWhile(one => one.Key != kind).Sum(one => one.Value);
        return stored.Slice(before, RefinerKinds.FirstOrDefault(one => one.Key == kind).Value);
    }

    /// <summary>The data of an iteration; null where it is not made yet.</summary>
    /// <param name="store">The run; has to stay open for as long as rows are read.</param>
    /// <param name="iteration">From 1.</param>
    /// <exception cref="SparException">What is kept of it is damaged.</exception>
    public static DataProduct? Find(RunStore store, int iteration)
    {
        string stage = StageNames.Data(iteration);
        return store.FindProduct<KeptData>(stage) is { } kept ? kept.Open(store, stage) : null;
    }
}

/// <summary>
/// Product of <see cref="StageNames.Data"/>; the rows are the stage's items, first the pairs, then the actor's, then the
/// refiner's. Stores up to schema 2 have the rows in the product.
/// </summary>
/// <param name="Statistics">What the stage counted.</param>
public sealed record KeptData(StageStatistics Statistics) : IStageProduct, IJsonOnDeserialized
{
    /// <summary>The rows that the stage's items are; null where the product has them itself.</summary>
    public DataRows? Rows { get; init; }

    /// <summary>For the actor, in a product that has its rows itself.</summary>
    public IReadOnlyList<PreferencePair>? Pairs { get; init; }

    /// <summary>For the refiner, in a product that has its rows itself.</summary>
    public IReadOnlyList<SupervisedRow>? RefinerRows { get; init; }

    /// <summary>Responses for the actor, in a product that has its rows itself, of methods that learn those.</summary>
    public IReadOnlyList<SupervisedRow>? ActorRows { get; init; }

    void IJsonOnDeserialized.OnDeserialized()
    {
        if (Rows is null && (Pairs is null || RefinerRows is null))
        {
            throw new JsonException("training data has no rows");
        }
    }

    /// <summary>Data that is in memory, as a product that has its rows itself.</summary>
    /// <param name="data">The data.</param>
    internal static KeptData Of(DataProduct data) => new(data.Statistics)
    {
        Pairs = data.Pairs,
        RefinerRows = data.RefinerRows,
        ActorRows = data.ActorRows,
    };

    /// <summary>The same with its rows counted in the place of the rows, whichever way they are kept.</summary>
    internal KeptData Counted() => Rows is not null ? this : new KeptData(Statistics)
    {
        Rows = new DataRows(
            Pairs!.Count, ActorRows?.Count, RefinerRows!.CountBy(row => row.Kind).ToDictionary(),
            RunStore.DigestOf([.. Pairs, .. ActorRows ?? [], .. RefinerRows!])),
    };

    /// <summary>The data, with rows that are read out of the store where they are items.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">The stage's name.</param>
    internal DataProduct Open(RunStore store, string stage)
    {
        if (Rows is not { } rows)
        {
            return new DataProduct(Statistics, Pairs!, RefinerRows!) { ActorRows = ActorRows };
        }

        int actor = rows.ActorRows ?? 0;
        return new DataProduct(
            Statistics, new StoredRows<PreferencePair>(store, stage, 0, rows.Pairs),
            new StoredRows<SupervisedRow>(store, stage, rows.Pairs + actor, rows.RefinerRows.Values.Sum()))
        {
            ActorRows = rows.ActorRows is null ? null : new StoredRows<SupervisedRow>(store, stage, rows.Pairs, actor),
            RefinerKinds = [.. rows.RefinerRows],
        };
    }
}

/// <summary>The rows of a data stage, which are its items.</summary>
/// <param name="Pairs">Pairs for the actor.</param>
/// <param name="ActorRows">Responses for the actor; null where the method learns none.</param>
/// <param name="RefinerRows">Rows for the refiner by kind, in their order; kinds without rows are left out.</param>
/// <param name="Digest">SHA-256 of all of them.</param>
public sealed record DataRows(
    int Pairs, int? ActorRows, IReadOnlyDictionary<string, int> RefinerRows, string Digest)
{
    /// <summary>All of them.</summary>
    [JsonIgnore]
    public int Count => Pairs + (ActorRows ?? 0) + RefinerRows.Values.Sum();
}
