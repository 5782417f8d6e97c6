using System.Text.Json.Serialization;
using Spar.Calls;
using Spar.Judging;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>Measures actor and refiner on held-out prompts. What it measures never reaches the loop.</summary>
public interface IRunEvaluator
{
    /// <summary>Items that an evaluation works on, for the progress display; 0 when they cannot be counted.</summary>
    int Items { get; }

    /// <summary>
    /// Samples the base model's responses that the refiner is measured on in every row, so that rows can be compared.
    /// Called once a run; what it gives is kept.
    /// </summary>
    /// <param name="actor">The base model; the names of the calls begin with eval/fixed/.</param>
    /// <param name="recipe">Sampling.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<string>> SampleFixedAsync(
        ModelCaller actor, Recipe recipe, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>Measures one row. The same models give the same row.</summary>
    /// <param name="context">The models and how to use them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<EvaluationRow> EvaluateAsync(EvaluationContext context, CancellationToken cancellationToken);
}

/// <summary>What an evaluator works with.</summary>
/// <param name="Row">The row's name; the names of the evaluation's calls begin with eval/{Row}/.</param>
/// <param name="Actor">The model that answers.</param>
/// <param name="Refiner">The model that judges and refines.</param>
/// <param name="Templates">How the refiner is asked.</param>
/// <param name="Recipe">Sampling, votes, limits.</param>
/// <param name="ItemFinished">To be called at the end of each item, with true when it got lost.</param>
public sealed record EvaluationContext(
    RowName Row, ModelCaller Actor, ModelCaller Refiner, TemplateSet Templates, Recipe Recipe,
    Action<bool> ItemFinished)
{
    private readonly IJudge? _judge;

    /// <summary>Who values responses; the refiner by all votes unless it is set.</summary>
    public IJudge Judge
    {
        get => _judge ?? new VotingJudge(Refiner, Templates, Recipe.Judge, Recipe.Votes, Recipe.Search.ToGate());
        init => _judge = value;
    }

    /// <summary>Opens a further model, such as a yardstick's own judge.</summary>
    public Func<string, CancellationToken, Task<ModelCaller>> OpenAsync { get; init; } =
        (model, _) => throw new SparException($"The model {model} cannot be opened here.");

    /// <summary>What <see cref="IRunEvaluator.SampleFixedAsync"/> gave.</summary>
    public IReadOnlyList<string> FixedResponses { get; init; } = [];
}

/// <summary>A row of the results; shares are 0..1.</summary>
/// <param name="Name">Which models it measures.</param>
/// <param name="HeldOutPrompt">
/// Share of held-out prompts whose greedy response satisfies everything; null when not measured.
/// </param>
/// <param name="HeldOutInstruction">
/// Share of their single requirements that it satisfies; null when not measured.
/// </param>
/// <param name="HeldOutPromptSearch">
/// As <paramref name="HeldOutPrompt"/>, with tree search at inference time; null when not measured.
/// </param>
/// <param name="JudgeAccuracy">
/// Share of the fixed responses on which the refiner's vote is right; null when not measured.
/// </param>
/// <param name="RefineSuccess">
/// Share of failed responses that the refiner's search repairs; null when not measured.
/// </param>
/// <param name="HeldOutCount">Held-out prompts.</param>
/// <param name="Details">Further measures by name, for the report; may be null.</param>
public sealed record EvaluationRow(
    [property: JsonPropertyName("stage")] RowName Name,
    double? HeldOutPrompt = null,
    double? HeldOutInstruction = null,
    double? HeldOutPromptSearch = null,
    double? JudgeAccuracy = null,
    double? RefineSuccess = null,
    int HeldOutCount = 0,
    IReadOnlyDictionary<string, double>? Details = null)
{
    /// <summary>What the recipe's yardsticks found, in the order of their names; null where there are none.</summary>
    public IReadOnlyList<YardstickResult>? Yardsticks { get; init; }

    /// <summary>Detail: share of the actor's own greedy responses on which the refiner's vote is right.</summary>
    public const string JudgeAccuracyOwn = "judgeAccuracyOwn";

    /// <summary>
    /// Detail: share of the actor's own greedy responses that the refiner's vote accepts; runs ahead of the true share
    /// where the judge is too kind.
    /// </summary>
    public const string SelfJudged = "selfJudged";

    /// <summary>Detail: F1 of the refiner's yes on the fixed responses.</summary>
    public const string JudgeF1 = "judgeF1";

    /// <summary>
    /// Detail: share of the first refinements, those of the failed response itself, that satisfy everything; what one
    /// refinement is worth without the search.
    /// </summary>
    public const string FirstRefinements = "firstRefinements";

    /// <summary>Detail: share of the refiner's verdicts on the fixed responses that could not be read; absent for 0.</summary>
    public const string JudgeUnreadable = "judgeUnreadable";

    /// <summary>Detail: share of the actor's greedy responses that were cut off, thoughts included; absent for 0.</summary>
    public const string CutOff = "cutOff";

    /// <summary>Detail: share of the actor's greedy responses without a word; absent for 0.</summary>
    public const string Empty = "empty";

    /// <summary>Items of which something is missing because calls failed; they are in no figure.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int Failed { get; init; }

    /// <summary>The first of them; null when there is none.</summary>
    public ItemFailure? FirstFailure { get; init; }

    /// <summary>A further measure; null when there is none of this name.</summary>
    /// <param name="name">Its name.</param>
    public double? Detail(string name) => Details?.TryGetValue(name, out double value) == true ? value : null;
}
