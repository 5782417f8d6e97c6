using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Web.Serving;

/// <summary>A part of an answer, in the order in which it became known.</summary>
/// <param name="Choice">The answer that it belongs to, from 0.</param>
internal abstract record Piece(int Choice)
{
    /// <summary>Some text of the answer.</summary>
    /// <param name="Choice">The answer that it belongs to, from 0.</param>
    /// <param name="Text">Not empty.</param>
    internal sealed record Said(int Choice, string Text) : Piece(Choice);

    /// <summary>Some of what was thought, or done, on the way to the answer.</summary>
    /// <param name="Choice">The answer that it belongs to, from 0.</param>
    /// <param name="Text">Not empty.</param>
    internal sealed record Thought(int Choice, string Text) : Piece(Choice);

    /// <summary>The answer has ended.</summary>
    /// <param name="Choice">The answer that it belongs to, from 0.</param>
    /// <param name="Finish">stop, length or content_filter.</param>
    /// <param name="InputTokens">Tokens of the prompts that were read for this answer alone.</param>
    /// <param name="OutputTokens">Tokens generated.</param>
    /// <param name="LogProbabilities">A value a token; null where none were asked for, or none came.</param>
    internal sealed record Ended(
        int Choice, string Finish, long InputTokens, long OutputTokens,
        IReadOnlyList<TokenLogProbability>? LogProbabilities) : Piece(Choice);

    /// <summary>The word of the interface for the reason why an answer ended.</summary>
    /// <param name="reason">The model's own word; null where it gave none.</param>
    public static string Reason(ChatFinishReason? reason) => FinishReasons.Read(reason?.Value) switch
    {
        FinishReason.Length => "length",
        FinishReason.Filter => "content_filter",
        _ => "stop",
    };
}
