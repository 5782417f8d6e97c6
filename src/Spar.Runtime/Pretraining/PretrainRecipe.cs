using Spar.Nano;

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
    /// <exception cref="SparException">A value is out of range; the message names its key.</exception>
    public void Validate()
    {
        Require(Model.Vocabulary is >= 300 and <= 65536, "model.vocabulary", "300 to 65536");
        Require(Model.Layers is >= 1 and <= 64, "model.layers", "1 to 64");
        Require(Model.Heads >= 1 && Model.Hidden % Model.Heads == 0 && Model.Hidden / Model.Heads % 2 == 0, "model.hidden", "a multiple of 2 x model.heads");
        Require(Model.FeedForward >= 1, "model.feed_forward", "at least 1");
        Require(Model.Context is >= 64 and <= 8192, "model.context", "64 to 8192");
        Require(Training.Tokens > 0, "training.tokens", "at least 1");
        Require(Training.BatchTokens >= Model.Context, "training.batch_tokens", "at least model.context");
        Require(Training.LearningRate > 0, "training.learning_rate", "above 0");
        Require(Training.WarmupSteps >= 1, "training.warmup_steps", "at least 1");
        Require(Training.DecayShare is > 0 and <= 1, "training.decay_share", "above 0, at most 1");
        Require(Training.SaveEvery >= 1, "training.save_every", "at least 1");
        Require(Corpus.Count > 0 && Corpus[0].FromRow == 0, "corpus", "a list whose first entry has from_row 0");
        Require(Corpus.Zip(Corpus.Skip(1)).All(pair => pair.First.FromRow < pair.Second.FromRow), "corpus", "in the order of from_row");
        foreach (CorpusMix mix in Corpus)
        {
            Require(mix.Answers is >= 0 and <= 1 && mix.Judgements >= 0 && mix.Answers + mix.Judgements <= 1, "corpus", "shares that add up to at most 1");
            Require(mix.Drills is >= 0 and <= 1, "corpus.drills", "0 to 1");
            Require(mix.Stories is >= 0 and <= 1, "corpus.stories", "0 to 1");
            Require(mix.Oversight is >= 0 and < 1, "corpus.oversight", "0 up to, not including, 1");
        }
    }

    private static void Require(bool holds, string key, string range)
    {
        if (!holds)
        {
            throw new SparException($"recipe: {key} is out of range; it has to be {range}.");
        }
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
