using System.ComponentModel.DataAnnotations;
using Spar.Calls;
using Spar.Judging;
using Spar.Recipes;
using Spar.Seams;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>
/// The method in numbers: plain data, of which all that is true of a key stands beside its property. Defaults are the
/// paper's for 8B models, where
/// it has them.
/// </summary>
public sealed record Recipe : IRecipeRules
{
    /// <summary>Decides everything that is random.</summary>
    [Decides(Results.All)]
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// The model that actor and refiner start from, unless <see cref="ActorModel"/> or <see cref="RefinerModel"/> names
    /// another: a checkpoint folder or a GGUF file, or one behind a server where it is not trained.
    /// </summary>
    [Decides(Results.All), MinLength(1), RefersTo(Referent.Model)]
    public required string BaseModel { get; init; }

    /// <summary>
    /// The model that the actor starts from, which answers prompts; <see cref="BaseModel"/> when not given.
    /// </summary>
    [Decides(Results.All), MinLength(1), RefersTo(Referent.Model)]
    public string? ActorModel { get; init; }

    /// <summary>
    /// The model that the refiner starts from, which judges and refines; <see cref="BaseModel"/> when not given.
    /// </summary>
    [Decides(Results.All), MinLength(1), RefersTo(Referent.RefinerModel)]
    public string? RefinerModel { get; init; }

    /// <summary>
    /// How training data is made in each iteration: the method itself, or one of those it is compared with.
    /// </summary>
    [Decides(Results.SelfPlay)]
    public TrainingMethod Method { get; init; } = TrainingMethod.Spar;

    /// <summary>
    /// How the chosen side of a pair comes about; anything but a tree search leaves a part of the method out. With
    /// method self, none learns the samples that passed and refines nothing.
    /// </summary>
    [Decides(Results.SelfPlay)]
    public RefinementKind Refinement { get; init; } = RefinementKind.Tree;

    /// <summary>
    /// False plays all iterations' prompts with M_0 and R_0 and trains once, at the end, on everything; it leaves a
    /// part of the method out.
    /// </summary>
    [Decides(Results.SelfPlay)]
    public bool IterativeTraining { get; init; } = true;

    /// <summary>
    /// A built-in prompt set's name, or a folder; auto takes the built-in set that suits the refiner by its size and
    /// context.
    /// </summary>
    [Decides(Results.All), MinLength(1), RefersTo(Referent.PromptSet)]
    public string PromptSet { get; init; } = DerivedPromptSet;

    /// <summary>The value of <see cref="PromptSet"/> that leaves the choice to the refiner's model.</summary>
    public const string DerivedPromptSet = "auto";

    /// <summary>Prompts whose teacher responses the actor learns first.</summary>
    [Decides(Results.All), Range(0, int.MaxValue)]
    public int SftPrompts { get; init; } = 8000;

    /// <summary>Prompts on which the refiner learns from the teacher to judge and refine.</summary>
    [Decides(Results.All), Range(0, int.MaxValue)]
    public int RefinerPrompts { get; init; } = 5000;

    /// <summary>Prompts an iteration of self-play.</summary>
    [Decides(Results.SelfPlay), Range(1, int.MaxValue)]
    public int PromptsPerIteration { get; init; } = 10_000;

    /// <summary>Iterations of self-play.</summary>
    [Decides(Results.SelfPlay), Range(0, int.MaxValue)]
    public int Iterations { get; init; } = 3;

    /// <summary>Responses a prompt (K).</summary>
    [Decides(Results.SelfPlay), Range(1, int.MaxValue)]
    public int Responses { get; init; } = 5;

    /// <summary>Judgements a response (N).</summary>
    [Decides(Results.All), Range(1, int.MaxValue)]
    public int Votes { get; init; } = 5;

    /// <summary>Who judges, and how the value of a response comes about.</summary>
    [Decides(Results.SelfPlay)]
    public JudgingSettings Judging { get; init; } = new();

    /// <summary>When the judge's belief in itself has drifted from the truth, and what to do then.</summary>
    [Decides(Results.SelfPlay)]
    public DriftSettings Drift { get; init; } = new();

    /// <summary>How the actor's responses are sampled.</summary>
    [Decides(Results.All)]
    public Sampling Respond { get; init; } = new(0.9, 0.9, 2048);

    /// <summary>How judgements are sampled.</summary>
    [Decides(Results.All)]
    public Sampling Judge { get; init; } = new(0.7, 1, 2048);

    /// <summary>How refinements are sampled.</summary>
    [Decides(Results.All)]
    public Sampling Refine { get; init; } = new(0.7, 1, 3072);

    /// <summary>Order and limits of the tree search.</summary>
    [Decides(Results.All)]
    public SearchSettings Search { get; init; } = new();

    /// <summary>Most rows of each kind that the refiner learns from in an iteration.</summary>
    [Decides(Results.SelfPlay)]
    public RefinerQuotas Quotas { get; init; } = new();

    /// <summary>
    /// Whether the teacher's judgements that the refiner learns from are cut to as many of yes as of no.
    /// </summary>
    [Decides(Results.All)]
    public bool BalanceJudgements { get; init; } = true;

    /// <summary>Training of M_0 on the teacher's responses; 0 epochs skip it.</summary>
    [Decides(Results.All)]
    public SupervisedSettings ActorSft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Training of R_0 on the teacher's judgements and refinements; 0 epochs skip it.</summary>
    [Decides(Results.All)]
    public SupervisedSettings RefinerSft { get; init; } =
        new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Training of the actor in each iteration; 0 epochs skip it.</summary>
    [Decides(Results.SelfPlay)]
    public PreferenceSettings Dpo { get; init; } =
        new() { LearningRate = 2e-7, Schedule = LearningRateSchedule.Linear };

    /// <summary>Training of the refiner in each iteration; 0 epochs skip it.</summary>
    [Decides(Results.SelfPlay)]
    public SupervisedSettings Rft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>
    /// Training of the actor in each iteration of the methods that learn good responses alone (SELF, Humpback).
    /// </summary>
    [Decides(Results.SelfPlay)]
    public SupervisedSettings IterationSft { get; init; } = new() { LearningRate = 2e-6, CutoffTokens = 4096 };

    /// <summary>Training of the model that writes instructions for texts (Humpback), from the base model.</summary>
    [Decides(Results.SelfPlay)]
    public SupervisedSettings BackwardSft { get; init; } =
        new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Checks, each with its test cases, that are written for an instruction (AutoIF).</summary>
    [Decides(Results.SelfPlay), Range(1, int.MaxValue)]
    public int Checks { get; init; } = 3;

    /// <summary>Most model calls in flight. Has no influence on results.</summary>
    [Decides(Results.None), Range(1, int.MaxValue)]
    public int Concurrency { get; init; } = 256;

    /// <summary>
    /// This recipe without self-play: it ends with M_0, R_0 and their evaluation, whatever came after them.
    /// </summary>
    public Recipe Start() => RecipeKeys.WithoutSelfPlay(this) with { Iterations = 0 };

    /// <summary>What the actor starts from, before it has learnt anything.</summary>
    public string ActorStart => ActorModel ?? BaseModel;

    /// <summary>What the refiner starts from, before it has learnt anything.</summary>
    public string RefinerStart => RefinerModel ?? BaseModel;

    /// <summary>The row of the results that a run of this recipe ends with.</summary>
    public RowName LastRow => RowName.Last(Iterations);

    /// <summary>Checks every value.</summary>
    /// <exception cref="RecipeException">Names every key with an impossible value.</exception>
    public void Validate()
    {
        RecipeCheck check = new();
        check.Keys(this);
        check.ThrowIfFaulty();
    }

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        bool spar = Method == TrainingMethod.Spar;
        check.That(
            spar || Refinement == RefinementKind.Tree
                || (Method == TrainingMethod.Self && Refinement == RefinementKind.None),
            "refinement", "can only be changed with method spar, or be none with method self", Refinement);
        check.That(
            spar || IterativeTraining, "iterative_training", "can only be changed with method spar", IterativeTraining);
        check.That(
            SftPrompts > 0 || ActorSft.Epochs == 0, "sft_prompts", "must be above 0 unless actor_sft.epochs is 0",
            SftPrompts);
        check.That(
            RefinerPrompts > 0 || RefinerSft.Epochs == 0, "refiner_prompts",
            "must be above 0 unless refiner_sft.epochs is 0", RefinerPrompts);
        check.That(
            !this.OneModelPlaysBoth() || ActorStart == RefinerStart,
            ActorModel is null ? "refiner_model" : "actor_model",
            $"must be what the other part starts from with method {RecipeKey.Spell(Method.ToString())}, in which one "
            + "model answers, judges and refines; give base_model alone",
            ActorModel ?? RefinerModel);
    }
}

/// <summary>Ways to make an iteration's training data.</summary>
public enum TrainingMethod
{
    /// <summary>Self-play with tree-search refinement.</summary>
    Spar,

    /// <summary>Checks that a model writes separate good samples from bad.</summary>
    Autoif,

    /// <summary>The model refines its own samples and learns the good ones.</summary>
    Self,

    /// <summary>Instructions are written for unlabelled texts, and the best are learnt.</summary>
    Humpback,

    /// <summary>The model scores its own samples; best against worst.</summary>
    SelfRewarding,

    /// <summary>Self-Rewarding, and the model's judgements are judged and trained too.</summary>
    MetaRewarding,
}

/// <summary>How a failed response is turned into the chosen side of a pair.</summary>
public enum RefinementKind
{
    /// <summary>By tree search over refinements.</summary>
    Tree,

    /// <summary>By one refinement; there is no pair where it does not pass.</summary>
    Single,

    /// <summary>Not at all: chosen is another sample that passed.</summary>
    None,
}

/// <summary>
/// Most rows of each kind that the refiner learns from in an iteration; one row a prompt and kind. Defaults are the
/// paper's.
/// </summary>
public sealed record RefinerQuotas
{
    /// <summary>Refinements whose response passed the gate.</summary>
    [Range(0, int.MaxValue)]
    public int Refinements { get; init; } = 4000;

    /// <summary>Judgements met in trees, of responses that pass the gate.</summary>
    [Range(0, int.MaxValue)]
    public int TreeYes { get; init; } = 1500;

    /// <summary>Judgements met in trees, of responses with a value above 0 and below the gate.</summary>
    [Range(0, int.MaxValue)]
    public int TreeNo { get; init; } = 1000;

    /// <summary>Judgements of the actor's responses where votes disagreed and yes won.</summary>
    [Range(0, int.MaxValue)]
    public int VoteYes { get; init; } = 500;

    /// <summary>Judgements of the actor's responses where votes disagreed and no won.</summary>
    [Range(0, int.MaxValue)]
    public int VoteNo { get; init; } = 2500;
}
