using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Data;

/// <summary>Reads data files with one JSON object a line, plain or gzipped (<c>.gz</c>).</summary>
public static class DataFile
{
    /// <summary>Reads every record. Blank lines are passed over.</summary>
    /// <typeparam name="T">What a record becomes.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <param name="parse">Turns a row into a record; throws <see cref="EvaluationException"/> for a bad one.</param>
    /// <param name="keyField">
    /// Name of the field that must be unique, with the way to get it; null where there is none.
    /// </param>
    /// <param name="input">
    /// Gives the lines in the file's place, which then is only named in messages; null reads the file.
    /// </param>
    /// <exception cref="EvaluationException">
    /// The file cannot be read, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<T> Read<T>(
        string path,
        DataProblems problems,
        Func<DataRow, T> parse,
        (string Field, Func<T, string> Of)? keyField = null,
        TextReader? input = null
    )
    {
        var records = new List<T>();
        var firstLines = new Dictionary<string, int>();
        int line = 0;
        foreach (string? text in input is null ? LineFile.Read(path) : LineFile.Read(input, path))
        {
            line++;
            if (text is not null && string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            try
            {
                DataRow row = text is null ? throw LineFile.TooLong(path, line) : ParseRow(path, line, text);
                T record = Parse(parse, row);
                if (keyField is { } key && !firstLines.TryAdd(key.Of(record), line))
                {
                    throw row.Error(
                        key.Field,
                        $"repeats \"{key.Of(record)}\", which line {firstLines[key.Of(record)]} already has"
                    );
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
    public static string? Find(string path) =>
        File.Exists(path) ? path
        : File.Exists(path + ".gz") ? path + ".gz"
        : null;

    // Text in JSON may hold half of a surrogate pair, which the reader reports only when the text is taken.
    private static T Parse<T>(Func<DataRow, T> parse, DataRow row)
    {
        try
        {
            return parse(row);
        }
        catch (InvalidOperationException fault)
        {
            throw new EvaluationException(
                $"{row.File}, line {row.Line}: holds half of a surrogate pair, which is no text",
                fault
            );
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
            throw new EvaluationException(
                $"{path}, line {line}: not valid JSON: {JsonFaults.Describe(fault, oneLine: true)}",
                fault
            );
        }
    }
}
