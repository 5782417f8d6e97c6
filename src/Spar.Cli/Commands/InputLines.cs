using System.Globalization;
using System.Text.Json;
using Spar.Cli.Console;
using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Cli.Commands;

/// <summary>A line of a file that a command reads.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Text">Its text, not blank.</param>
/// <param name="Place">File and line, for faults.</param>
internal sealed record InputLine(int Number, string Text, string Place)
{
    /// <summary>A fault in this line.</summary>
    /// <param name="problem">What is wrong, with a full stop.</param>
    public UserFaultException Fault(string problem) => new($"{Place}: {problem}");

    /// <summary>Reads the line as JSON.</summary>
    /// <typeparam name="T">What is taken from it.</typeparam>
    /// <param name="take">Takes it; may throw <see cref="Fault"/>.</param>
    /// <exception cref="UserFaultException">It is no JSON, or holds half of a surrogate pair.</exception>
    public T Json<T>(Func<JsonElement, T> take)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(Text);
            return take(document.RootElement);
        }
        catch (JsonException fault)
        {
            throw Fault($"not valid JSON: {JsonFaults.Describe(fault, oneLine: true)}.");
        }
        catch (InvalidOperationException)
        {
            throw Fault("a text holds half of a surrogate pair, which is no text.");
        }
    }
}

/// <summary>Reads files line by line; the name - means standard input.</summary>
internal static class InputLines
{
    /// <summary>The name that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>What messages call a file.</summary>
    public static string Name(string file) => file == StandardInput ? "standard input" : file;

    /// <summary>Gives standard input where that is meant; else null.</summary>
    public static TextReader? Reader(string file, CommandContext context) =>
        file == StandardInput ? context.Input : null;

    /// <summary>The lines that are not blank.</summary>
    /// <param name="file">The file, or <see cref="StandardInput"/>.</param>
    /// <param name="context">Gives standard input.</param>
    /// <exception cref="UserFaultException">
    /// The file cannot be read, is no text, or a line is too long; thrown while the lines are enumerated.
    /// </exception>
    public static IEnumerable<InputLine> Read(string file, CommandContext context)
    {
        string name = Name(file);
        int number = 0;
        foreach (string? line in file == StandardInput ? LineFile.Read(context.Input, name) : LineFile.Read(file))
        {
            number++;
            if (line is null)
            {
                throw LineFile.TooLong(name, number);
            }

            if (!string.IsNullOrWhiteSpace(line))
            {
                yield return new InputLine(
                    number,
                    line,
                    string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}")
                );
            }
        }
    }
}
