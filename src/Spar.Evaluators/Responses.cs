using Microsoft.Extensions.AI;

namespace Spar.Evaluators;

/// <summary>What of a conversation an evaluator takes.</summary>
internal static class Responses
{
    /// <summary>Why a response is none to evaluate; null where it is one.</summary>
    public static string? Fault(ChatResponse response) =>
        response.FinishReason == ChatFinishReason.Length
            ? "The response was cut off at its limit of tokens, so it was not evaluated."
        : response.FinishReason == ChatFinishReason.ContentFilter
            ? "The response was withheld by a content filter, so there is nothing to evaluate."
        : null;

    /// <summary>The last turn of the user, which the response answers; null where there is none.</summary>
    public static string? Instruction(IEnumerable<ChatMessage> messages) =>
        messages.LastOrDefault(message => message.Role == ChatRole.User)?.Text is { Length: > 0 } text ? text : null;
}
