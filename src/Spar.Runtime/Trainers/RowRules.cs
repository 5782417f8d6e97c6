using System.Globalization;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// What LLaMA-Factory leaves out with no more than a warning (a conversation that does not go in turns, an empty one),
/// found before it is asked, so that the row can be named.
/// </summary>
internal static class RowRules
{
    /// <summary>Refuses rows that the trainer would leave out.</summary>
    /// <param name="name">The training.</param>
    /// <param name="data">The rows.</param>
    /// <param name="trainer">The trainer's name.</param>
    /// <exception cref="TrainingFaultException">There is one; its place and prompt are named.</exception>
    public static void Check(string name, TrainingData data, string trainer)
    {
        IEnumerable<(string PromptId, IReadOnlyList<ChatTurn>? Context, string Prompt, bool Empty)> rows = data switch
        {
            TrainingData.Supervised one => one.Examples.Select(
                row => (row.PromptId, row.Context, row.Prompt, row.Response.Length == 0)),
            TrainingData.Preference two => two.Pairs.Select(
                pair => (pair.PromptId, pair.Context, pair.Prompt, pair.Chosen.Length == 0 || pair.Rejected.Length == 0)),
            _ => [],
        };
        foreach ((int i, (string prompt, IReadOnlyList<ChatTurn>? context, string text, bool empty)) in rows.Index())
        {
            string? wrong =
                empty ? "its response is empty"
                : text.Length == 0 ? "its prompt is empty"
                : Turns(context ?? []);
            if (wrong is not null)
            {
                throw new TrainingFaultException(
                    TrainingFaultKind.RowUnfit,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Row {i + 1} of {name} (prompt {prompt}) cannot be learnt by {trainer}: {wrong}."),
                    "Mend or leave out that prompt, or train with the embedded trainer.");
            }
        }
    }

    // After a system turn, user and assistant by turns, until the user asks.
    private static string? Turns(IReadOnlyList<ChatTurn> context)
    {
        ChatTurn[] turns = [.. context.Skip(context is [{ Role: "system" }, ..] ? 1 : 0)];
        for (int i = 0; i < turns.Length; i++)
        {
            string expected = i % 2 == 0 ? "user" : "assistant";
            if (turns[i].Role != expected)
            {
                return $"its earlier turns do not go by turns (a turn of {turns[i].Role} stands where {expected} has to)";
            }
        }

        return turns.Length % 2 == 0 ? null : "two turns of the user follow each other";
    }
}
