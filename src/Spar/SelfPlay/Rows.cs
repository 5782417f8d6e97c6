namespace Spar.SelfPlay;

/// <summary>A row that a model learns to write.</summary>
/// <param name="PromptId">The prompt it was made from.</param>
/// <param name="Kind">What kind of row; see <see cref="RowKinds"/>.</param>
/// <param name="Prompt">The user turn.</param>
/// <param name="Response">The assistant turn.</param>
public sealed record DataRow(string PromptId, string Kind, string Prompt, string Response);

/// <summary>Kinds of rows.</summary>
public static class RowKinds
{
    /// <summary>A teacher's response.</summary>
    public const string Response = "response";

    /// <summary>A teacher's judgement that says yes.</summary>
    public const string JudgementYes = "judgement-yes";

    /// <summary>A teacher's judgement that says no.</summary>
    public const string JudgementNo = "judgement-no";

    /// <summary>A refinement: the teacher's, or the last step of a successful search.</summary>
    public const string Refinement = "refinement";

    /// <summary>A judgement met in a tree, of a response with a value above 0.5.</summary>
    public const string TreeYes = "tree-yes";

    /// <summary>A judgement met in a tree, of a response with a value between 0 and 0.5.</summary>
    public const string TreeNo = "tree-no";

    /// <summary>A judgement of an actor's response where votes disagreed and yes won.</summary>
    public const string VoteYes = "vote-yes";

    /// <summary>A judgement of an actor's response where votes disagreed and no won.</summary>
    public const string VoteNo = "vote-no";
}

/// <summary>A preference pair, with the prompt it was made from.</summary>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Prompt">The instruction.</param>
/// <param name="Chosen">The refined response that passed the gate.</param>
/// <param name="Rejected">The actor's own response.</param>
public sealed record PairRow(string PromptId, string Prompt, string Chosen, string Rejected);
