using System.ComponentModel.DataAnnotations;
using Spar.Nano;
using Spar.Recipes;

namespace Spar.Runtime.Pretraining;

/// <summary>How the nano model is made from nothing.</summary>
public sealed record PretrainRecipe : IRecipeRules
{
    /// <summary>Folder that the finished model goes to.</summary>
    [Decides(Results.None), MinLength(1)]
    public required string Output { get; init; }

    /// <summary>
    /// Folder for the state from which an interrupted run goes on; deleted when the model is finished.
    /// </summary>
    [Decides(Results.None), MinLength(1)]
    public required string Work { get; init; }

    /// <summary>Seed of weights, corpus and tokenizer.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Prompt set: a built-in name or a folder.</summary>
    [MinLength(1), RefersTo(Referent.PromptSet)]
    public string Prompts { get; init; } = "compact";

    /// <summary>Size of the model.</summary>
    public PretrainModel Model { get; init; } = new();

    /// <summary>Composition of the corpus, stretch by stretch; the first begins at row 0.</summary>
    [MinLength(1)]
    public IReadOnlyList<CorpusMix> Corpus { get; init; } = [new()];

    /// <summary>Training settings.</summary>
    public PretrainTraining Training { get; init; } = new();

    /// <summary>Checks the values.</summary>
    /// <exception cref="RecipeException">Values are out of range; the message names their keys.</exception>
    public void Validate()
    {
        RecipeCheck check = new();
        check.Keys(this);
        check.ThrowIfFaulty();
    }

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        bool even = Model.Heads < 1 || Model.Hidden % (2L * Model.Heads) == 0;
        check.That(even, "model.hidden", "must be a multiple of 2 x model.heads", Model.Hidden);
        check.That(
            Training.BatchTokens >= Model.Context, "training.batch_tokens", "must be at least model.context",
            Training.BatchTokens);
        check.That(
            Corpus.Count == 0 || Corpus[0].FromRow == 0, "corpus", "must be a list whose first entry has from_row 0",
            Corpus.Count == 0 ? null : Corpus[0].FromRow);
        check.That(
            Corpus.Zip(Corpus.Skip(1)).All(pair => pair.First.FromRow < pair.Second.FromRow), "corpus",
            "must be in the order of from_row", "not");
        for (int i = 0; i < Corpus.Count; i++)
        {
            check.That(
                Corpus[i].Answers + Corpus[i].Judgements <= 1, $"corpus.{i}.answers",
                "and judgements must add up to at most 1", Corpus[i].Answers);
        }
    }
}

/// <summary>Size of the model to make.</summary>
public sealed record PretrainModel
{
    /// <summary>Token ids.</summary>
    [Range(300, 65536)]
    public int Vocabulary { get; init; } = 1024;

    /// <summary>Width.</summary>
    [Range(1, int.MaxValue)]
    public int Hidden { get; init; } = 128;

    /// <summary>Layers.</summary>
    [Range(1, 64)]
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads.</summary>
    [Range(1, int.MaxValue)]
    public int Heads { get; init; } = 4;

    /// <summary>Width of the feed-forward layers.</summary>
    [Range(1, int.MaxValue)]
    public int FeedForward { get; init; } = 384;

    /// <summary>Longest sequence in tokens.</summary>
    [Range(64, 8192)]
    public int Context { get; init; } = 512;
}

/// <summary>Training settings of pretraining.</summary>
public sealed record PretrainTraining
{
    /// <summary>Tokens to see in all.</summary>
    [Range(1.0, double.MaxValue)]
    public long Tokens { get; init; } = 60_000_000;

    /// <summary>Tokens an optimizer step.</summary>
    [Range(1, int.MaxValue)]
    public int BatchTokens { get; init; } = 8192;

    /// <summary>Peak learning rate.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Steps over which the learning rate rises.</summary>
    [Range(1, int.MaxValue)]
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Share of the steps, at the end, over which the learning rate falls to 0 in a straight line.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double DecayShare { get; init; } = 0.3;

    /// <summary>Decoupled weight decay on matrices.</summary>
    [Range(0.0, double.MaxValue)]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Second-moment decay of AdamW.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Steps between two saves of the state.</summary>
    [Range(1, int.MaxValue)]
    public int SaveEvery { get; init; } = 250;
}
