using System.Globalization;

namespace Spar.Exports;

/// <summary>
/// A training as another trainer is told of it, apart from its rows: the recipe's settings, and where and on what it
/// runs. <see cref="LlamaFactorySheet"/> and <see cref="TrlSheet"/> put it into the trainers' own words.
/// </summary>
public sealed record TrainerSheet
{
    /// <summary>The training's name, which its data set has too, such as actor-1.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it learns pairs.</summary>
    public required bool Preference { get; init; }

    /// <summary>What it starts from: a folder.</summary>
    public required string StartModel { get; init; }

    /// <summary>
    /// The recipe's settings of the training, by key as recipes write it (learning_rate, lora.rank); what is not there
    /// is left to the trainer.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>Seed of the data's order; its lower 31 bits count, for trainers take no more.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The folder with the data set and, for LLaMA-Factory, its dataset_info.json.</summary>
    public string DataFolder { get; init; } = ".";

    /// <summary>Where the result goes.</summary>
    public required string Output { get; init; }

    /// <summary>LLaMA-Factory's name of the model's chat template; null leaves a place for it.</summary>
    public string? Template { get; init; }

    /// <summary>Devices that share a step, at least 1.</summary>
    public int Devices { get; init; } = 1;

    /// <summary>Rows that a device takes at once, at least 1.</summary>
    public int RowsPerDevice { get; init; } = 1;

    /// <summary>Whether it runs without a GPU.</summary>
    public bool OnCpu { get; init; }

    /// <summary>
    /// Steps between two checkpoints from which the training could go on; 0 saves the result alone.
    /// </summary>
    public int SaveSteps { get; init; }

    /// <summary>Words of the trainer's own, which take the place of those that come of the recipe.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> More { get; init; } = [];

    /// <summary>A setting; null where the recipe leaves it out.</summary>
    /// <param name="key">The key within the training's group.</param>
    internal string? Setting(string key) => Settings.GetValueOrDefault(key);

    /// <summary>The layers of an adapter.</summary>
    internal string[] Targets =>
    [
        .. Settings.Where(one => one.Key.StartsWith("lora.target_modules.", StringComparison.Ordinal))
            .Select(one => one.Value),
    ];

    /// <summary>The schedule: warm-up belongs to its name where the rate stays.</summary>
    internal string Schedule =>
        Settings.GetValueOrDefault("schedule", "constant") is var schedule && schedule == "constant"
            ? "constant_with_warmup" : schedule;

    /// <summary>The seed as trainers take it: 31 bits.</summary>
    internal string SmallSeed => (Seed % int.MaxValue).ToString(CultureInfo.InvariantCulture);

    /// <summary>Batches that each device gathers before a step.</summary>
    internal string Gathered
    {
        get
        {
            int batch = int.Parse(Settings.GetValueOrDefault("batch_size", "1"), CultureInfo.InvariantCulture);
            return Math.Max(1, batch / (Devices * RowsPerDevice)).ToString(CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The words with <see cref="More"/> laid over them.</summary>
    /// <param name="words">Words in their order.</param>
    internal IReadOnlyList<KeyValuePair<string, string>> WithMore(List<KeyValuePair<string, string>> words)
    {
        foreach (KeyValuePair<string, string> more in More)
        {
            int place = words.FindIndex(word => word.Key == more.Key);
            if (place < 0)
            {
                words.Add(more);
            }
            else
            {
                words[place] = more;
            }
        }

        return words;
    }
}
