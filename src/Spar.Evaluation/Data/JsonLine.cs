using System.Globalization;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Data;

/// <summary>
/// A line of a file with one JSON value a line. Lines end in LF, CR or both and in nothing else: U+2028 and its like
/// are text. Whatever reads JSON lines reads them through here.
/// </summary>
public sealed class JsonLine
{
    private JsonLine(string file, int number, string text) => (File, Number, Text) = (file, number, text);

    /// <summary>The file, for messages.</summary>
    public string File { get; }

    /// <summary>From 1.</summary>
    public int Number { get; }

    /// <summary>Its text, not blank.</summary>
    public string Text { get; }

    /// <summary>File and line, for messages.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"{File}, line {Number}");

    /// <summary>The lines that are not blank.</summary>
    /// <param name="file">The file, plain or packed (<c>.gz</c>).</param>
    /// <param name="input">
    /// Gives the lines in the file's place, which then is only named in messages; null reads the file.
    /// </param>
    /// <param name="tooLong">
    /// Is told of a line that is too long, which then is passed over; null throws <see cref="LineFile.TooLong"/>.
    /// </param>
    /// <exception cref="EvaluationException">
    /// The file cannot be read, is no text, or a line is too long; thrown while the lines are enumerated.
    /// </exception>
    public static IEnumerable<JsonLine> Read(
        string file,
        TextReader? input = null,
        Action<EvaluationException>? tooLong = null
    )
    {
        int number = 0;
        foreach (string? line in input is null ? LineFile.Read(file) : LineFile.Read(input, file))
        {
            number++;
            if (line is null)
            {
                EvaluationException fault = LineFile.TooLong(file, number);
                (tooLong ?? (it => throw it))(fault);
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                yield return new JsonLine(file, number, line);
            }
        }
    }

    /// <summary>The line's value.</summary>
    /// <exception cref="EvaluationException">It is no JSON; the message names file and line.</exception>
    public JsonElement Parse()
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(Text);
        }
        catch (JsonException fault)
        {
            throw new EvaluationException(
                $"{Place}: not valid JSON: {JsonFaults.Describe(fault, oneLine: true)}",
                fault
            );
        }
    }
}
