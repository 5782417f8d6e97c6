namespace Spar.Runtime.Prompts;

/// <summary>Reads the prompts of a file, whatever its format and layout.</summary>
public static class PromptRows
{
    /// <summary>The rows in order, one by one.</summary>
    /// <param name="file">The file; the name in messages where <paramref name="input"/> is given.</param>
    /// <param name="input">Gives the rows in the file's place: JSON lines, or a prompt a line; null reads the file.</param>
    /// <exception cref="SparException">
    /// A row cannot be read, has no prompt, or is laid out differently from those before it; thrown while the rows are
    /// enumerated.
    /// </exception>
    public static IEnumerable<PromptRow> Read(string file, TextReader? input = null)
    {
        string? layout = null;
        foreach (RecordRow record in RecordFile.Read(file, input))
        {
            yield return RowOf(record, ref layout);
        }
    }

    /// <summary>Checks that a file can be read and begins with a prompt.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">It is not so; the message names file and row.</exception>
    public static void CheckFirst(string file)
    {
        if (!Read(file).Any())
        {
            throw new SparException($"{file} has no rows.");
        }
    }

    /// <summary>The prompt of a row.</summary>
    /// <param name="record">The row.</param>
    /// <param name="layout">The layout of the rows before; null in front of the first.</param>
    /// <exception cref="SparException">
    /// It has no prompt, or is laid out differently from those before it.
    /// </exception>
    internal static PromptRow RowOf(RecordRow record, ref string? layout)
    {
        try
        {
            PromptRow row = PromptLayout.Read(record.Place, record.Value, out string found) with
            {
                Number = record.Number,
            };
            layout ??= found;
            return found == layout
                ? row
                : throw new SparException(
                    $"{record.Place}: the prompt is in {found}, and in the rows before in {layout}. Put rows of "
                        + "different layouts into different files."
                );
        }
        catch (InvalidOperationException fault)
        {
            // The JSON reader reports such names only when they are compared.
            throw new SparException(
                $"{record.Place}: a name holds half of a surrogate pair, which is no text.",
                fault
            );
        }
    }
}
