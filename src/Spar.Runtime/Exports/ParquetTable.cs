using Parquet;
using Parquet.Schema;
using Spar.Ground;

namespace Spar.Runtime.Exports;

/// <summary>A column of a Parquet file.</summary>
/// <typeparam name="T">What a row is made of.</typeparam>
/// <param name="Field">Its name and type.</param>
/// <param name="WriteAsync">Writes its values of a row group's rows.</param>
/// <param name="Length">The characters of its value of a row; 0 for what is no text.</param>
internal sealed record ParquetColumn<T>(
    DataField Field, Func<ParquetRowGroupWriter, IReadOnlyList<T>, Task> WriteAsync, Func<T, int> Length)
{
    /// <summary>A column of texts. Halves of surrogate pairs, which UTF-8 has not, are replaced by U+FFFD.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value of a row.</param>
    /// <param name="nullable">Whether rows may lack it.</param>
    public static ParquetColumn<T> Text(string name, Func<T, string?> value, bool nullable = false)
    {
        DataField<string> field = new(name, nullable);
        return new ParquetColumn<T>(
            field, (group, rows) => group.WriteAsync(field, [.. rows.Select(value)!]), row => value(row)?.Length ?? 0);
    }

    /// <summary>A column of numbers or flags that every row has.</summary>
    /// <typeparam name="TValue">Their type.</typeparam>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value of a row.</param>
    public static ParquetColumn<T> Of<TValue>(string name, Func<T, TValue> value)
        where TValue : struct
    {
        DataField<TValue> field = new(name);
        return new ParquetColumn<T>(
            field, (group, rows) => group.WriteAsync<TValue>(field, rows.Select(value).ToArray().AsMemory()), _ => 0);
    }

    /// <summary>A column of numbers or flags that rows may lack.</summary>
    /// <typeparam name="TValue">Their type.</typeparam>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value of a row.</param>
    public static ParquetColumn<T> OfSome<TValue>(string name, Func<T, TValue?> value)
        where TValue : struct
    {
        DataField<TValue> field = new(name, nullable: true);
        return new ParquetColumn<T>(
            field, (group, rows) => group.WriteAsync<TValue>(field, rows.Select(value).ToArray().AsMemory()), _ => 0);
    }
}

/// <summary>
/// Writes rows to a Parquet file as they come. A row group ends after 50,000 rows or 8 Mi characters, so that memory
/// holds one of them however many rows there are. The same rows give the same bytes.
/// </summary>
/// <typeparam name="T">What a row is made of.</typeparam>
/// <param name="columns">The columns.</param>
internal sealed class ParquetTable<T>(params IReadOnlyList<ParquetColumn<T>> columns)
{
    /// <summary>Rows after which a row group ends, 1 and up.</summary>
    public int MostRows { get; init; } = 50_000;

    /// <summary>Characters after which a row group ends, 1 and up.</summary>
    public long MostCharacters { get; init; } = 8 << 20;

    /// <summary>Writes the file, whole or not at all.</summary>
    /// <param name="path">Where to; a file there is replaced.</param>
    /// <param name="rows">The rows; enumerated once.</param>
    /// <returns>How many they are.</returns>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public int Write(string path, IEnumerable<T> rows)
    {
        int count = 0;
        AtomicFile.Write(path, stream => count = WriteAsync(stream, rows).GetAwaiter().GetResult());
        return count;
    }

    private async Task<int> WriteAsync(Stream stream, IEnumerable<T> rows)
    {
        ParquetSchema schema = new(columns.Select(column => column.Field));
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(schema, stream).ConfigureAwait(false);
        List<T> group = [];
        long characters = 0;
        int count = 0;
        foreach (T row in rows)
        {
            group.Add(row);
            count++;
            characters += columns.Sum(column => (long)column.Length(row));
            if (group.Count == MostRows || characters >= MostCharacters)
            {
                await EndAsync().ConfigureAwait(false);
            }
        }

        if (group.Count > 0)
        {
            await EndAsync().ConfigureAwait(false);
        }

        return count;

        async Task EndAsync()
        {
            using ParquetRowGroupWriter parts = writer.CreateRowGroup();
            foreach (ParquetColumn<T> column in columns)
            {
                await column.WriteAsync(parts, group).ConfigureAwait(false);
            }

            parts.CompleteValidate();
            group.Clear();
            characters = 0;
        }
    }
}
