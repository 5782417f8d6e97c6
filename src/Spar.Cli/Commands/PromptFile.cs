using System.Globalization;
using System.Text;
using Spar.Cli.Console;
using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;
using Spar.Runtime.Prompts;
using Spar.Seams;

namespace Spar.Cli.Commands;

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
    /// Prompts of a file in any layout, or of standard input: a prompt a line, or JSON lines. A prompt without
    /// an id is named by its line or row.
    /// </summary>
    /// <param name="file">The file, or <see cref="InputLines.StandardInput"/>.</param>
    /// <param name="context">Gives standard input.</param>
    /// <param name="named">Stands before the number of a prompt without an id.</param>
    /// <param name="constraints">Gets the constraints that rows bring; null leaves them unread.</param>
    /// <exception cref="UserFaultException">
    /// It cannot be read, holds no prompt, or a row is faulty; the message names the row.
    /// </exception>
    public static IReadOnlyList<Prompt> Many(
        string file, CommandContext context, string named = "", ICollection<InstructionPrompt>? constraints = null)
    {
        List<Prompt> prompts = [];
        HashSet<string> ids = new(StringComparer.Ordinal);
        foreach (PromptRow row in PromptRows.Read(InputLines.Name(file), InputLines.Reader(file, context)))
        {
            string id = row.Id ?? string.Create(CultureInfo.InvariantCulture, $"{named}{row.Number}");
            prompts.Add(
                ids.Add(id)
                    ? PromptConstraints.PromptOf(row with { Text = Checked(row.Text, $"{row.Place}: the prompt") }, id)
                    : throw new UserFaultException(
                        $"{row.Place}: the id '{id}' is that of an earlier row; ids have to differ."
                    )
            );
            if (constraints is not null && PromptConstraints.Of(row, prompts[^1]) is { } brought)
            {
                constraints.Add(brought);
            }
        }

        return prompts.Count > 0
            ? prompts
            : throw new UserFaultException(
                $"{InputLines.Name(file)} has no prompts.",
                "Give one a line, or JSON lines with a prompt each."
            );
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
