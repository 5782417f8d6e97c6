using System.Text.Json;
using Spar.Ground;

namespace Spar.Runtime.Planning;

/// <summary>A figure that is expected, and the interval in which nine of ten should lie.</summary>
/// <param name="Value">The expectation.</param>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
public sealed record Expected(double Value, double Low, double High)
{
    /// <summary>An expectation with an interval to both sides.</summary>
    /// <param name="value">The expectation.</param>
    /// <param name="relative">Half the interval, as a share of the expectation.</param>
    public static Expected Within(double value, double relative) =>
        new(value, value * Math.Max(0, 1 - relative), value * (1 + relative));

    /// <summary>The sum of figures that are wrong to the same side.</summary>
    /// <param name="parts">The figures.</param>
    public static Expected Sum(IEnumerable<Expected> parts) =>
        parts.Aggregate(
            new Expected(0, 0, 0),
            (sum, one) => new Expected(sum.Value + one.Value, sum.Low + one.Low, sum.High + one.High)
        );
}

/// <summary>What a stage is expected to take.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Calls">Calls of models; a program that teaches is none.</param>
/// <param name="InputTokens">Tokens that those read.</param>
/// <param name="OutputTokens">Tokens that they generate.</param>
/// <param name="Seconds">Its time, on a machine as busy as it was during the probe.</param>
public sealed record StagePlan(
    string Stage, Expected Calls, Expected InputTokens, Expected OutputTokens, Expected Seconds);

/// <summary>What a run is expected to take, from a small run of the same recipe.</summary>
/// <param name="Stages">In the order in which they come.</param>
/// <param name="MemoryBytes">Most memory of the process while it probed; a run with more calls in flight takes more.</param>
/// <param name="DiskBytes">Size of the run directory at its end.</param>
/// <param name="ProbePrompts">Prompts of each kind in the larger of two probes.</param>
/// <param name="ProbeSeconds">What the probes took.</param>
public sealed record RunPlan(
    IReadOnlyList<StagePlan> Stages, double MemoryBytes, double DiskBytes, int ProbePrompts, double ProbeSeconds)
{
    /// <summary>All stages together.</summary>
    public StagePlan Total { get; } = new(
        "all",
        Expected.Sum(Stages.Select(stage => stage.Calls)),
        Expected.Sum(Stages.Select(stage => stage.InputTokens)),
        Expected.Sum(Stages.Select(stage => stage.OutputTokens)),
        Expected.Sum(Stages.Select(stage => stage.Seconds))
    );

    /// <summary>What the tokens cost.</summary>
    /// <param name="input">Price of a million tokens that are read.</param>
    /// <param name="output">Price of a million tokens that are generated.</param>
    public Expected Price(double input, double output) => new(
        ((Total.InputTokens.Value * input) + (Total.OutputTokens.Value * output)) / 1e6,
        ((Total.InputTokens.Low * input) + (Total.OutputTokens.Low * output)) / 1e6,
        ((Total.InputTokens.High * input) + (Total.OutputTokens.High * output)) / 1e6
    );

    /// <summary>The plan for scripts.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n";
}
