using System.Globalization;
using System.Text.Json;
using Spar.Cli.Console;

namespace Spar.Cli.Commands;

/// <summary>A prompt that a command is to answer.</summary>
/// <param name="Id">Its name, unique in its file.</param>
/// <param name="Text">The instruction.</param>
internal sealed record GivenPrompt(string Id, string Text);

/// <summary>Reads prompts: from the command line, from standard input, or from a file of many.</summary>
internal static class PromptFile
{
    /// <summary>The name that means standard input.</summary>
    public const string StandardInput = "-";

    /// <summary>Most characters of a prompt: no model's context holds as many.</summary>
    private const int MostCharacters = 8_000_000;

    /// <summary>One prompt, or standard input as a whole where it is <see cref="StandardInput"/>.</summary>
    /// <param name="prompt">The argument.</param>
    /// <param name="context">Gives standard input.</param>
    /// <exception cref="SparException">The prompt is empty or longer than any model takes.</exception>
    public static string One(string prompt, CommandContext context)
    {
        string text = prompt == StandardInput ? context.Input.ReadToEnd().TrimEnd('\n', '\r') : prompt;
        return string.IsNullOrWhiteSpace(text) ? throw new SparException("The prompt is empty. Give an instruction.") : Checked(text, "The prompt");
    }

    /// <summary>
    /// Prompts of a file: a prompt a line, or JSON lines with <c>prompt</c> and, optionally, <c>id</c> (else the line's number). Blank lines are passed over.
    /// </summary>
    /// <param name="file">The file, or <see cref="StandardInput"/>.</param>
    /// <param name="context">Gives standard input.</param>
    /// <exception cref="SparException">It cannot be read, holds no prompt, or a line is faulty; the message names the line.</exception>
    public static IReadOnlyList<GivenPrompt> Many(string file, CommandContext context)
    {
        string name = file == StandardInput ? "standard input" : file;
        List<GivenPrompt> prompts = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        bool? json = null;
        int number = 0;
        try
        {
            using TextReader reader = file == StandardInput ? new StringReader(context.Input.ReadToEnd()) : new StreamReader(file);
            while (reader.ReadLine() is string line)
            {
                number++;
                if (string.IsNullOrWhiteSpace(line))
                {
                    continue;
                }

                json ??= line.TrimStart().StartsWith('{');
                string place = string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}");
                GivenPrompt prompt = json.Value ? Parse(line, place, number) : new GivenPrompt(number.ToString(CultureInfo.InvariantCulture), line.Trim());
                if (!ids.Add(prompt.Id))
                {
                    throw new SparException($"{place}: the id '{prompt.Id}' is that of an earlier line; ids have to differ.");
                }

                prompts.Add(prompt with { Text = Checked(prompt.Text, $"{place}: the prompt") });
            }
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SparException($"{name}: there is no such file. Name a file of prompts, or - for standard input.", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException($"{name} cannot be read: {fault.Message.TrimEnd('.')}. Name a file of prompts, one a line or JSON lines.", fault);
        }

        return prompts.Count > 0 ? prompts : throw new SparException($"{name} has no prompts: give one a line, or JSON lines with a prompt each.");
    }

    private static GivenPrompt Parse(string line, string place, int number)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty("prompt", out JsonElement prompt) || prompt.ValueKind != JsonValueKind.String
                || string.IsNullOrWhiteSpace(prompt.GetString()))
            {
                throw new SparException($"{place}: there must be an object with a 'prompt', a text that is not empty.");
            }

            string id = !row.TryGetProperty("id", out JsonElement given) ? number.ToString(CultureInfo.InvariantCulture)
                : given.ValueKind is JsonValueKind.String or JsonValueKind.Number ? given.ToString()
                : throw new SparException($"{place}: 'id' must be a text or a number.");
            return new GivenPrompt(id, prompt.GetString()!);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new SparException($"{place}: not valid JSON: {fault.Message}", fault);
        }
    }

    private static string Checked(string text, string what) => text.Length <= MostCharacters ? text
        : throw new SparException(string.Create(CultureInfo.InvariantCulture, $"{what} has {text.Length} characters; {MostCharacters} is the most."));
}
