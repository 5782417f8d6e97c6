using Spar.SelfPlay;

namespace Spar.Web.Reports;

/// <summary>Everything that a run's report shows. What is not known yet is null or empty, and the report says so.</summary>
public sealed record ReportModel
{
    /// <summary>What the run is called.</summary>
    public required string Title { get; init; }

    /// <summary>The run's seed.</summary>
    public required long Seed { get; init; }

    /// <summary>Name or path of the model that the run starts from.</summary>
    public required string BaseModel { get; init; }

    /// <summary>The recipe's text, as the run read it.</summary>
    public required string Recipe { get; init; }

    /// <summary>Time spent so far, in seconds.</summary>
    public double WallSeconds { get; init; }

    /// <summary>Model calls so far.</summary>
    public long ModelCalls { get; init; }

    /// <summary>Tokens that those calls generated.</summary>
    public long GeneratedTokens { get; init; }

    /// <summary>False while the run is going on.</summary>
    public bool Finished { get; init; } = true;

    /// <summary>Iterations that the recipe asks for; null where that is not known.</summary>
    public int? PlannedIterations { get; init; }

    /// <summary>Measurements, one a stage in the run's order: <c>base</c>, <c>sft</c>, <c>iteration-1</c>, ...</summary>
    public IReadOnlyList<StageRow> Rows { get; init; } = [];

    /// <summary>Loss curves of the training before the first iteration (actor SFT, refiner SFT).</summary>
    public IReadOnlyList<LossCurve> SupervisedCurves { get; init; } = [];

    /// <summary>What happened in each iteration, in order.</summary>
    public IReadOnlyList<IterationReport> Iterations { get; init; } = [];

    /// <summary>The judge of each iteration against verifiers, in order; empty where nothing was verified.</summary>
    public IReadOnlyList<IterationCalibration> Calibration { get; init; } = [];

    /// <summary>Preference pairs to show as examples.</summary>
    public IReadOnlyList<PairExample> Pairs { get; init; } = [];

    /// <summary>Search trees to draw as examples; one is enough for most readers.</summary>
    public IReadOnlyList<ExampleTree> Trees { get; init; } = [];
}

/// <summary>What was measured after one stage. Scores are fractions 0..1; null where the stage was not measured so.</summary>
public sealed record StageRow
{
    /// <summary><c>base</c>, <c>sft</c> or <c>iteration-N</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Held-out prompts whose greedy response satisfies every requirement.</summary>
    public double? HeldOutPrompt { get; init; }

    /// <summary>Single requirements that the greedy responses satisfy.</summary>
    public double? HeldOutInstruction { get; init; }

    /// <summary>Held-out prompts fully satisfied when tree search refines the greedy response.</summary>
    public double? HeldOutPromptSearch { get; init; }

    /// <summary>Verdicts of the judge that agree with the truth, on a set that is the same for every stage.</summary>
    public double? JudgeAccuracy { get; init; }

    /// <summary>Verdicts of the judge that agree with the truth, on the stage's own actor's samples.</summary>
    public double? JudgeAccuracyOwn { get; init; }

    /// <summary>Failed responses that a refinement repairs.</summary>
    public double? RefineSuccess { get; init; }

    /// <summary>Held-out prompts measured; 0 where none were.</summary>
    public int HeldOutCount { get; init; }
}

/// <summary>One preference pair.</summary>
/// <param name="Iteration">The iteration that made it, from 1.</param>
/// <param name="Instruction">What was asked.</param>
/// <param name="Rejected">The actor's own response.</param>
/// <param name="Chosen">The refined response.</param>
/// <param name="Critique">The judge's words on the rejected response; null where they were not kept.</param>
public sealed record PairExample(int Iteration, string Instruction, string Rejected, string Chosen, string? Critique);

/// <summary>One search tree, shown as an example.</summary>
/// <param name="Iteration">The iteration that grew it, from 1.</param>
/// <param name="Instruction">What was asked.</param>
/// <param name="Outcome">How the search ended, in words.</param>
/// <param name="Nodes">The nodes in the order of their making; a parent stands before its children, the root first.</param>
public sealed record ExampleTree(int Iteration, string Instruction, string Outcome, IReadOnlyList<ExampleNode> Nodes);

/// <summary>One response in a search tree.</summary>
/// <param name="Parent">Index of the parent in <see cref="ExampleTree.Nodes"/>; null for the root.</param>
/// <param name="Value">Share of yes among the parsed judgements, 0..1; null where none could be read.</param>
/// <param name="Response">The response.</param>
/// <param name="Critique">The critique kept with it; null where there is none.</param>
public sealed record ExampleNode(int? Parent, double? Value, string Response, string? Critique);
