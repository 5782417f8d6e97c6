using System.Text;

namespace Spar.Seams;

/// <summary>An instruction to answer, with the conversation that it comes at the end of.</summary>
/// <param name="Id">Unique among the prompts of one run.</param>
/// <param name="Text">The last user turn: what is to be answered.</param>
public sealed record Prompt(string Id, string Text)
{
    /// <summary>
    /// The turns before <see cref="Text"/>: a system turn, earlier turns; null where there are none.
    /// </summary>
    public IReadOnlyList<ChatTurn>? Context { get; init; }

    /// <summary>
    /// The prompt as one text, as whoever judges, refines or verifies a response sees it: <see cref="Text"/> itself
    /// where nothing comes before it, else the conversation so far, turn by turn, and then the text. Prompts with
    /// different conversations have different instructions.
    /// </summary>
    public string Instruction => InstructionOf(Context, Text);

    /// <summary>The <see cref="Instruction"/> of a conversation.</summary>
    /// <param name="context">The turns before the last; null or empty where there are none.</param>
    /// <param name="text">The last user turn.</param>
    public static string InstructionOf(IReadOnlyList<ChatTurn>? context, string text)
    {
        if (context is not { Count: > 0 })
        {
            return text;
        }

        StringBuilder framed = new("[The conversation so far]\n");
        foreach (ChatTurn turn in context)
        {
            framed.Append(turn.Role).Append(": ").Append(turn.Text).Append('\n');
        }

        return framed.Append("[What the user asks now]\n").Append(text).ToString();
    }
}
