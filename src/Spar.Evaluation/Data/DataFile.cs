using System.Text.Json;

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
        foreach (JsonLine line in JsonLine.Read(path, input, problems.Report))
        {
            try
            {
                DataRow row = RowOf(line);
                T record = Parse(parse, row);
                if (keyField is { } key && !firstLines.TryAdd(key.Of(record), line.Number))
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

    private static DataRow RowOf(JsonLine line)
    {
        JsonElement element = line.Parse();
        return element.ValueKind == JsonValueKind.Object
            ? new DataRow(line.File, line.Number, element)
            : throw new EvaluationException($"{line.Place}: a record must be a JSON object");
    }
}
