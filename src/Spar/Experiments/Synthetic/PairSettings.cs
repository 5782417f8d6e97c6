using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Experiments.Synthetic;

/// <summary>A comparison of pair kinds on one problem, in numbers. Both kinds are trained with the same.</summary>
public sealed record PairSettings
{
    /// <summary>Examples that the base model learns the prompts from.</summary>
    public int Examples { get; init; } = 1000;

    /// <summary>How it learns them.</summary>
    public SupervisedSettings Sft { get; init; } = new() { LearningRate = 2e-6 };

    /// <summary>Pairs of each kind.</summary>
    public int Pairs { get; init; } = 1000;

    /// <summary>Training on the pairs.</summary>
    public PreferenceSettings Dpo { get; init; } = new() { LearningRate = 2e-7 };

    /// <summary>Optimizer steps from one measurement to the next.</summary>
    public int MeasureEvery { get; init; } = 5;

    /// <summary>Held-out prompts that are answered at each measurement.</summary>
    public int HeldOut { get; init; } = 300;

    /// <summary>How they are answered.</summary>
    public Sampling Respond { get; init; } = new(0.9, 0.9, 200);

    /// <summary>What decides the results of a run, for the run store.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="baseModel">What the start is trained from.</param>
    /// <param name="seed">The run's seed.</param>
    public RunIdentity Identity(SyntheticProblem problem, string baseModel, ulong seed) =>
        RunIdentity.Of(new JsonObject
        {
            ["problem"] = problem.Name,
            ["baseModel"] = baseModel,
            ["seed"] = seed,
            ["settings"] = JsonSerializer.SerializeToNode(this, JsonSettings.Compact),
        }).With(Recipe.SupervisedSettingsIdentity("settings.sft"));

    /// <summary>Checks every number.</summary>
    /// <param name="key">What messages call these settings.</param>
    /// <param name="mostHeldOut">Held-out prompts that there are.</param>
    /// <exception cref="RecipeException">Names every key with an impossible value.</exception>
    public void Validate(string key, int mostHeldOut)
    {
        RecipeCheck check = new();
        check.AtLeast(1, $"{key}.examples", Examples);
        check.Training($"{key}.sft", Sft);
        check.AtLeast(1, $"{key}.pairs", Pairs);
        check.Training($"{key}.dpo", Dpo);
        check.That(Dpo.Epochs > 0, $"{key}.dpo.epochs", "must be above 0", Dpo.Epochs);
        check.AtLeast(1, $"{key}.measure_every", MeasureEvery);
        check.That(HeldOut >= 1 && HeldOut <= mostHeldOut, $"{key}.held_out", $"must be between 1 and {mostHeldOut}", HeldOut);
        check.Sampling($"{key}.respond", Respond);
        check.ThrowIfFaulty();
    }
}
