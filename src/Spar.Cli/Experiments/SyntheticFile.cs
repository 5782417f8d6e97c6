using Spar.Cli.Recipes;
using Spar.Experiments.Synthetic;
using Spar.Nano.Synthetic;

namespace Spar.Cli.Experiments;

/// <summary>The file of <c>spar experiment synthetic</c>.</summary>
internal sealed record SyntheticFile
{
    /// <summary>The checkpoint that both starts are trained from.</summary>
    public required string BaseModel { get; init; }

    /// <summary>
    /// Gives the letters of character sequences vectors of their own before the model learns to spell, for a base model that has never met single letters.
    /// </summary>
    public bool FreshLetters { get; init; }

    /// <summary>Character sequences.</summary>
    public PairSettings Letters { get; init; } = new();

    /// <summary>Start/end stories.</summary>
    public PairSettings Stories { get; init; } = new();

    /// <summary>Reads and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SparException">The file cannot be used; the message names the key.</exception>
    public static SyntheticFile Read(string path)
    {
        SyntheticFile file = StrictYaml.ReadFile<SyntheticFile>(path);
        YamlPlaces.Locate(path, () =>
        {
            file.Letters.Validate("letters", SyntheticTasks.HeldOutCount);
            file.Stories.Validate("stories", SyntheticTasks.HeldOutCount);
        });
        return Directory.Exists(file.BaseModel)
            ? file
            : throw new SparException($"{path}: base_model: there is no folder '{file.BaseModel}'. Give the folder of a checkpoint (config.json, model.safetensors, tokenizer.json), relative to where you are.");
    }
}
