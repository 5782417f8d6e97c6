namespace Spar.Seams;

/// <summary>A turn that a model learns to write, from the stage that makes it to the trainer that learns it.</summary>
/// <param name="PromptId">The prompt it was made from.</param>
/// <param name="Kind">What kind of row; trainers take no notice.</param>
/// <param name="Prompt">The user turn.</param>
/// <param name="Response">The assistant turn; the loss is on its tokens and the end-of-turn token.</param>
public sealed record SupervisedRow(string PromptId, string Kind, string Prompt, string Response)
{
    /// <summary>The turns before the user turn, which nothing is learnt of; null where there are none.</summary>
    public IReadOnlyList<ChatTurn>? Context { get; init; }

    /// <summary>
    /// What the model that learns the row had written itself, before rules edited it into <see cref="Response"/>; null
    /// where nobody did. With <see cref="SupervisedSettings.AnchorWeight"/> the edits alone are learnt.
    /// </summary>
    public string? Unedited { get; init; }
}

/// <summary>
/// One user turn with a better and a worse assistant turn, from the stage that makes it to the trainer that learns it.
/// </summary>
/// <param name="PromptId">The prompt it was made from.</param>
/// <param name="Prompt">The user turn.</param>
/// <param name="Chosen">The preferred response.</param>
/// <param name="Rejected">The other response.</param>
public sealed record PreferencePair(string PromptId, string Prompt, string Chosen, string Rejected)
{
    /// <summary>The turns before the user turn, the same for both responses; null where there are none.</summary>
    public IReadOnlyList<ChatTurn>? Context { get; init; }

    /// <summary>
    /// True where the rejected response ran into its limit of tokens: it is learnt as far as it goes, and no end of the
    /// turn after it; else null.
    /// </summary>
    public bool? RejectedCutOff { get; init; }
}
