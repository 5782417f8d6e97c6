using System.ComponentModel.DataAnnotations;

namespace Spar.Seams;

/// <summary>Data set in, checkpoint out. The method knows nothing of how training works.</summary>
public interface ITrainer
{
    /// <summary>
    /// Trains <see cref="TrainingJob.StartModel"/> on the job's data and writes the result to
    /// <see cref="TrainingJob.OutputModel"/>. Interrupted and called again with the same job, it continues from its last
    /// checkpoint, or starts again. The embedded trainer is deterministic in the job: the same job gives the same bytes,
    /// interrupted or not. Trainers on GPUs are not; what came out is known by its digest.
    /// </summary>
    /// <param name="job">What to train, on what, and how.</param>
    /// <param name="progress">Told how it gets on, on the thread that trains; may be null.</param>
    /// <param name="cancellationToken">Stops after the step in progress.</param>
    /// <returns>What was trained and how the loss went.</returns>
    Task<TrainingReport> TrainAsync(
        TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken);
}

/// <summary>Is told how a training gets on.</summary>
public interface ITrainingProgress
{
    /// <summary>
    /// More rows' log-probabilities under the reference model are known; where they are needed, all are computed before
    /// the first step.
    /// </summary>
    /// <param name="rows">Rows that are done; of a preference pair each side is one.</param>
    /// <param name="all">Rows in all.</param>
    void ReferenceComputed(int rows, int all)
    {
    }

    /// <summary>An optimizer step was taken.</summary>
    /// <param name="step">The step.</param>
    void StepTaken(TrainingStep step);
}

/// <summary>One training run.</summary>
/// <param name="StartModel">The model to start from: a checkpoint directory, or a name that the trainer knows.</param>
/// <param name="OutputModel">Where the trained checkpoint goes; replaced as a whole when training has ended.</param>
/// <param name="Data">Supervised examples or preference pairs with the settings that go with them; not empty.</param>
/// <param name="Seed">Seed of the data order.</param>
public sealed record TrainingJob(string StartModel, string OutputModel, TrainingData Data, ulong Seed)
{
    /// <summary>
    /// Keeps the model as it was after every so many steps too, beside <see cref="OutputModel"/> (<see
    /// cref="TrainingReport.Saved"/> says where); 0 keeps only the last. Has no influence on what is learnt.
    /// </summary>
    public int SaveEvery { get; init; }
}

/// <summary>The rows of a training run, and how they are learnt: each kind of data has settings of its own.</summary>
public abstract record TrainingData
{
    /// <summary>What all kinds of training have in common.</summary>
    public abstract TrainingSettings Common { get; }

    /// <summary>Rows.</summary>
    public abstract int Count { get; }

    /// <summary>Cross-entropy on the response's tokens (SFT, RFT), those of its edits alone with an anchor.</summary>
    /// <param name="Examples">The rows.</param>
    /// <param name="Settings">Learning rate and the like.</param>
    public sealed record Supervised(IReadOnlyList<SupervisedRow> Examples, SupervisedSettings Settings) : TrainingData
    {
        /// <inheritdoc/>
        public override TrainingSettings Common => Settings;

        /// <inheritdoc/>
        public override int Count => Examples.Count;
    }

    /// <summary>Direct preference optimization; the reference model is <see cref="TrainingJob.StartModel"/>.</summary>
    /// <param name="Pairs">The rows.</param>
    /// <param name="Settings">Learning rate, the loss and the like.</param>
    public sealed record Preference(IReadOnlyList<PreferencePair> Pairs, PreferenceSettings Settings) : TrainingData
    {
        /// <inheritdoc/>
        public override TrainingSettings Common => Settings;

        /// <inheritdoc/>
        public override int Count => Pairs.Count;
    }
}

/// <summary>How the learning rate moves after warmup.</summary>
public enum LearningRateSchedule
{
    /// <summary>Stays at the peak.</summary>
    Constant,

    /// <summary>Falls in a straight line to 0 at the last step.</summary>
    Linear,

    /// <summary>Falls along a half cosine to 0 at the last step.</summary>
    Cosine,
}

/// <summary>
/// Settings that every kind of training has; defaults are the reference's (method paper, appendix) where it has them.
/// </summary>
public abstract record TrainingSettings
{
    /// <summary>Peak learning rate.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public required double LearningRate { get; init; }

    /// <summary>How the learning rate moves after warmup.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Constant;

    /// <summary>Share of the steps over which the learning rate rises from 0.</summary>
    [Range(0.0, 1.0)]
    public double WarmupRatio { get; init; } = 0.1;

    /// <summary>
    /// Passes over the data; may be a fraction. Steps in all: the steps of one pass, ceil(rows / batch size), times the
    /// passes, rounded up.
    /// </summary>
    [Range(0.0, double.MaxValue)]
    public double Epochs { get; init; } = 1;

    /// <summary>Rows an optimizer step; the last step of a pass takes what is left of it.</summary>
    [Range(1, int.MaxValue)]
    public int BatchSize { get; init; } = 32;

    /// <summary>Rows longer than this many tokens (prompt and response) are truncated at their end.</summary>
    [Range(1, int.MaxValue)]
    public int CutoffTokens { get; init; } = 2048;

    /// <summary>Decoupled weight decay (AdamW) on matrices; norms and biases have none.</summary>
    [Range(0.0, double.MaxValue)]
    public double WeightDecay { get; init; }

    /// <summary>Gradient norm above which gradients are scaled down; 0 turns clipping off.</summary>
    [Range(0.0, double.MaxValue)]
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>
    /// Trains a low-rank adapter (LoRA) instead of all parameters; null trains them all. The result is the merged
    /// model, with the adapter beside it.
    /// </summary>
    public LoraSettings? Lora { get; init; }
}

/// <summary>Settings of training on responses to imitate (SFT, RFT).</summary>
public sealed record SupervisedSettings : TrainingSettings
{
    /// <summary>
    /// Holds every token that is not learnt where the model starts: weight of the mean of half its squared log-ratio to
    /// the start model. Those tokens are the prompt's, and of a response that rules edited all but the edits: what they
    /// put there, the token behind what they took away, and the end of the turn. Null learns responses whole, and holds
    /// nothing. Only the embedded trainer can.
    /// </summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? AnchorWeight { get; init; }
}

/// <summary>Settings of training on preference pairs.</summary>
public sealed record PreferenceSettings : TrainingSettings
{
    /// <summary>DPO's beta: how strongly the model is held to the reference model.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>Weight of the mean negative log-likelihood of chosen responses beside the DPO loss.</summary>
    [Range(0.0, double.MaxValue)]
    public double SftWeight { get; init; } = 0.1;

    /// <summary>
    /// Whether the token that ends a turn counts as part of a rejected response; none is as true, but for a response that
    /// was cut off. Where a rejected response is the beginning of its chosen one, DPO lowers that token, and the actor
    /// unlearns to end; false prevents it. Only the embedded trainer can leave it out.
    /// </summary>
    public bool? RejectedEnd { get; init; }
}

/// <summary>
/// A low-rank adapter: each target weight W becomes W + alpha / rank * B A, and only A and B are trained.
/// </summary>
public sealed record LoraSettings
{
    /// <summary>Rows of A and columns of B.</summary>
    [Range(1, int.MaxValue)]
    public int Rank { get; init; } = 8;

    /// <summary>Scale of the adapter; twice the rank is usual.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double Alpha { get; init; } = 16;

    /// <summary>
    /// Names of the linear layers to adapt, such as <c>q_proj</c>; <c>all-linear</c> is all of them but the output
    /// head.
    /// </summary>
    [MinLength(1)]
    public IReadOnlyList<string> TargetModules { get; init; } = ["all-linear"];
}

/// <summary>One optimizer step, as it was taken.</summary>
/// <param name="Step">1-based.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="Loss">The step's loss.</param>
/// <param name="LearningRate">What the step used.</param>
/// <param name="Tokens">Tokens seen so far, prompts included.</param>
/// <param name="RewardMargin">
/// Mean of beta * ((pc - rc) - (pr - rr)) over the step's pairs; null for supervised data.
/// </param>
/// <param name="RewardAccuracy">Share of the step's pairs with a positive margin; null for supervised data.</param>
public sealed record TrainingStep(
    int Step, int Steps, double Loss, double LearningRate, long Tokens, double? RewardMargin = null,
    double? RewardAccuracy = null);

/// <summary>What a training run did.</summary>
/// <param name="Model">
/// The trained model: <see cref="TrainingJob.OutputModel"/>, or the name under which it is served.
/// </param>
/// <param name="Steps">Every optimizer step in order.</param>
/// <param name="Examples">Rows that were used.</param>
/// <param name="TruncatedExamples">Rows that were cut at <see cref="TrainingSettings.CutoffTokens"/>.</param>
public sealed record TrainingReport(
    string Model, IReadOnlyList<TrainingStep> Steps, int Examples, int TruncatedExamples)
{
    /// <summary>True where the weights are those that the training started from, to the last bit.</summary>
    public bool Unchanged { get; init; }

    /// <summary>Rows that were left out, by reason; empty where all were used.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; init; } = new Dictionary<string, int>();

    /// <summary>The program that trained, and where, as people read it; null for the embedded engine.</summary>
    public string? Trainer { get; init; }

    /// <summary>The models that <see cref="TrainingJob.SaveEvery"/> asked for, in the order of their steps.</summary>
    public IReadOnlyList<SavedModel> Saved { get; init; } = [];
}

/// <summary>A model as it was in the midst of its training.</summary>
/// <param name="Step">Steps taken until then.</param>
/// <param name="Model">Its checkpoint directory, or the name under which it is served.</param>
public sealed record SavedModel(int Step, string Model);
