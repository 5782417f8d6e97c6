using Spar.Calls;

namespace Spar.Templates;

/// <summary>One sampled refinement, as far as it could be read.</summary>
/// <param name="Output">The output without thoughts, reflection included, trimmed.</param>
/// <param name="Response">The refined response, trimmed; null when the output could not be read.</param>
/// <param name="Unparsed">Why it could not be read; null when it could.</param>
public sealed record Refinement(string Output, string? Response, string? Unparsed);

/// <summary>
/// Takes the refined response from between its marks (<see cref="MarkedBlock"/>); the last block counts.
/// </summary>
/// <param name="format">Gives the marks.</param>
public sealed class RefinementParser(OutputFormat format)
{
    /// <summary>Reason: the start mark does not occur.</summary>
    public const string NoStart = "no start mark";

    /// <summary>Reason: no end mark follows the last start mark.</summary>
    public const string NoEnd = "no end mark";

    /// <summary>Reason: there is nothing between the marks.</summary>
    public const string EmptyResponse = "empty response";

    /// <summary>Reason: between the marks is what the template has there.</summary>
    public const string Placeholder = "the template's placeholder";

    /// <summary>Reason: a thought was begun and not ended.</summary>
    public const string UnfinishedThought = AnswerReading.UnfinishedThought;

    /// <summary>Reason: the output ended at the token limit before the response was known to be whole.</summary>
    public const string CutOff = AnswerReading.CutOff;

    /// <summary>Reads one answer.</summary>
    /// <param name="answer">What the refiner answered.</param>
    public Refinement Parse(Answer answer)
    {
        AnswerReading reading = answer.Read();
        return reading.Status == AnswerStatus.Refused
            ? new Refinement(reading.Text.Trim(), null, AnswerReading.Refused)
            : Parse(answer.Text, reading.Finish is FinishReason.Length or FinishReason.Aborted);
    }

    /// <summary>Reads one output.</summary>
    /// <param name="output">What the refiner wrote, thoughts included.</param>
    /// <param name="cutOff">True when the output ended because the token limit was reached.</param>
    public Refinement Parse(string output, bool cutOff = false)
    {
        ThoughtSplit split = Thoughts.Split(output);
        string text = split.Text.Trim();
        if (split.Unfinished)
        {
            return new Refinement(text, null, UnfinishedThought);
        }

        if (format.ResponseStart is null)
        {
            string? fault = text.Length == 0 ? EmptyResponse : cutOff ? CutOff : null;
            return new Refinement(text, fault is null ? text : null, fault);
        }

        MarkedBlock? block = MarkedBlock.FindLast(text, format.ResponseStart, format.ResponseEnd);
        bool toTheEnd = format.ResponseEnd is null || format.ResponseEndOptional;
        string? unparsed = block is null ? NoStart : block.Ended ? null : cutOff ? CutOff : toTheEnd ? null : NoEnd;
        if (unparsed is not null)
        {
            return new Refinement(text, null, unparsed);
        }

        string response = block!.Text.Trim();
        unparsed = response.Length == 0 ? EmptyResponse : response.Trim('.', '…', ' ', '[', ']', '<', '>').Length == 0
            ? Placeholder : null;
        return new Refinement(text, unparsed is null ? response : null, unparsed);
    }
}
