using Spar.SelfPlay;

namespace Spar.Web.Dashboard;

/// <summary>Which calls a stage made, by the beginning of their keys.</summary>
internal static class StageCalls
{
    /// <summary>The beginning of the keys; null for stages that make no calls.</summary>
    /// <param name="stage">The stage's name.</param>
    public static string? Prefix(string stage)
    {
        int dash = stage.IndexOf('-', StringComparison.Ordinal);
        string rest = stage[(dash + 1)..];
        return stage switch
        {
            StageNames.FixedResponses => "eval/fixed/",
            StageNames.ActorSftData or StageNames.RefinerSftData => "",
            _ when StageNames.IsEvaluation(stage) => $"eval/{rest}/",
            _ when StageNames.IsYardstick(stage) => "eval/",
            _ when StageNames.IsTraining(stage) || StageNames.IsCalibration(stage) || StageNames.IsIntegrity(stage) => null,
            _ when int.TryParse(rest, out _) => $"it{rest}/",
            _ => null,
        };
    }
}
