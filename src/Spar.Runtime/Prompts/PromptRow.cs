using System.Text.Json;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>A prompt as a row of a file gives it, whatever the file's layout.</summary>
/// <param name="Place">The file and the row, for messages.</param>
/// <param name="Id">The row's own id; null where it has none.</param>
/// <param name="Context">The turns before the one that is played: system turns and earlier turns; mostly empty.</param>
/// <param name="Text">The last user turn.</param>
/// <param name="Response">The assistant's turn behind it, where the row has one.</param>
/// <param name="Instructions">Its checkable constraints in IFEval's layout; empty where it has none.</param>
public sealed record PromptRow(
    string Place,
    string? Id,
    IReadOnlyList<ChatTurn> Context,
    string Text,
    string? Response,
    IReadOnlyList<RowInstruction> Instructions
)
{
    /// <summary>Its line, or its row in files that have no lines, from 1.</summary>
    public long Number { get; init; }

    /// <summary>
    /// What the prompt asks for without its constraints, where the row says so in <c>request</c> and nothing comes
    /// before the prompt; null where not.
    /// </summary>
    public string? Request { get; init; }

    /// <summary>
    /// The conversation up to the last user turn, as one text that is the same for the same conversation: what makes a
    /// prompt this prompt.
    /// </summary>
    public string Conversation =>
        Context.Count == 0 ? Text : string.Concat(Context.Select(turn => $"{turn.Role}\0{turn.Text}\0")) + Text;
}

/// <summary>A constraint that comes with a prompt.</summary>
/// <param name="Id">Its id, such as length_constraints:number_words.</param>
/// <param name="Arguments">Its arguments: a JSON object.</param>
public sealed record RowInstruction(string Id, JsonElement Arguments);
