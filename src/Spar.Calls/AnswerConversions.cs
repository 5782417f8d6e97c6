using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Answers as responses and back, so that what is kept passes through the stack like what was just generated.
/// </summary>
public static class AnswerConversions
{
    private const string AnswerName = "spar.answer";
    private const string KeptName = "spar.kept";

    /// <summary>What a response says.</summary>
    /// <param name="response">From a model or from the stack.</param>
    public static Answer ToAnswer(this ChatResponse response) =>
        response.AdditionalProperties?.GetValueOrDefault(AnswerName) as Answer ?? new Answer(
            RawText(response),
            response.Usage?.InputTokenCount,
            response.Usage?.OutputTokenCount,
            response.FinishReason?.Value);

    /// <summary>A response that says what an answer says.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="kept">Whether it was kept from before.</param>
    public static ChatResponse ToResponse(this Answer answer, bool kept = false) =>
        new(new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            FinishReason = answer.Finish is { } finish ? new ChatFinishReason(finish) : null,
            Usage = answer.InputTokens is null && answer.OutputTokens is null
                ? null
                : new UsageDetails { InputTokenCount = answer.InputTokens, OutputTokenCount = answer.OutputTokens },
            AdditionalProperties = new() { [AnswerName] = answer, [KeptName] = kept },
        };

    /// <summary>Whether a response was kept from before, so that no model was asked.</summary>
    /// <param name="response">A response from the stack.</param>
    public static bool IsKept(this ChatResponse response) =>
        response.AdditionalProperties?.GetValueOrDefault(KeptName) is true;

    // Thoughts that a server gives apart from the text stand before it, in marks that they do not hold themselves; they
    // are left open where the text never began.
    private static string RawText(ChatResponse response)
    {
        string thinking = string.Join(
            "\n\n",
            response.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>()
                .Select(content => content.Text).Where(text => !string.IsNullOrWhiteSpace(text)));
        if (thinking.Length == 0)
        {
            return response.Text;
        }

        bool ended = response.Text.Length > 0
            || FinishReasons.Read(response.FinishReason?.Value) is not (FinishReason.Length or FinishReason.Aborted);
        return Thoughts.Mark(thinking, ended) + response.Text;
    }

    /// <summary>The same response with an answer that says more than its text.</summary>
    internal static ChatResponse WithAnswer(this ChatResponse response, Answer answer)
    {
        (response.AdditionalProperties ??= [])[AnswerName] = answer;
        return response;
    }
}
