using System.Text;
using Spar.Calls;

namespace Spar.Web.Serving;

/// <summary>One answer, put together from its pieces.</summary>
internal sealed class WholeAnswer
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _thoughts = new();

    /// <summary>What was said.</summary>
    public string Text => _text.ToString();

    /// <summary>What was thought before; null where nothing was.</summary>
    public string? Thoughts => _thoughts.Length == 0 ? null : _thoughts.ToString();

    /// <summary>How it ended; null while it has not.</summary>
    public Piece.Ended? End { get; private set; }

    /// <summary>Puts the answers to a request together.</summary>
    /// <param name="pieces">All pieces.</param>
    /// <param name="choices">How many answers there are.</param>
    public static async Task<IReadOnlyList<WholeAnswer>> ReadAsync(IAsyncEnumerable<Piece> pieces, int choices)
    {
        WholeAnswer[] answers = [.. Enumerable.Range(0, choices).Select(_ => new WholeAnswer())];
        await foreach (Piece piece in pieces.ConfigureAwait(false))
        {
            answers[piece.Choice].Add(piece);
        }

        return answers;
    }

    /// <summary>Takes the next piece.</summary>
    /// <param name="piece">A piece of this answer.</param>
    public void Add(Piece piece)
    {
        switch (piece)
        {
            case Piece.Said said:
                _text.Append(said.Text);
                break;
            case Piece.Thought thought:
                _thoughts.Append(thought.Text);
                break;
            case Piece.Ended ended:
                End = ended;
                break;
        }
    }
}
