using System.Globalization;
using Parquet;
using Parquet.Serialization;

namespace Spar.Runtime.Prompts;

/// <summary>
/// Reads the rows of a Parquet file, nested columns included; no more than one row group is in memory.
/// </summary>
internal static class ParquetRows
{
    /// <summary>The rows in order.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">
    /// It is no Parquet file, or has columns that cannot be read; thrown while the rows are enumerated.
    /// </exception>
    public static IEnumerable<RecordRow> Read(string path)
    {
        using FileStream stream = File.OpenRead(path);
        int groups = Guarded(
            path,
            async () =>
            {
                await using ParquetReader reader = await ParquetReader
                    .CreateAsync(stream, leaveStreamOpen: true)
                    .ConfigureAwait(false);
                return reader.RowGroupCount;
            }
        );
        long row = 0;
        for (int group = 0; group < groups; group++)
        {
            int at = group;
            IList<Dictionary<string, object>> rows = Guarded(
                path,
                async () =>
                    (await ParquetSerializer.DeserializeUntypedAsync(stream, null, at).ConfigureAwait(false)).Data
            );
            foreach (Dictionary<string, object> columns in rows)
            {
                row++;
                yield return new RecordRow(
                    string.Create(CultureInfo.InvariantCulture, $"{path}, row {row}"),
                    row,
                    RowJson.Of(columns!)
                );
            }
        }
    }

    private static T Guarded<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return read().GetAwaiter().GetResult();
        }
        catch (Exception fault) when (fault is not (SparException or OutOfMemoryException))
        {
            // The library reports damage in many types.
            throw new SparException(
                $"{path} cannot be read as Parquet ({fault.GetType().Name}: {fault.Message.ReplaceLineEndings(" ").TrimEnd('.')}). Write it again, or as JSONL.",
                fault
            );
        }
    }
}
