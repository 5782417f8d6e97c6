using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Training;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Turns rows of text into rows of tokens, as the model's chat template writes them. What is longer than the cutoff
/// loses its end, and is counted; a row of which no token to learn is left is dropped.
/// </summary>
/// <param name="encoder">The model's.</param>
/// <param name="cutoff">Longest sequence in tokens.</param>
internal sealed class RowEncoder(ChatEncoder encoder, int cutoff)
{
    /// <summary>Sequences that were cut so far.</summary>
    public int Truncated { get; private set; }

    /// <summary>The examples of which something is left to learn, in their order.</summary>
    /// <param name="examples">The rows.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<TrainingSequence> Examples(IReadOnlyList<SupervisedRow> examples) =>
    [
        .. examples.Select(example => Encode(example.Context, example.Prompt, example.Response))
            .Where(sequence => sequence.TargetCount > 0),
    ];

    /// <summary>The pairs of which something is left to learn on both sides, in their order.</summary>
    /// <param name="pairs">The rows.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> Pairs(
        IReadOnlyList<PreferencePair> pairs) =>
    [
        .. pairs
            .Select(pair => (
                Chosen: Encode(pair.Context, pair.Prompt, pair.Chosen),
                Rejected: Encode(pair.Context, pair.Prompt, pair.Rejected)))
            .Where(pair => pair.Chosen.TargetCount > 0 && pair.Rejected.TargetCount > 0),
    ];

    private TrainingSequence Encode(IReadOnlyList<ChatTurn>? context, string prompt, string response)
    {
        Message[] turns =
        [
            .. (context ?? []).Select(turn => new Message(turn.Role, turn.Text)),
            new Message(ChatRoles.User, prompt),
        ];
        TrainingSequence sequence = encoder.Encode(turns, response, cutoff, out bool truncated);
        Truncated += truncated ? 1 : 0;
        return sequence;
    }
}
