using System.Text.Json.Serialization;
using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>What self-play made of one prompt.</summary>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Prompt">The prompt's text: the last user turn.</param>
/// <param name="Responses">The actor's responses in the order of sampling.</param>
/// <param name="Negative">
/// The position of the response that is to be rejected, and was searched from; null when none was judged a failure, and
/// none was cut off that rules end.
/// </param>
/// <param name="Tree">The search; null without a negative, and where the recipe does not refine.</param>
public sealed record PlayRecord(
    string PromptId, string Prompt, IReadOnlyList<PlayedResponse> Responses, int? Negative, SearchTree? Tree)
{
    /// <summary>The turns before the prompt's text; null where there are none.</summary>
    public IReadOnlyList<ChatTurn>? Context { get; init; }

    /// <summary>The whole prompt as one text, as it is judged, refined and verified.</summary>
    [JsonIgnore]
    public string Instruction => Seams.Prompt.InstructionOf(Context, Prompt);

    /// <summary>True when a call failed, so that another attempt may bring more.</summary>
    [JsonIgnore]
    public bool Incomplete => Tree?.Outcome == SearchOutcome.Failed
        || Responses.Any(response => response.Failure is not null);

    /// <summary>True when nothing came of the prompt because calls failed.</summary>
    [JsonIgnore]
    public bool Lost => Tree?.Outcome == SearchOutcome.Failed
        || Responses.All(response => response.Failure is not null);
}

/// <summary>One response of the actor.</summary>
/// <param name="Text">The response, thoughts apart; null when its call failed.</param>
/// <param name="Valuation">What the judge made of it; null when a call failed, and where it is not complete.</param>
/// <param name="Failure">What failed; null when nothing did.</param>
public sealed record PlayedResponse(
    string? Text, [property: JsonPropertyName("vote")] Valuation? Valuation, string? Failure = null)
{
    /// <summary>
    /// Why the response is not complete (<see cref="Calls.AnswerReading.Incomplete"/>), so that it was not judged and is
    /// no chosen side of a pair; null when it is complete.
    /// </summary>
    public string? Incomplete { get; init; }

    /// <summary>True for a response that ran into its limit of tokens.</summary>
    [JsonIgnore]
    public bool IsCutOff => Incomplete == AnswerReading.CutOff;
}
