using System.Text.Json.Serialization;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>What a stage leaves in the store.</summary>
public interface IStageProduct
{
    /// <summary>What the stage counted.</summary>
    StageStatistics Statistics { get; }

    /// <summary>Items of which something is missing because calls failed.</summary>
    int MissingItems => Statistics.Failures.Select(failure => failure.Id).Distinct(StringComparer.Ordinal).Count();
}

/// <summary>Product of <see cref="StageNames.Prompts"/> and <see cref="StageNames.Lessons"/>.</summary>
/// <param name="Statistics">Rows, those that were dropped by reason, and prompts by split.</param>
/// <param name="Found">The same with files, rows and ids.</param>
public sealed record PromptsProduct(StageStatistics Statistics, PromptsFound Found) : IStageProduct;

/// <summary>Product of <see cref="StageNames.ActorSftData"/> and <see cref="StageNames.RefinerSftData"/>.</summary>
/// <param name="Statistics">What the stage counted.</param>
/// <param name="Rows">What is learnt.</param>
public sealed record SupervisedProduct(StageStatistics Statistics, IReadOnlyList<SupervisedRow> Rows) : IStageProduct;

/// <summary>
/// Product of <see cref="StageNames.Play"/>; the prompts' <see cref="PlayRecord"/>s are the stage's items.
/// </summary>
/// <param name="Statistics">What the stage counted.</param>
public sealed record PlayProduct(StageStatistics Statistics) : IStageProduct;

/// <summary>Product of a training stage.</summary>
/// <param name="Statistics">What the stage counted.</param>
/// <param name="Model">The model to use from here on, where it lies outside the run directory; else null.</param>
/// <param name="Checkpoint">The model to use from here on as a path in the run directory; else null.</param>
/// <param name="Digest">
/// SHA-256 of the checkpoint's files; null when nothing was trained or the model lies elsewhere.
/// </param>
/// <param name="Steps">Every optimizer step; empty when nothing was trained.</param>
public sealed record TrainedProduct(
    StageStatistics Statistics, string? Model, string? Checkpoint, string? Digest,
    IReadOnlyList<TrainingStep> Steps) : IStageProduct
{
    /// <summary>The program that trained, where it was not the embedded engine.</summary>
    public string? Trainer { get; init; }

    /// <summary>
    /// True when the checkpoint was removed to free space: it is made again, to the same digest, when something needs it.
    /// Null where it was not.
    /// </summary>
    public bool? Pruned { get; init; }

    /// <summary>Path or name of the model.</summary>
    /// <param name="runDirectory">The run directory.</param>
    public string Resolve(string runDirectory) => Checkpoint is null ? Model! : Path.Combine(runDirectory, Checkpoint);
}

/// <summary>Product of <see cref="StageNames.FixedResponses"/>.</summary>
/// <param name="Responses">The base model's responses that every row's refiner is measured on.</param>
public sealed record FixedResponsesProduct(IReadOnlyList<string> Responses) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => StageStatistics.None;
}

/// <summary>Product of an evaluation stage.</summary>
/// <param name="Row">The row of results.json.</param>
public sealed record EvaluationProduct(EvaluationRow Row) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => Row.FirstFailure is { } failure
        ? new StageStatistics(StageStatistics.None.Counts, [failure]) : StageStatistics.None;

    /// <inheritdoc/>
    [JsonIgnore]
    public int MissingItems => Row.Failed;
}

/// <summary>Product of <see cref="StageNames.Yardstick"/>.</summary>
/// <param name="Measured">Which row's models were measured.</param>
/// <param name="Signature">What the figures depend on beside the models.</param>
/// <param name="Result">The figures.</param>
public sealed record YardstickProduct(RowName Measured, string Signature, YardstickResult Result) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => StageStatistics.None;
}

/// <summary>Product of <see cref="StageNames.Calibration"/>.</summary>
/// <param name="Calibration">The judge against verifiers.</param>
public sealed record CalibrationProduct(IterationCalibration Calibration) : IStageProduct
{
    /// <inheritdoc/>
    [JsonIgnore]
    public StageStatistics Statistics => StageStatistics.None;
}
