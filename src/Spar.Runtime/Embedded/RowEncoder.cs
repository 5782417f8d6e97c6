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

    /// <summary>Reason: of the response's tokens up to the cutoff all are the model's own.</summary>
    public const string NothingEdited = "nothing edited up to the cutoff";

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
        [.. Kept(examples).Select(one => one.Sequence)];

    /// <summary>
    /// The examples of which something is left to learn, in their order, with every token but the first as a target,
    /// and which of the targets are learnt: the response's, or those that were edited into it.
    /// </summary>
    /// <param name="examples">The rows.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<(TrainingSequence Row, bool[] Learnt)> Anchored(IReadOnlyList<SupervisedRow> examples) =>
    [
        .. Kept(examples)
            .Select(one => (Row: one.Sequence with { FirstTarget = 1 }, Learnt: Learnt(one.Sequence, one.Example)))
            .Where(one => Keeps(one.Learnt.Contains(true) ? null : NothingEdited)),
    ];

    /// <summary>The pairs of which something is left to learn on both sides, in their order.</summary>
    /// <param name="pairs">The rows.</param>
    /// <param name="rejectedEnd">Whether the end of the turn is learnt of whole rejected responses.</param>
    /// <exception cref="EngineException">The template refuses a turn.</exception>
    public IReadOnlyList<(TrainingSequence Chosen, TrainingSequence Rejected)> Pairs(
        IReadOnlyList<PreferencePair> pairs, bool rejectedEnd) =>
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

    // The examples with a response of which a token is left.
    private IEnumerable<(TrainingSequence Sequence, SupervisedRow Example)> Kept(
        IReadOnlyList<SupervisedRow> examples) =>
        examples
            .Select(example => (Sequence: Encode(example.Context, example.Prompt, example.Response), Example: example))
            .Where(one => Keeps(
                IsBlank(one.Example.Response) ? EmptyResponse : one.Sequence.TargetCount == 0 ? NoTarget : null));

    private static bool IsBlank(string text) => string.IsNullOrWhiteSpace(text);

    private bool Keeps(string? why)
    {
        if (why is not null)
        {
            _leftOut[why] = _leftOut.GetValueOrDefault(why) + 1;
        }

        return why is null;
    }

    // By target, where every token but the first is one.
    private bool[] Learnt(TrainingSequence sequence, SupervisedRow row)
    {
        bool[] learnt = new bool[sequence.Tokens.Length - 1];
        Span<bool> response = learnt.AsSpan(sequence.FirstTarget - 1);
        if (row.Unedited is { } own)
        {
            EditedTokens.Mark(
                sequence, encoder.Encode(Turns(row.Context, row.Prompt), own, int.MaxValue, out _), response);
        }
        else
        {
            response.Fill(true);
        }

        return learnt;
    }

    private TrainingSequence Encode(
        IReadOnlyList<ChatTurn>? context, string prompt, string response, bool ended = true)
    {
        TrainingSequence sequence = encoder.Encode(
            Turns(context, prompt), response, cutoff, out bool truncated, ended);
        Truncated += truncated ? 1 : 0;
        return sequence;
    }

    /// <summary>The conversation that a row's response answers.</summary>
    /// <param name="context">The turns before the prompt; null where there are none.</param>
    /// <param name="prompt">The user turn.</param>
    public static Message[] Turns(IReadOnlyList<ChatTurn>? context, string prompt) =>
    [
        .. (context ?? []).Select(turn => new Message(turn.Role, turn.Text)),
        new Message(ChatRoles.User, prompt),
    ];
}
