using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>Kinds of supervised rows (<see cref="SupervisedRow.Kind"/>).</summary>
public static class RowKinds
{
    /// <summary>A good response: a teacher's, or one of the model's own that was kept.</summary>
    public const string Response = "response";

    /// <summary>An instruction that a response answers.</summary>
    public const string Instruction = "instruction";

    /// <summary>A teacher's judgement that says yes.</summary>
    public const string JudgementYes = "judgement-yes";

    /// <summary>A teacher's judgement that says no.</summary>
    public const string JudgementNo = "judgement-no";

    /// <summary>A refinement: the teacher's, or the last step of a successful search.</summary>
    public const string Refinement = "refinement";

    /// <summary>A judgement met in a tree, of a response that passed the gate.</summary>
    public const string TreeYes = "tree-yes";

    /// <summary>A judgement met in a tree, of a response with a value above 0 and below the gate.</summary>
    public const string TreeNo = "tree-no";

    /// <summary>A judgement of an actor's response where votes disagreed and yes won.</summary>
    public const string VoteYes = "vote-yes";

    /// <summary>A judgement of an actor's response where votes disagreed and no won.</summary>
    public const string VoteNo = "vote-no";
}
