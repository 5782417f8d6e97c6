using System.IO.Compression;
using System.Text.Json;

namespace Spar.Evaluation.Harness;

/// <summary>Reads data files with one JSON object a line, plain or gzipped (<c>.gz</c>).</summary>
public static class DataFile
{
    /// <summary>Reads every record. Blank lines are passed over.</summary>
    /// <typeparam name="T">What a record becomes.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <param name="parse">Turns a row into a record; throws <see cref="EvaluationException"/> for a bad one.</param>
    /// <param name="keyField">Name of the field that must be unique, with the way to get it; null where there is none.</param>
    /// <exception cref="EvaluationException">The file cannot be read, or a record is bad and <paramref name="problems"/> is strict.</exception>
    public static IReadOnlyList<T> Read<T>(
        string path, DataProblems problems, Func<DataRow, T> parse, (string Field, Func<T, string> Of)? keyField = null)
    {
        var records = new List<T>();
        var firstLines = new Dictionary<string, int>();
        int line = 0;
        foreach (string text in Lines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            try
            {
                DataRow row = ParseRow(path, line, text);
                T record = parse(row);
                if (keyField is { } key && !firstLines.TryAdd(key.Of(record), line))
                {
                    throw row.Error(key.Field, $"repeats \"{key.Of(record)}\", which line {firstLines[key.Of(record)]} already has");
                }

                records.Add(record);
            }
            catch (EvaluationException problem)
            {
                problems.Report(problem);
            }
        }

        return records;
    }

    /// <summary>The path itself, or the path with <c>.gz</c>, whichever exists; null where neither does.</summary>
    /// <param name="path">Path of the plain file.</param>
    public static string? Find(string path) => File.Exists(path) ? path : File.Exists(path + ".gz") ? path + ".gz" : null;

    /// <summary>Opens a plain or gzipped (<c>.gz</c>) UTF-8 file for reading.</summary>
    /// <param name="path">The file.</param>
    public static StreamReader Open(string path)
    {
        FileStream file = File.OpenRead(path);
        return new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
    }

    private static IEnumerable<string> Lines(string path)
    {
        StreamReader reader;
        try
        {
            reader = Open(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{path} cannot be read: {fault.Message}", fault);
        }

        using (reader)
        {
            while (reader.ReadLine() is { } line)
            {
                yield return line;
            }
        }
    }

    private static DataRow ParseRow(string path, int line, string text)
    {
        try
        {
            JsonElement element = JsonSerializer.Deserialize<JsonElement>(text);
            return element.ValueKind == JsonValueKind.Object
                ? new DataRow(path, line, element)
                : throw new EvaluationException($"{path}, line {line}: a record must be a JSON object");
        }
        catch (JsonException fault)
        {
            throw new EvaluationException($"{path}, line {line}: not valid JSON ({fault.Message})", fault);
        }
    }
}
