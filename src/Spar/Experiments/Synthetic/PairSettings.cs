using System.ComponentModel.DataAnnotations;
using Spar.Calls;
using Spar.Recipes;
using Spar.Seams;
using Spar.Store;

namespace Spar.Experiments.Synthetic;

/// <summary>A comparison of pair kinds on one problem, in numbers. Both kinds are trained with the same.</summary>
public sealed record PairSettings : IRecipeRules
{
    /// <summary>Examples that the base model learns the prompts from.</summary>
    [Range(1, int.MaxValue)]
    public int Examples { get; init; } = 1000;

    /// <summary>How it learns them.</summary>
    public SupervisedSettings Sft { get; init; } = new() { LearningRate = 2e-6 };

    /// <summary>Pairs of each kind.</summary>
    [Range(1, int.MaxValue)]
    public int Pairs { get; init; } = 1000;

    /// <summary>Training on the pairs.</summary>
    public PreferenceSettings Dpo { get; init; } = new() { LearningRate = 2e-7 };

    /// <summary>Optimizer steps from one measurement to the next.</summary>
    [Range(1, int.MaxValue)]
    public int MeasureEvery { get; init; } = 5;

    /// <summary>Held-out prompts that are answered at each measurement.</summary>
    [Range(1, int.MaxValue)]
    public int HeldOut { get; init; } = 300;

    /// <summary>How they are answered.</summary>
    public Sampling Respond { get; init; } = new(0.9, 0.9, 200);

    /// <summary>What decides the results of a run, for the run store.</summary>
    /// <param name="problem">The problem.</param>
    /// <param name="baseModel">What the start is trained from, as an identity names models.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="change">What is done to the base model before, in a few words; null when nothing is.</param>
    public RunIdentity Identity(SyntheticProblem problem, string baseModel, ulong seed, string? change = null)
    {
        Dictionary<string, string> values = new(RecipeKeys.Deciding(this, (_, text) => text, "settings."))
        {
            ["problem"] = problem.Name,
            ["base_model"] = baseModel,
            ["seed"] = RecipeKey.Text(seed),
        };
        if (change is not null)
        {
            values["base_model.change"] = change;
        }

        return new RunIdentity(values);
    }

    /// <inheritdoc/>
    public void Check(RecipeCheck check) => check.That(Dpo.Epochs > 0, "dpo.epochs", "must be above 0", Dpo.Epochs);
}
