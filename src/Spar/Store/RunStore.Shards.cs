using Dapper;
using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <content>What a store takes over from another one, row by row as it stands there.</content>
public sealed partial class RunStore
{
    /// <summary>Takes over the items of a stage that this store does not have yet.</summary>
    /// <param name="other">The other store, open for reading.</param>
    /// <param name="stage">The stage's name.</param>
    /// <param name="wanted">Whether an item is taken over, by its number and what was made of it.</param>
    /// <returns>How many were taken over, and those that both have and that differ.</returns>
    internal (int Taken, IReadOnlyList<int> Differing) TakeItems(
        RunStore other, string stage, Func<int, string, bool> wanted)
    {
        int taken = 0;
        List<int> differing = [];
        int[] items = other.Read(connection =>
            connection.Query<int>("SELECT item FROM items WHERE stage = @stage ORDER BY item", new { stage }).ToArray());
        foreach (int item in items)
        {
            string json = ItemOf(other, item)!;
            if (!wanted(item, json))
            {
                continue;
            }

            string? own = ItemOf(this, item);
            if (own is null)
            {
                taken++;
                Write(connection => connection.Execute(
                    "INSERT OR IGNORE INTO items (stage, item, json) VALUES (@stage, @item, @json)",
                    new { stage, item, json }));
            }
            else if (own != json)
            {
                differing.Add(item);
            }
        }

        Flush();
        return (taken, differing);

        string? ItemOf(RunStore store, int number) => store.Read(connection =>
            connection.QuerySingleOrDefault<string>(
                "SELECT json FROM items WHERE stage = @stage AND item = @number", new { stage, number }));
    }

    /// <summary>Takes over kept answers that this store does not have yet.</summary>
    /// <param name="other">The other store, open for reading.</param>
    /// <returns>How many were taken over, and the keys of those that both have and that differ.</returns>
    internal (long Taken, IReadOnlyList<string> Differing) TakeCalls(RunStore other)
    {
        long taken = 0;
        List<string> differing = [];
        foreach (RawCall call in RawCalls(other))
        {
            (long Hash, object Text)? own = Read(connection => TextOf(connection, call.Key));
            if (own is null)
            {
                taken++;
                Insert(call);
            }
            else if (own.Value.Hash == call.Hash && !Same(own.Value.Text, call.Text))
            {
                differing.Add(call.Key);
            }
        }

        Flush();
        return (taken, differing);
    }

    private static bool Same(object one, object other) => one is byte[] left && other is byte[] right
        ? left.AsSpan().SequenceEqual(right)
        : one.Equals(other);

    // A text that is not valid Unicode is kept as bytes, so that the column's type is that of each row.
    private static (long, object)? TextOf(SqliteConnection connection, string key)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT prompt_hash, text FROM calls WHERE key = $key";
        command.Parameters.AddWithValue("$key", key);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? (reader.GetInt64(0), reader.GetValue(1)) : null;
    }
}
