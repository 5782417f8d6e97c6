using System.Globalization;
using System.Text;

namespace Spar.Calls;

/// <summary>What can be made of an answer.</summary>
public enum AnswerStatus
{
    /// <summary>It has text, and ended where the model wanted it to, as far as is known.</summary>
    Complete,

    /// <summary>
    /// It ended at the limit of tokens, was broken off, or began a thought and did not end it: what it would have said
    /// is not known. It may have no text at all.
    /// </summary>
    CutOff,

    /// <summary>The model ended it without saying anything, thoughts aside.</summary>
    Empty,

    /// <summary>A filter of the server took it back, or the server calls it a refusal.</summary>
    Refused,
}

/// <summary>
/// The one reading of an answer, for everything that makes something of it. Nothing becomes a row for training, a
/// side of a pair or a vote without being complete (but a rejected response may be one that was cut off, which is then
/// learnt as such: no end of the turn follows it); who scores what is not complete counts it as what it is
/// (<c>docs/evaluation.md</c> has the table).
/// </summary>
/// <param name="Text">
/// What the model said, thoughts apart; as it was written where it has none. Empty where a thought did not end.
/// </param>
/// <param name="Thinking">What it thought before; null where it did not.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Status">What can be made of it.</param>
public sealed record AnswerReading(string Text, string? Thinking, FinishReason Finish, AnswerStatus Status)
{
    /// <summary>Why an answer is not complete: it reached the limit of tokens.</summary>
    public const string CutOff = "cut off at the token limit";

    /// <summary>Why an answer is not complete: a thought was begun and not ended.</summary>
    public const string UnfinishedThought = "unfinished thought";

    /// <summary>Why an answer is not complete: the server broke it off.</summary>
    public const string Aborted = "broken off by the server";

    /// <summary>Why an answer is not complete: there is no text beside thoughts.</summary>
    public const string Empty = "empty";

    /// <summary>Why an answer is not complete: a filter.</summary>
    public const string Refused = "refused by the server's filter";

    /// <summary>True for an answer with text that ended by itself.</summary>
    public bool Complete => Status == AnswerStatus.Complete;

    /// <summary>True where nothing was said, whatever the reason.</summary>
    public bool Blank => IsBlank(Text);

    /// <summary>Why it is not complete, in a few words; null when it is.</summary>
    public string? Incomplete => (Status, Finish) switch
    {
        (AnswerStatus.Complete, _) => null,
        (AnswerStatus.Refused, _) => Refused,
        (AnswerStatus.Empty, _) => Empty,
        (_, FinishReason.Length) => CutOff,
        (_, FinishReason.Aborted) => Aborted,
        _ => UnfinishedThought,
    };

    /// <summary>Reads an answer.</summary>
    /// <param name="answer">As it is kept, thoughts included.</param>
    public static AnswerReading Of(Answer answer)
    {
        ThoughtSplit split = Thoughts.Split(answer.Text);
        FinishReason finish = FinishReasons.Read(answer.Finish);
        AnswerStatus status =
            finish == FinishReason.Filter ? AnswerStatus.Refused
            : finish is FinishReason.Length or FinishReason.Aborted || split.Unfinished ? AnswerStatus.CutOff
            : answer.LogLikelihoods is null && IsBlank(split.Text) ? AnswerStatus.Empty
            : AnswerStatus.Complete;
        return new AnswerReading(split.Text, split.Thinking, finish, status);
    }

    // Blank to a reader: white space, and characters that take no room.
    private static bool IsBlank(string text)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!Rune.IsWhiteSpace(rune)
                && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Format or UnicodeCategory.Control))
            {
                return false;
            }
        }

        return true;
    }
}
