using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Training;
using Spar.Seams;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Turns rows of text into rows of tokens, as the model's chat template writes them. What is longer than the cutoff
/// loses its end, and is counted; a row of which there is nothing to learn is left out, and counted with its reason.
/// </summary>
/// <param name="encoder">The model's.</param>
/// <param name="cutoff">Longest sequence in tokens.</param>
internal sealed class RowEncoder(ChatEncoder encoder, int cutoff)
{
    /// <summary>Reason: the prompt alone reaches the cutoff, so no token of the response is left.</summary>
    public const string NoTarget = "prompt as long as the cutoff";

    /// <summary>Reason: both sides of the pair are the same, at least up to the cutoff.</summary>
    public const string EqualSides = "equal sides";

    /// <summary>Reason: there is no response to learn.</summary>
    public const string EmptyResponse = "empty response";

    private readonly Dictionary<string, int> _leftOut = new(StringComparer.Ordinal);

    /// <summary>Rows that were left out so far, by reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut => _leftOut;

    /// <summary>Sequences that were cut so far.</summary>
    public int Truncated { get; private set; }

    /// <summary>The examples of which something is left to learn, in their order.</summary>
    /// <param name="examples">The rows.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<TrainingSequence> Examples(IReadOnlyList<SupervisedRow> examples) =>
    [
        .. examples
            .Select(example => (
                Row: Encode(example.Context, example.Prompt, example.Response),
                Blank: IsBlank(example.Response)))
            .Where(example => Keeps(
                example.Blank ? EmptyResponse : example.Row.TargetCount == 0 ? NoTarget : null))
            .Select(example => example.Row),
    ];

    /// <summary>The pairs of which something is left to learn on both sides, in their order.</summary>
    /// <param name="pairs">The rows.</param>
    /// <param name="rejectedEnd">Whether a rejected response that was not cut off is learnt with the end of its turn.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> Pairs(
        IReadOnlyList<PreferencePair> pairs, bool rejectedEnd = true) =>
    [
        .. pairs
            .Select(pair => (
                Chosen: Encode(pair.Context, pair.Prompt, pair.Chosen),
                Rejected: Encode(
                    pair.Context, pair.Prompt, pair.Rejected, rejectedEnd && pair.RejectedCutOff != true),
                Blank: IsBlank(pair.Chosen) || IsBlank(pair.Rejected)))
            .Where(pair => Keeps(
                pair.Blank ? EmptyResponse
                : pair.Chosen.TargetCount == 0 || pair.Rejected.TargetCount == 0 ? NoTarget
                : pair.Chosen.Tokens.AsSpan().SequenceEqual(pair.Rejected.Tokens) ? EqualSides
                : null))
            .Select(pair => (pair.Chosen, pair.Rejected)),
    ];

    private static bool IsBlank(string text) => string.IsNullOrWhiteSpace(text);

    private bool Keeps(string? why)
    {
        if (why is not null)
        {
            _leftOut[why] = _leftOut.GetValueOrDefault(why) + 1;
        }

        return why is null;
    }

    private TrainingSequence Encode(
        IReadOnlyList<ChatTurn>? context, string prompt, string response, bool ended = true)
    {
        Message[] turns =
        [
            .. (context ?? []).Select(turn => new Message(turn.Role, turn.Text)),
            new Message(ChatRoles.User, prompt),
        ];
        TrainingSequence sequence = encoder.Encode(turns, response, cutoff, out bool truncated, ended);
        Truncated += truncated ? 1 : 0;
        return sequence;
    }
}
