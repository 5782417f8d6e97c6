using Spar.Nano;
using Spar.SelfPlay;

namespace Spar.Runtime.Pretraining;

/// <summary>How the nano model is made from nothing.</summary>
public sealed record PretrainRecipe
{
    /// <summary>Folder that the finished model goes to.</summary>
    public required string Output { get; init; }

    /// <summary>Folder for the state from which an interrupted run goes on; deleted when the model is finished.</summary>
    public required string Work { get; init; }

    /// <summary>Seed of weights, corpus and tokenizer.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Prompt set: a built-in name or a folder.</summary>
    public string Prompts { get; init; } = "compact";

    /// <summary>Size of the model.</summary>
    public PretrainModel Model { get; init; } = new();

    /// <summary>Composition of the corpus, stretch by stretch; the first begins at row 0.</summary>
    public IReadOnlyList<CorpusMix> Corpus { get; init; } = [new()];

    /// <summary>Training settings.</summary>
    public PretrainTraining Training { get; init; } = new();

    /// <summary>Checks the values.</summary>
    /// <exception cref="RecipeException">Values are out of range; the message names their keys.</exception>
    public void Validate()
    {
        RecipeCheck check = new();
        check.That(Model.Vocabulary is >= 300 and <= 65536, "model.vocabulary", "must be 300 to 65536", Model.Vocabulary);
        check.That(Model.Layers is >= 1 and <= 64, "model.layers", "must be 1 to 64", Model.Layers);
        check.That(Model.Heads >= 1 && Model.Hidden % Model.Heads == 0 && Model.Hidden / Model.Heads % 2 == 0, "model.hidden", "must be a multiple of 2 x model.heads", Model.Hidden);
        check.AtLeast(1, "model.feed_forward", Model.FeedForward);
        check.That(Model.Context is >= 64 and <= 8192, "model.context", "must be 64 to 8192", Model.Context);
        check.AtLeast(1, "training.tokens", Training.Tokens);
        check.That(Training.BatchTokens >= Model.Context, "training.batch_tokens", "must be at least model.context", Training.BatchTokens);
        check.That(Training.LearningRate > 0, "training.learning_rate", "must be above 0", Training.LearningRate);
        check.AtLeast(1, "training.warmup_steps", Training.WarmupSteps);
        check.That(Training.DecayShare is > 0 and <= 1, "training.decay_share", "must be above 0 and at most 1", Training.DecayShare);
        check.AtLeast(1, "training.save_every", Training.SaveEvery);
        check.That(Corpus.Count > 0 && Corpus[0].FromRow == 0, "corpus", "must be a list whose first entry has from_row 0", $"of {Corpus.Count} entries");
        check.That(Corpus.Zip(Corpus.Skip(1)).All(pair => pair.First.FromRow < pair.Second.FromRow), "corpus", "must be in the order of from_row", "not");
        foreach (CorpusMix mix in Corpus)
        {
            check.That(mix.Answers >= 0 && mix.Judgements >= 0 && mix.Answers + mix.Judgements <= 1, "corpus.answers", "and judgements must be at least 0 and add up to at most 1", mix.Answers);
            check.Share("corpus.drills", mix.Drills);
            check.Share("corpus.stories", mix.Stories);
            check.That(mix.Oversight is >= 0 and < 1, "corpus.oversight", "must be at least 0 and below 1", mix.Oversight);
        }

        check.ThrowIfFaulty();
    }
}

/// <summary>Size of the model to make.</summary>
public sealed record PretrainModel
{
    /// <summary>Token ids.</summary>
    public int Vocabulary { get; init; } = 1024;

    /// <summary>Width.</summary>
    public int Hidden { get; init; } = 128;

    /// <summary>Layers.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Width of the feed-forward layers.</summary>
    public int FeedForward { get; init; } = 384;

    /// <summary>Longest sequence in tokens.</summary>
    public int Context { get; init; } = 512;
}

/// <summary>Training settings of pretraining.</summary>
public sealed record PretrainTraining
{
    /// <summary>Tokens to see in all.</summary>
    public long Tokens { get; init; } = 60_000_000;

    /// <summary>Tokens an optimizer step.</summary>
    public int BatchTokens { get; init; } = 8192;

    /// <summary>Peak learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Steps over which the learning rate rises.</summary>
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Share of the steps, at the end, over which the learning rate falls to 0 in a straight line; above 0, at most 1.</summary>
    public double DecayShare { get; init; } = 0.3;

    /// <summary>Decoupled weight decay on matrices.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Second-moment decay of AdamW.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Steps between two saves of the state.</summary>
    public int SaveEvery { get; init; } = 250;
}
