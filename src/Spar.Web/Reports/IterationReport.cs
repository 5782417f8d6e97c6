namespace Spar.Web.Reports;

/// <summary>What happened in one iteration of self-play.</summary>
public sealed record IterationReport
{
    /// <summary>From 1.</summary>
    public required int Number { get; init; }

    /// <summary>Responses sampled from the actor.</summary>
    public long Responses { get; init; }

    /// <summary>How the judge's votes on those responses ended.</summary>
    public VerdictCounts Verdicts { get; init; } = new(0, 0, 0, 0);

    /// <summary>How the searches ended.</summary>
    public SearchCounts Searches { get; init; } = new(0, 0, 0, 0);

    /// <summary>Mean number of nodes of a search tree; null without searches.</summary>
    public double? MeanTreeSize { get; init; }

    /// <summary>Preference pairs made.</summary>
    public long Pairs { get; init; }

    /// <summary>Training rows made for the refiner, by kind.</summary>
    public IReadOnlyList<LabelledCount> RefinerRows { get; init; } = [];

    /// <summary>Model outputs that could not be read, by reason.</summary>
    public IReadOnlyList<LabelledCount> Unparsed { get; init; } = [];

    /// <summary>The actor's preference training, step by step.</summary>
    public IReadOnlyList<DpoPoint> Dpo { get; init; } = [];

    /// <summary>Loss curves of the iteration's supervised training (refiner RFT).</summary>
    public IReadOnlyList<LossCurve> LossCurves { get; init; } = [];

    /// <summary>Model calls of the iteration.</summary>
    public long ModelCalls { get; init; }

    /// <summary>Time of the iteration in seconds.</summary>
    public double Seconds { get; init; }
}

/// <summary>Responses by the outcome of the majority vote on them.</summary>
/// <param name="Positive">More yes than no.</param>
/// <param name="Negative">More no than yes.</param>
/// <param name="Tied">As many yes as no; dropped.</param>
/// <param name="Undecided">No vote could be read; dropped.</param>
public sealed record VerdictCounts(long Positive, long Negative, long Tied, long Undecided);

/// <summary>Searches by how they ended.</summary>
/// <param name="Success">A refinement passed the gate.</param>
/// <param name="Exhausted">Every node within the limits was expanded in vain.</param>
/// <param name="OverBudget">The limit of model calls was reached.</param>
/// <param name="Failed">No refinement could be made.</param>
public sealed record SearchCounts(long Success, long Exhausted, long OverBudget, long Failed);

/// <summary>A count with its name.</summary>
/// <param name="Label">What was counted.</param>
/// <param name="Count">How many.</param>
public sealed record LabelledCount(string Label, long Count);

/// <summary>One logged step of preference training.</summary>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Loss">The whole loss, SFT term included, in nats.</param>
/// <param name="RewardMargin">Mean of chosen reward minus rejected reward; a reward is beta times the log-probability ratio of policy to reference.</param>
/// <param name="RewardAccuracy">Share of pairs whose margin is above 0, 0..1.</param>
public sealed record DpoPoint(int Step, double Loss, double RewardMargin, double RewardAccuracy);

/// <summary>The loss of one supervised training run.</summary>
/// <param name="Name">What was trained, such as <c>actor SFT</c>.</param>
/// <param name="Points">The logged steps in order.</param>
public sealed record LossCurve(string Name, IReadOnlyList<LossPoint> Points);

/// <summary>One logged step of supervised training.</summary>
/// <param name="Step">Optimizer step, from 1.</param>
/// <param name="Loss">Mean cross-entropy on completion tokens, in nats.</param>
public sealed record LossPoint(int Step, double Loss);
