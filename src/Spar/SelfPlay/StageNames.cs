namespace Spar.SelfPlay;

/// <summary>
/// Names of a run's stages, by which their products are kept. Trained models lie in checkpoints/{stage}.
/// </summary>
public static class StageNames
{
    private const string EvaluationPrefix = "evaluation-";
    private const string YardstickPrefix = "yardstick-";
    private const string CalibrationPrefix = "calibration-";
    private const string IntegrityPrefix = "integrity-";

    /// <summary>What was found in the files of prompts.</summary>
    public const string Prompts = "prompts";

    /// <summary>What was found in the files of lessons.</summary>
    public const string Lessons = "lessons";

    /// <summary>Teacher responses for the actor.</summary>
    public const string ActorSftData = "actor-sft-data";

    /// <summary>Teacher judgements and refinements for the refiner.</summary>
    public const string RefinerSftData = "refiner-sft-data";

    /// <summary>Base model's responses that every row's refiner is measured on.</summary>
    public const string FixedResponses = "fixed-responses";

    /// <summary>Training of the one model that plays both parts in some baselines.</summary>
    public const string Joint = "joint-0";

    /// <summary>Training of Humpback's backward model, which writes instructions for texts.</summary>
    public const string Backward = "backward-0";

    /// <summary>Training of M_{iteration}; 0 is the actor's SFT.</summary>
    /// <param name="iteration">0 and up.</param>
    public static string Actor(int iteration) => $"actor-{iteration}";

    /// <summary>Training of R_{iteration}; 0 is the refiner's SFT.</summary>
    /// <param name="iteration">0 and up.</param>
    public static string Refiner(int iteration) => $"refiner-{iteration}";

    /// <summary>Responses, judgements and searches of an iteration.</summary>
    /// <param name="iteration">1 and up.</param>
    public static string Play(int iteration) => $"play-{iteration}";

    /// <summary>The iteration's judgements against verifiers.</summary>
    /// <param name="iteration">1 and up.</param>
    public static string Calibration(int iteration) => $"{CalibrationPrefix}{iteration}";

    /// <summary>The iteration's rewarded responses against trip wires.</summary>
    /// <param name="iteration">1 and up.</param>
    public static string Integrity(int iteration) => $"{IntegrityPrefix}{iteration}";

    /// <summary>Pairs and refiner data made from them.</summary>
    /// <param name="iteration">1 and up.</param>
    public static string Data(int iteration) => $"data-{iteration}";

    /// <summary>Evaluation of a row's models.</summary>
    /// <param name="row">The row.</param>
    public static string Evaluation(RowName row) => $"{EvaluationPrefix}{row}";

    /// <summary>Measurement of a row's models by one of the recipe's yardsticks.</summary>
    /// <param name="row">The row.</param>
    /// <param name="name">The yardstick's name.</param>
    public static string Yardstick(RowName row, string name) => $"{YardstickPrefix}{row}-{name}";

    /// <summary>True for stages that measure a row by a yardstick.</summary>
    /// <param name="stage">A stage's name.</param>
    public static bool IsYardstick(string stage) => stage.StartsWith(YardstickPrefix, StringComparison.Ordinal);

    /// <summary>True for stages that measure a row.</summary>
    /// <param name="stage">A stage's name.</param>
    public static bool IsEvaluation(string stage) => stage.StartsWith(EvaluationPrefix, StringComparison.Ordinal);

    /// <summary>True for stages that measure an iteration's judge.</summary>
    /// <param name="stage">A stage's name.</param>
    public static bool IsCalibration(string stage) => stage.StartsWith(CalibrationPrefix, StringComparison.Ordinal);

    /// <summary>True for stages that look for reward hacking.</summary>
    /// <param name="stage">A stage's name.</param>
    public static bool IsIntegrity(string stage) => stage.StartsWith(IntegrityPrefix, StringComparison.Ordinal);

    /// <summary>True for stages that train a model.</summary>
    /// <param name="stage">A stage's name.</param>
    public static bool IsTraining(string stage)
    {
        int dash = stage.LastIndexOf('-');
        return dash > 0 && stage[..dash] is "actor" or "refiner" or "joint" or "backward"
            && int.TryParse(stage[(dash + 1)..], out _);
    }
}
