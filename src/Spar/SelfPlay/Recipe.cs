using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Decoding;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Store;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>A self-play run in numbers. Defaults are the paper's for 8B models, where it has them.</summary>
public record Recipe
{
    /// <summary>Decides everything that is random.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>The model that actor and refiner start from: a checkpoint directory, or a name that host and trainer know.</summary>
    public required string BaseModel { get; init; }

    /// <summary>How training data is made in each iteration: the method itself, or one of those it is compared with.</summary>
    public TrainingMethod Method { get; init; } = TrainingMethod.Spar;

    /// <summary>How the chosen side of a pair comes about; anything but a tree search leaves a part of the method out.</summary>
    public RefinementKind Refinement { get; init; } = RefinementKind.Tree;

    /// <summary>False plays all iterations' prompts with M_0 and R_0 and trains once, at the end, on everything; it leaves a part of the method out.</summary>
    public bool IterativeTraining { get; init; } = true;

    /// <summary>A built-in prompt set's name, or a folder.</summary>
    public string PromptSet { get; init; } = "full";

    /// <summary>Prompts whose teacher responses the actor learns first.</summary>
    public int SftPrompts { get; init; } = 8000;

    /// <summary>Prompts on which the refiner learns from the teacher to judge and refine.</summary>
    public int RefinerPrompts { get; init; } = 5000;

    /// <summary>Prompts an iteration of self-play.</summary>
    public int PromptsPerIteration { get; init; } = 10_000;

    /// <summary>Iterations of self-play.</summary>
    public int Iterations { get; init; } = 3;

    /// <summary>Responses a prompt (K).</summary>
    public int Responses { get; init; } = 5;

    /// <summary>Judgements a response (N).</summary>
    public int Votes { get; init; } = 5;

    /// <summary>Who judges, and how the value of a response comes about.</summary>
    public JudgingSettings Judging { get; init; } = new();

    /// <summary>When the judge's belief in itself has drifted from the truth, and what to do then.</summary>
    public DriftSettings Drift { get; init; } = new();

    /// <summary>How the actor's responses are sampled.</summary>
    public Sampling Respond { get; init; } = new(0.9, 0.9, 2048);

    /// <summary>How judgements are sampled.</summary>
    public Sampling Judge { get; init; } = new(0.7, 1, 2048);

    /// <summary>How refinements are sampled.</summary>
    public Sampling Refine { get; init; } = new(0.7, 1, 3072);

    /// <summary>Order and limits of the tree search.</summary>
    public SearchSettings Search { get; init; } = new();

    /// <summary>Most rows of each kind that the refiner learns from in an iteration.</summary>
    public RefinerQuotas Quotas { get; init; } = new();

    /// <summary>Whether the teacher's judgements that the refiner learns from are cut to as many of yes as of no.</summary>
    public bool BalanceJudgements { get; init; } = true;

    /// <summary>Training of M_0 on the teacher's responses; 0 epochs skip it.</summary>
    public SupervisedSettings ActorSft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Training of R_0 on the teacher's judgements and refinements; 0 epochs skip it.</summary>
    public SupervisedSettings RefinerSft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Training of the actor in each iteration; 0 epochs skip it.</summary>
    public PreferenceSettings Dpo { get; init; } = new() { LearningRate = 2e-7, Schedule = LearningRateSchedule.Linear };

    /// <summary>Training of the refiner in each iteration; 0 epochs skip it.</summary>
    public SupervisedSettings Rft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Training of the actor in each iteration of the methods that learn good responses alone (SELF, Humpback).</summary>
    public SupervisedSettings IterationSft { get; init; } = new() { LearningRate = 2e-6, CutoffTokens = 4096 };

    /// <summary>Training of the model that writes instructions for texts (Humpback), from the base model.</summary>
    public SupervisedSettings BackwardSft { get; init; } = new() { LearningRate = 2e-6, Epochs = 5, CutoffTokens = 4096 };

    /// <summary>Checks, each with its test cases, that are written for an instruction (AutoIF).</summary>
    public int Checks { get; init; } = 3;

    /// <summary>Most model calls in flight. Has no influence on results.</summary>
    public int Concurrency { get; init; } = 256;

    /// <summary>What of this recipe decides a run's results, for the run store.</summary>
    /// <param name="templates">The prompt set that the recipe names.</param>
    public RunIdentity Identity(TemplateSet templates)
    {
        JsonObject json = (JsonObject)JsonSerializer.SerializeToNode<Recipe>(this, JsonSettings.Compact)!;
        json.Remove("concurrency");
        json["promptSet"] = $"{templates.Name} {templates.Digest}";
        return RunIdentity.Of(json).With(SupervisedSettingsIdentity("actorSft", "refinerSft", "rft", "iterationSft", "backwardSft"));
    }

    // Run directories name these keys for supervised training too, where they have no meaning, always with their defaults.
    internal static IEnumerable<KeyValuePair<string, string>> SupervisedSettingsIdentity(params IEnumerable<string> groups) =>
        groups.SelectMany(group => new KeyValuePair<string, string>[] { new($"{group}.beta", "0.1"), new($"{group}.sftWeight", "0.1") });

    /// <summary>Checks every number.</summary>
    /// <exception cref="RecipeException">Names every key with an impossible value.</exception>
    public void Validate()
    {
        RecipeCheck check = new();
        Check(check);
        check.ThrowIfFaulty();
    }

    /// <summary>Checks every number.</summary>
    /// <param name="check">Collects the keys with an impossible value.</param>
    protected void Check(RecipeCheck check)
    {
        check.That(!string.IsNullOrWhiteSpace(BaseModel), "base_model", "must name a model", BaseModel);
        check.AtLeast(0, "sft_prompts", SftPrompts);
        check.AtLeast(0, "refiner_prompts", RefinerPrompts);
        check.AtLeast(0, "iterations", Iterations);
        check.AtLeast(1, "prompts_per_iteration", PromptsPerIteration);
        check.AtLeast(1, "responses", Responses);
        check.AtLeast(1, "votes", Votes);
        check.AtLeast(1, "concurrency", Concurrency);
        check.That(Method == TrainingMethod.Spar || Refinement == RefinementKind.Tree, "refinement", "can only be changed with method spar", Refinement);
        check.That(Method == TrainingMethod.Spar || IterativeTraining, "iterative_training", "can only be changed with method spar", IterativeTraining);
        check.That(SftPrompts > 0 || ActorSft.Epochs == 0, "sft_prompts", "must be above 0 unless actor_sft.epochs is 0", SftPrompts);
        check.That(RefinerPrompts > 0 || RefinerSft.Epochs == 0, "refiner_prompts", "must be above 0 unless refiner_sft.epochs is 0", RefinerPrompts);
        check.Sampling("respond", Respond);
        check.Sampling("judge", Judge);
        check.Sampling("refine", Refine);
        check.That(Judging.Judges.All(judge => !string.IsNullOrWhiteSpace(judge)), "judging.judges", "must name models", "one is empty");
        check.Share("drift.threshold", Drift.Threshold);
        check.Search(Search);
        check.Quotas(Quotas);
        check.Training("actor_sft", ActorSft);
        check.Training("refiner_sft", RefinerSft);
        check.Training("dpo", Dpo);
        check.Training("rft", Rft);
        check.Training("iteration_sft", IterationSft);
        check.Training("backward_sft", BackwardSft);
        check.AtLeast(1, "checks", Checks);
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

/// <summary>Most rows of each kind that the refiner learns from in an iteration; one row a prompt and kind. Defaults are the paper's.</summary>
public sealed record RefinerQuotas
{
    /// <summary>Refinements whose response passed the gate.</summary>
    public int Refinements { get; init; } = 4000;

    /// <summary>Judgements met in trees, of responses that pass the gate.</summary>
    public int TreeYes { get; init; } = 1500;

    /// <summary>Judgements met in trees, of responses with a value above 0 and below the gate.</summary>
    public int TreeNo { get; init; } = 1000;

    /// <summary>Judgements of the actor's responses where votes disagreed and yes won.</summary>
    public int VoteYes { get; init; } = 500;

    /// <summary>Judgements of the actor's responses where votes disagreed and no won.</summary>
    public int VoteNo { get; init; } = 2500;
}
