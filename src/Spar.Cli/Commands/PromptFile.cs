using System.Globalization;
using System.Text;
using System.Text.Json;
using Spar.Cli.Console;
using Spar.Ground;

namespace Spar.Cli.Commands;

/// <summary>A prompt that a command is to answer.</summary>
/// <param name="Id">Its name, unique in its file.</param>
/// <param name="Text">The instruction.</param>
internal sealed record GivenPrompt(string Id, string Text);

/// <summary>Reads prompts: from the command line, from standard input, or from a file of many.</summary>
internal static class PromptFile
{
    /// <summary>Most characters of a prompt: no model's context holds as many.</summary>
    private const int MostCharacters = 8_000_000;

    /// <summary>One prompt, or standard input as a whole where it is <see cref="InputLines.StandardInput"/>.</summary>
    /// <param name="prompt">The argument.</param>
    /// <param name="context">Gives standard input.</param>
    /// <exception cref="UserFaultException">The prompt is empty or longer than any model takes.</exception>
    public static string One(string prompt, CommandContext context)
    {
        string text = prompt == InputLines.StandardInput ? ReadAll(context.Input) : prompt;
        return string.IsNullOrWhiteSpace(text)
            ? throw new UserFaultException("The prompt is empty.", "Give an instruction.")
            : Checked(text, "The prompt");
    }

    /// <summary>
    /// Prompts of a file: a prompt a line, or JSON lines with <c>prompt</c> and, optionally, <c>id</c> (else the line's
    /// number). The first line that is not blank decides which; blank lines are passed over.
    /// </summary>
    /// <param name="file">The file, or <see cref="InputLines.StandardInput"/>.</param>
    /// <param name="context">Gives standard input.</param>
    /// <exception cref="UserFaultException">
    /// It cannot be read, holds no prompt, or a line is faulty; the message names the line.
    /// </exception>
    public static IReadOnlyList<GivenPrompt> Many(string file, CommandContext context)
    {
        List<GivenPrompt> prompts = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        bool? json = null;
        foreach (InputLine line in InputLines.Read(file, context))
        {
            json ??= line.Text.TrimStart().StartsWith('{');
            string number = line.Number.ToString(CultureInfo.InvariantCulture);
            GivenPrompt prompt = json.Value
                ? line.Json(row => Of(row, line, number))
                : new GivenPrompt(number, line.Text.Trim());
            prompts.Add(
                ids.Add(prompt.Id)
                    ? prompt with
                    {
                        Text = Checked(prompt.Text, $"{line.Place}: the prompt"),
                    }
                    : throw line.Fault($"the id '{prompt.Id}' is that of an earlier line; ids have to differ.")
            );
        }

        return prompts.Count > 0
            ? prompts
            : throw new UserFaultException(
                $"{InputLines.Name(file)} has no prompts.",
                "Give one a line, or JSON lines with a prompt each."
            );
    }

    private static GivenPrompt Of(JsonElement row, InputLine line, string number)
    {
        if (
            row.ValueKind != JsonValueKind.Object
            || !row.TryGetProperty("prompt", out JsonElement prompt)
            || prompt.ValueKind != JsonValueKind.String
            || string.IsNullOrWhiteSpace(prompt.GetString())
        )
        {
            throw line.Fault("there must be an object with a 'prompt', a text that is not empty.");
        }

        string id =
            !row.TryGetProperty("id", out JsonElement given) ? number
            : given.ValueKind == JsonValueKind.String ? given.GetString()!
            : given.ValueKind == JsonValueKind.Number ? given.GetRawText()
            : throw line.Fault("'id' must be a text or a number.");
        return new GivenPrompt(id, prompt.GetString()!);
    }

    private static string ReadAll(TextReader input)
    {
        StringBuilder text = new();
        char[] buffer = new char[1 << 16];
        int count;
        while ((count = input.Read(buffer, 0, buffer.Length)) > 0 && text.Length <= MostCharacters)
        {
            text.Append(buffer, 0, count);
        }

        return text.ToString().TrimEnd('\n', '\r');
    }

    private static string Checked(string text, string what) =>
        text.Length <= MostCharacters
            ? text
            : throw new UserFaultException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} has more than {MostCharacters} characters, which no model takes."
                ),
                "Shorten it."
            );
}
