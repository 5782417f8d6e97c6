using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using CsvHelper;
using Spar.Evaluation;
using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Runtime.Prompts;

/// <summary>A row of a file.</summary>
/// <param name="Place">File and row, for messages.</param>
/// <param name="Number">Its line, or its row in files that have no lines, from 1.</param>
/// <param name="Value">The row as JSON, whatever the file's format.</param>
internal readonly record struct RecordRow(string Place, long Number, JsonElement Value);

/// <summary>
/// Reads the rows of JSONL, JSON lists, CSV, TSV and Parquet files one by one, so that memory does not grow with the
/// file; all but Parquet also gzipped (<c>.gz</c>). The format is told by the name, and of JSON files by the first
/// character; a text file has a prompt a line, or JSON lines where it begins like them.
/// </summary>
internal static class RecordFile
{
    /// <summary>The rows in order.</summary>
    /// <param name="path">The file; the name in messages where <paramref name="input"/> is given.</param>
    /// <param name="input">Gives JSON lines or a prompt a line in the file's place; null reads the file.</param>
    /// <exception cref="SparException">
    /// It cannot be read, is of another format, has a row that cannot be read, or changed while it was read; thrown
    /// while the rows are enumerated.
    /// </exception>
    public static IEnumerable<RecordRow> Read(string path, TextReader? input = null)
    {
        (long Length, DateTime Written) before = Stamp(path);
        using IEnumerator<RecordRow> rows = Guarded(
            path,
            () => (input is null ? Open(path) : Lines(path, input)).GetEnumerator()
        );
        while (Unchanged(path, before, () => Guarded(path, rows.MoveNext)))
        {
            yield return rows.Current;
        }

        if (Stamp(path) != before)
        {
            throw Changed(path, null);
        }
    }

    // What cannot be read of a file that changes is no fault of the file's.
    private static T Unchanged<T>(string path, (long Length, DateTime Written) before, Func<T> next)
    {
        try
        {
            return next();
        }
        catch (SparException fault) when (Stamp(path) != before)
        {
            throw Changed(path, fault);
        }
    }

    private static SparException Changed(string path, Exception? fault)
    {
        string message = $"{path} changed while it was read. Run again when nothing writes to it any more.";
        return fault is null ? new SparException(message) : new SparException(message, fault);
    }

    private static IEnumerable<RecordRow> Open(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".csv" => Csv(path, null),
            ".tsv" => Csv(path, '\t'),
            ".parquet" => ParquetRows.Read(path),
            ".json" or ".jsonl" or ".ndjson" => Json(path),
            ".txt" or "" => Lines(path, null),
            string other => throw new SparException(
                $"{path}: a file of prompts is .jsonl, .json, .csv, .tsv, .parquet or .txt, not {other}."
            ),
        };
    }

    private static IEnumerable<RecordRow> Json(string path)
    {
        char first;
        using (StreamReader reader = LineFile.Open(path))
        {
            int next;
            do
            {
                next = reader.Read();
            } while (next >= 0 && char.IsWhiteSpace((char)next));
            first = next < 0 ? '\0' : (char)next;
        }

        return first == '[' ? JsonList(path) : JsonLines(path);
    }

    private static IEnumerable<RecordRow> JsonLines(string path) =>
        JsonLine.Read(path).Select(line => new RecordRow(line.Place, line.Number, line.Parse()));

    // A prompt a line, or JSON lines: the first line that is not blank decides.
    private static IEnumerable<RecordRow> Lines(string path, TextReader? input)
    {
        char? first = null;
        foreach (JsonLine line in JsonLine.Read(path, input))
        {
            first ??= line.Text.TrimStart()[0];
            if (first != '{')
            {
                yield return new RecordRow(
                    line.Place,
                    line.Number,
                    RowJson.Of([KeyValuePair.Create("prompt", (object?)new PlainText(line.Text.Trim()))])
                );
            }
            else
            {
                yield return new RecordRow(line.Place, line.Number, line.Parse());
            }
        }
    }

    private static IEnumerable<RecordRow> JsonList(string path)
    {
        using Stream stream = Utf8(path);
        IAsyncEnumerator<JsonElement> elements = JsonSerializer
            .DeserializeAsyncEnumerable<JsonElement>(stream)
            .GetAsyncEnumerator();
        try
        {
            for (int row = 1; ; row++)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"{path}, row {row}");
                bool more;
                try
                {
                    more = elements.MoveNextAsync().AsTask().GetAwaiter().GetResult();
                }
                catch (JsonException fault)
                {
                    throw new SparException($"{place}: not valid JSON: {JsonFaults.Describe(fault)}", fault);
                }

                if (!more)
                {
                    yield break;
                }

                yield return new RecordRow(place, row, elements.Current);
            }
        }
        finally
        {
            elements.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static IEnumerable<RecordRow> Csv(string path, char? separator)
    {
        using StreamReader text = LineFile.Open(path);
        using CsvReader reader = CsvReader.Create(
            text,
            new CsvReaderOptions
            {
                Separator = separator,
                TrackLineNumbers = true,
                MalformedData = CsvMalformedDataHandling.Throw,
                MaxRecordSize = LineFile.MostCharacters,
            }
        );
        if (reader.Headers is not { Count: > 0 } columns)
        {
            throw new SparException($"{path} is empty; its first line must name the columns.");
        }

        while (Next(path, reader))
        {
            string place = string.Create(CultureInfo.InvariantCulture, $"{path}, line {reader.LineNumber}");
            if (reader.FieldCount != columns.Count)
            {
                throw new SparException(
                    $"{place}: {reader.FieldCount} columns, where the first line names {columns.Count}. Put texts "
                        + "with commas or quotes into quotes."
                );
            }

            yield return new RecordRow(
                place,
                reader.LineNumber,
                RowJson.Of(
                    columns.Select((column, i) => KeyValuePair.Create(column, (object?)reader.GetString(i))).ToArray()
                )
            );
        }
    }

    private static bool Next(string path, CsvReader reader)
    {
        try
        {
            return reader.Read();
        }
        catch (FormatException fault)
        {
            throw new SparException($"{path}: {fault.Message.ReplaceLineEndings(" ")}", fault);
        }
    }

    // As UTF-8 whatever the file's byte order mark says; the JSON reader knows no other encoding.
    private static Stream Utf8(string path)
    {
        Stream stream = File.OpenRead(path);
        if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
        {
            stream = new GZipStream(stream, CompressionMode.Decompress);
        }

        Span<byte> mark = stackalloc byte[3];
        using (Stream peek = File.OpenRead(path))
        {
            mark = mark[..peek.ReadAtLeast(mark, 3, throwOnEndOfStream: false)];
        }

        if (mark.StartsWith<byte>([0xEF, 0xBB, 0xBF]))
        {
            stream.ReadExactly(new byte[3]);
        }

        return mark.StartsWith<byte>([0xFF, 0xFE]) || mark.StartsWith<byte>([0xFE, 0xFF])
            ? Encoding.CreateTranscodingStream(
                stream,
                mark[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode,
                new UTF8Encoding(false)
            )
            : stream;
    }

    private static (long Length, DateTime Written) Stamp(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? (file.Length, file.LastWriteTimeUtc) : (0, default);
    }

    private static T Guarded<T>(string path, Func<T> next)
    {
        try
        {
            return next();
        }
        catch (EvaluationException fault)
        {
            throw new SparException(fault.Message, fault);
        }
        catch (DecoderFallbackException fault)
        {
            throw new SparException(LineFile.NotUtf8(path, fault).Message, fault);
        }
        catch (Exception fault)
            when (fault
                    is IOException
                        or InvalidDataException
                        or UnauthorizedAccessException
            )
        {
            throw new SparException(
                Directory.Exists(path)
                    ? $"{path} is a folder; name a file."
                    : $"{path} cannot be read: {fault.Message.TrimEnd('.')}.",
                fault
            );
        }
    }
}
