using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dapper;
using Spar.Ground;

namespace Spar.Store;

/// <content>What a stage made item by item: written as it comes, read page by page, so that no stage is held whole.</content>
public sealed partial class RunStore
{
    private const int PageOfItems = 64;

    /// <summary>Keeps what a stage made for one item.</summary>
    /// <typeparam name="T">The record's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="item">The item's number in the stage.</param>
    /// <param name="record">What was made; holds no times.</param>
    public void KeepItem<T>(string stage, int item, T record)
    {
        string json = JsonSerializer.Serialize(record, JsonSettings.Compact);
        Write(connection =>
            connection.Execute(
                "INSERT OR REPLACE INTO items (stage, item, json) VALUES (@stage, @item, @json)",
                new
                {
                    stage,
                    item,
                    json,
                }
            )
        );
    }

    /// <summary>
    /// The items of a stage that are kept, in the order of their numbers; read as they are asked for. Call
    /// <see cref="Flush"/> first to see the latest.
    /// </summary>
    /// <typeparam name="T">The record's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    public IEnumerable<(int Item, T Record)> ReadItems<T>(string stage) => ReadItems<T>(stage, 0, int.MaxValue);

    /// <summary>The items of a stage within a range of numbers; as <see cref="ReadItems{T}(string)"/>.</summary>
    /// <typeparam name="T">The record's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="from">The first number.</param>
    /// <param name="before">The number behind the last.</param>
    internal IEnumerable<(int Item, T Record)> ReadItems<T>(string stage, int from, int before) =>
        ItemTexts(stage, from, before).Select(item => (item.Item, KeptJson.Read<T>(Directory, item.Json)));

    /// <summary>Forgets the items of a stage; what it made as a whole stays.</summary>
    /// <param name="stage">The stage's name.</param>
    internal void DropItems(string stage)
    {
        Write(connection => connection.Execute("DELETE FROM items WHERE stage = @stage", new { stage }));
        Flush();
    }

    /// <summary>How many items of a stage are kept, and the SHA-256 of them, a line each, in hexadecimal digits.</summary>
    /// <param name="stage">The stage's name.</param>
    internal (int Count, string Digest) DigestOfItems(string stage)
    {
        Flush();
        int count = 0;
        string digest = DigestOf(ItemTexts(stage, 0, int.MaxValue).Select(item =>
        {
            count++;
            return item.Json;
        }));
        return (count, digest);
    }

    /// <summary>The digest of records as <see cref="DigestOfItems"/> gives it once they are kept.</summary>
    /// <param name="records">The records, in the order of their numbers.</param>
    internal static string DigestOf(IEnumerable<object> records) =>
        DigestOf(records.Select(record => JsonSerializer.Serialize(record, record.GetType(), JsonSettings.Compact)));

    private static string DigestOf(IEnumerable<string> lines)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string line in lines)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(line));
            hash.AppendData("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private IEnumerable<(int Item, string Json)> ItemTexts(string stage, int from, int before)
    {
        (int Item, string Json)[] page;
        do
        {
            page = Read(connection => connection
                .Query<(int, string)>(
                    "SELECT item, json FROM items WHERE stage = @stage AND item >= @from AND item < @before "
                        + "ORDER BY item LIMIT @PageOfItems",
                    new { stage, from, before, PageOfItems })
                .ToArray());
            foreach ((int item, string json) in page)
            {
                yield return (item, json);
                from = item + 1;
            }
        }
        while (page.Length == PageOfItems);
    }
}
