using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Exports;

/// <summary>
/// What stands beside exported data: for every row where it comes from, and the recipe's settings of its training in the
/// trainer's own words. LLaMA-Factory gets a YAML file, TRL the arguments of its script.
/// </summary>
internal static class TrainerFiles
{
    /// <summary>Name of the file with a training's settings.</summary>
    /// <param name="stage">The training.</param>
    /// <param name="format">For which trainer.</param>
    public static string NameOf(string stage, ExportFormat format) =>
        format == ExportFormat.LlamaFactory ? $"{stage}.yaml" : $"{stage}.args";

    /// <summary>A line a row, in the data's order: the prompt's id and the row's kind.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">The training.</param>
    public static IEnumerable<JsonObject> Origins(RunStore store, string stage)
    {
        int dash = stage.LastIndexOf('-');
        int iteration = int.Parse(stage[(dash + 1)..], CultureInfo.InvariantCulture);
        bool actor = stage == StageNames.Actor(iteration);
        if (iteration == 0)
        {
            string made = actor ? StageNames.ActorSftData : StageNames.RefinerSftData;
            return store.FindProduct<SupervisedProduct>(made)!.Rows.Select(row => Origin(row.PromptId, row.Kind));
        }

        DataProduct data = DataProduct.Find(store, iteration)!;
        return !actor ? data.RefinerRows.Select(row => Origin(row.PromptId, row.Kind))
            : data.Pairs.Count > 0 ? TrainerRows.Whole(data.Pairs).Select(pair => Origin(pair.PromptId, "pair"))
            : (data.ActorRows ?? []).Select(row => Origin(row.PromptId, row.Kind));
    }

    /// <summary>The settings of a training.</summary>
    /// <param name="values">What decides the run, by dotted key.</param>
    /// <param name="stage">The training.</param>
    /// <param name="preference">Whether it learns pairs.</param>
    /// <param name="format">For which trainer.</param>
    public static string Settings(
        IReadOnlyDictionary<string, string> values, string stage, bool preference, ExportFormat format)
    {
        bool first = stage.EndsWith("-0", StringComparison.Ordinal);
        bool actor = stage.StartsWith("actor-", StringComparison.Ordinal);
        string group = preference ? "dpo"
            : first ? actor ? "actor_sft" : "refiner_sft"
            : actor ? "iteration_sft" : "rft";
        string start = first
            ? RunIdentity.NameOf(
                RecipeTrainings.StartIn(values, actor ? ModelRole.Actor : ModelRole.Refiner) ?? "MODEL")
            : Before(stage);
        TrainerSheet sheet = new()
        {
            Name = stage,
            Preference = preference,
            StartModel = start,
            Settings = values.Where(one => one.Key.StartsWith($"{group}.", StringComparison.Ordinal))
                .ToDictionary(one => one.Key[(group.Length + 1)..], one => one.Value, StringComparer.Ordinal),
            Seed = ulong.Parse(values.GetValueOrDefault("seed", "1"), CultureInfo.InvariantCulture),
            Output = $"saves/{stage}",
        };
        return format == ExportFormat.LlamaFactory
            ? LlamaFactorySheet.Text(
                sheet,
                $"# The training {stage} of the run as LLaMA-Factory takes it: llamafactory-cli train {stage}.yaml\n"
                + "# template has to be the model's own; batches are one row a device here, gathered up to the recipe's size.\n")
            : TrlSheet.Text(sheet);
    }

    private static JsonObject Origin(string prompt, string kind) => new() { ["prompt_id"] = prompt, ["kind"] = kind };

    private static string Before(string stage)
    {
        int dash = stage.LastIndexOf('-');
        int iteration = int.Parse(stage[(dash + 1)..], CultureInfo.InvariantCulture);
        return $"saves/{stage[..dash]}-{(iteration - 1).ToString(CultureInfo.InvariantCulture)}";
    }
}
