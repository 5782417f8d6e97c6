using System.Diagnostics;

namespace Spar.SelfPlay;

/// <summary>The spans of a run, for whoever listens to its source: the run, and in it one for each stage that is made.</summary>
internal static class RunTraces
{
    /// <summary>The source's name.</summary>
    public const string Name = "Spar.Run";

    private static readonly ActivitySource s_source = new(Name);

    /// <summary>Begins the span of a session of a run; null where nobody listens.</summary>
    /// <param name="recipe">The run.</param>
    public static Activity? Run(Recipe recipe) =>
        s_source.StartActivity("spar run")?.SetTag("spar.method", recipe.Method.ToString()).SetTag("spar.seed", recipe.Seed.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Begins the span of a stage; null where nobody listens.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <param name="items">Items that it works on; 0 where they cannot be counted.</param>
    public static Activity? Stage(string stage, int items) =>
        s_source.StartActivity($"stage {stage}")?.SetTag("spar.stage", stage).SetTag("spar.items", items);

    /// <summary>Notes that it came to nothing.</summary>
    /// <param name="activity">The span; null does nothing.</param>
    /// <param name="fault">Why.</param>
    public static void Failed(this Activity? activity, Exception fault) =>
        activity?.SetStatus(ActivityStatusCode.Error, fault.Message).SetTag("error.type", fault.GetType().Name);
}
