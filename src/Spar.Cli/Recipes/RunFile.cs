using System.Globalization;
using Spar.Nano;
using Spar.Prompts;
using Spar.Runtime.Nano;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Cli.Recipes;

/// <summary>A recipe file of <c>spar run</c>: the run in numbers, and the world that it runs in.</summary>
internal sealed record RunFile : Recipe
{
    /// <summary>The built-in world: where prompts, teacher and evaluation come from.</summary>
    public NanoSettings Nano { get; init; } = new();

    /// <summary>Reads and checks a recipe.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">Takes the place of the recipe's seed; null keeps it.</param>
    /// <exception cref="SparException">The file cannot be used; the message names the key.</exception>
    public static RunFile Read(string path, ulong? seed = null)
    {
        RunFile file = StrictYaml.ReadFile<RunFile>(path);
        file = seed is ulong given ? file with { Seed = given } : file;
        file.Validate();
        file.Nano.Validate();
        _ = new NanoVerifier(file.Judging.Verifiers);
        if (!Directory.Exists(file.BaseModel))
        {
            throw new SparException($"{path}: base_model: there is no folder '{file.BaseModel}'. Give the folder of a checkpoint (config.json, model.safetensors, tokenizer.json), relative to where you are.");
        }

        return file;
    }

    /// <summary>What of the file decides the run's results.</summary>
    public RunIdentity FullIdentity() => Identity(Prompts.PromptSet.Load(PromptSet)).With(
    [
        new("nano.stories", Nano.Stories.ToString(CultureInfo.InvariantCulture)),
        new("nano.heldOutPrompts", Nano.HeldOutPrompts.ToString(CultureInfo.InvariantCulture)),
        new("nano.heldOutRepairs", Nano.HeldOutRepairs.ToString(CultureInfo.InvariantCulture)),
    ]);
}

/// <summary>How a run uses the nano world.</summary>
internal sealed record NanoSettings
{
    /// <summary>Share of prompts that ask for a story of 20 to 40 words; the rest ask for a line.</summary>
    public double Stories { get; init; }

    /// <summary>Held-out prompts on which each stage is measured.</summary>
    public int HeldOutPrompts { get; init; } = 500;

    /// <summary>Failed base responses, at most, on which each stage's refiner is measured.</summary>
    public int HeldOutRepairs { get; init; } = 200;

    public void Validate()
    {
        Require(Stories is >= 0 and <= 1, "nano.stories", "between 0 and 1");
        Require(HeldOutPrompts is >= 1 and <= HeldOut.Count, "nano.held_out_prompts", $"between 1 and {HeldOut.Count}");
        Require(HeldOutRepairs >= 0, "nano.held_out_repairs", "at least 0");
    }

    private static void Require(bool holds, string key, string rule)
    {
        if (!holds)
        {
            throw new SparException($"The recipe cannot be run: {key} must be {rule}.");
        }
    }
}
