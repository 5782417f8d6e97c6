using System.Globalization;
using System.Text.RegularExpressions;
using Spar.Recipes;

namespace Spar.SelfPlay;

/// <summary>
/// How a run's stages rest on each other, told by their names: what a stage leaves in the store, what was made with what
/// it left, and for which stage a call was made.
/// </summary>
public static partial class StageOrder
{
    /// <summary>The type of a stage's product; null for a stage that no run has.</summary>
    /// <param name="stage">Its name.</param>
    public static Type? ProductOf(string stage) => stage switch
    {
        StageNames.Prompts or StageNames.Lessons => typeof(PromptsProduct),
        StageNames.ActorSftData or StageNames.RefinerSftData => typeof(SupervisedProduct),
        StageNames.FixedResponses => typeof(FixedResponsesProduct),
        _ when StageNames.IsEvaluation(stage) => typeof(EvaluationProduct),
        _ when StageNames.IsYardstick(stage) => typeof(YardstickProduct),
        _ when StageNames.IsCalibration(stage) => typeof(CalibrationProduct),
        _ when StageNames.IsIntegrity(stage) => typeof(IntegrityProduct),
        _ when StageNames.IsTraining(stage) => typeof(TrainedProduct),
        _ when Numbered().Match(stage) is { Success: true } found =>
            found.Groups[1].Value == "play" ? typeof(PlayProduct) : typeof(KeptData),
        _ => null,
    };

    /// <summary>
    /// The iteration that a stage belongs to: 0 for what comes before self-play; null for stages that measure a row, and
    /// for those that no run has.
    /// </summary>
    /// <param name="stage">Its name.</param>
    public static int? IterationOf(string stage)
    {
        if (stage is StageNames.Prompts or StageNames.Lessons or StageNames.ActorSftData or StageNames.RefinerSftData
            or StageNames.FixedResponses)
        {
            return 0;
        }

        bool numbered = StageNames.IsTraining(stage) || StageNames.IsCalibration(stage) || StageNames.IsIntegrity(stage)
            || Numbered().IsMatch(stage);
        return numbered && int.TryParse(
            stage.AsSpan(stage.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int iteration)
            ? iteration : null;
    }

    /// <summary>The row that a stage measures; null for a stage that measures none.</summary>
    /// <param name="stage">Its name.</param>
    public static RowName? RowOf(string stage) =>
        Measuring().Match(stage) is { Success: true } found ? RowName.Parse(found.Groups[1].Value) : null;

    /// <summary>
    /// Whether a stage was made with what another one left, through whatever lies between. A stage that is in doubt was.
    /// </summary>
    /// <param name="stage">The stage that may rest on the other.</param>
    /// <param name="earlier">The other stage.</param>
    /// <param name="iterative">
    /// Whether each iteration trains; otherwise all of them play with M_0 and R_0, and the last one trains on what all
    /// gave.
    /// </param>
    public static bool RestsOn(string stage, string earlier, bool iterative)
    {
        if (stage == earlier || RowOf(earlier) is not null)
        {
            return false;
        }

        if (earlier == StageNames.FixedResponses)
        {
            return StageNames.IsEvaluation(stage);
        }

        if (earlier == StageNames.Prompts)
        {
            return true;
        }

        RowName? row = RowOf(stage);
        if (IterationOf(earlier) is not (int from and > 0))
        {
            // Before self-play: in the order in which the parts learn.
            return row is { } measured ? measured != RowName.Base : StartPlace(stage) > StartPlace(earlier);
        }

        if (row is { } later)
        {
            return later.IterationNumber >= from;
        }

        if (IterationOf(stage) is not (int at and > 0))
        {
            return false;
        }

        return at == from ? PlaceInIteration(stage) > PlaceInIteration(earlier)
            : at > from && (iterative || StageNames.IsTraining(stage));
    }

    /// <summary>A run's method.</summary>
    /// <param name="values">Dotted key to value, as the run's identity has them.</param>
    public static TrainingMethod MethodIn(IReadOnlyDictionary<string, string> values) =>
        Enum.GetValues<TrainingMethod>()
            .FirstOrDefault(method => RecipeKey.Text(method) == values.GetValueOrDefault("method"));

    /// <summary>The stage that a call was made for; null for a call of no stage that a run has.</summary>
    /// <param name="key">The call's key.</param>
    /// <param name="method">The run's method.</param>
    public static string? OwnerOf(string key, TrainingMethod method)
    {
        if (Owner().Match(key) is not { Success: true } found)
        {
            return null;
        }

        string part = found.Groups["part"].Value;
        string row = found.Groups["row"].Value;
        return part switch
        {
            "sft" => StageNames.ActorSftData,
            "refiner-sft" => StageNames.RefinerSftData,
            "eval/fixed" => StageNames.FixedResponses,
            _ when row.Length > 0 => OwnOfEvaluator().IsMatch(found.Groups["rest"].Value)
                ? StageNames.Evaluation(RowName.Parse(row))
                : StageNames.Yardstick(RowName.Parse(row), found.Groups["rest"].Value.Split('/')[0]),
            _ => Stage(int.Parse(found.Groups["it"].Value, CultureInfo.InvariantCulture)),
        };

        string Stage(int iteration) =>
            method == TrainingMethod.Spar ? StageNames.Play(iteration) : StageNames.Data(iteration);
    }

    // The start of a run stage by stage; what comes after it is behind all of them.
    private static int StartPlace(string stage) => stage switch
    {
        StageNames.Prompts or StageNames.FixedResponses => -1,
        StageNames.Lessons => 0,
        StageNames.ActorSftData => 1,
        "actor-0" => 2,
        StageNames.RefinerSftData => 3,
        "refiner-0" => 4,
        StageNames.Backward or StageNames.Joint => 5,
        _ => 6,
    };

    private static int PlaceInIteration(string stage) =>
        stage.StartsWith("play-", StringComparison.Ordinal) ? 0
        : StageNames.IsCalibration(stage) || StageNames.IsIntegrity(stage) ? 1
        : StageNames.IsTraining(stage) ? 3
        : 2;

    [GeneratedRegex(@"^(play|data)-\d{1,9}$")]
    private static partial Regex Numbered();

    [GeneratedRegex(@"^(?:evaluation|yardstick)-(base|sft|iteration-[1-9]\d{0,8})(?:-|$)")]
    private static partial Regex Measuring();

    [GeneratedRegex(
        @"^(?:teacher/|teacher-model/)?(?:(?<part>sft|refiner-sft|eval/fixed|eval/(?<row>base|sft|iteration-[1-9]\d{0,8})|it(?<it>\d{1,9})))/(?<rest>.+)$")]
    private static partial Regex Owner();

    // The nano world's own measurement, which has the row's prompts and responses in its keys, and no yardstick's name.
    [GeneratedRegex(@"^(?:fixed/)?p\d+/")]
    private static partial Regex OwnOfEvaluator();
}
