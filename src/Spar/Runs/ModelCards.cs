using System.Globalization;
using System.Text;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>
/// Writes a card (README.md) beside every checkpoint that a run has trained: what it is, what it learnt from and how,
/// what was left out, and what was measured of it. The same run gives the same cards; they are no part of a
/// checkpoint's digest. A checkpoint that was imported with a card keeps it.
/// </summary>
internal static class ModelCards
{
    /// <summary>Writes the cards of the checkpoints that there are.</summary>
    /// <param name="store">The run.</param>
    /// <param name="results">What was measured so far.</param>
    /// <exception cref="UserFaultException">A card cannot be written.</exception>
    public static void Write(RunStore store, RunResults results)
    {
        foreach (string stage in store.Stages().Where(StageNames.IsTraining))
        {
            TrainedProduct product = store.FindProduct<TrainedProduct>(stage)!;
            if (product.Checkpoint?.StartsWith("checkpoints/", StringComparison.Ordinal) != true)
            {
                // Another run's, or nobody's.
                continue;
            }

            string folder = Path.Combine(store.Directory, product.Checkpoint);
            string card = Path.Combine(folder, CheckpointDigest.CardFile);
            if (Directory.Exists(folder)
                && !(product.Statistics.Counts.ContainsKey(CheckpointImport.Count) && File.Exists(card)))
            {
                AtomicFile.WriteText(card, Text(stage, product, store, results));
            }
        }
    }

    /// <summary>A checkpoint's card.</summary>
    /// <param name="stage">Its training.</param>
    /// <param name="product">What the training left.</param>
    /// <param name="store">The run.</param>
    /// <param name="results">What was measured so far.</param>
    private static string Text(string stage, TrainedProduct product, RunStore store, RunResults results)
    {
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        int dash = stage.LastIndexOf('-');
        int iteration = int.Parse(stage[(dash + 1)..], CultureInfo.InvariantCulture);
        string start = Start(stage[..dash], recipe), taught = RecipeTrainings.TaughtIn(recipe);
        bool imported = product.Statistics.Counts.ContainsKey(CheckpointImport.Count);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"""
            ---
            pipeline_tag: text-generation
            tags:
            - instruction-following
            - self-play
            - spar
            ---
            # {stage}

            {Role(stage[..dash], iteration)} Made by `spar run` from {start}, whose licence holds for it too.{taught}

            | | |
            | --- | --- |
            | method | {NameOf(recipe, "method")} |
            | iteration | {iteration} |
            | seed | {results.Seed} |
            | digest (SHA-256) | {product.Digest ?? "not known"} |

            ## Training

            """);
        if (imported)
        {
            text.Append("It was trained elsewhere and taken into the run with `spar import`.\n");
        }

        if (product.Trainer is { } trainer)
        {
            text.Append(CultureInfo.InvariantCulture, $"- trained by {trainer}\n");
        }

        foreach ((string name, long count) in product.Statistics.Counts.Where(one => one.Key != CheckpointImport.Count))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {name}: {count}\n");
        }

        if (product.Steps is [.., { } last])
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"- loss of the first step {product.Steps[0].Loss:0.0000}, of the last {last.Loss:0.0000}\n");
        }

        Settings(text, recipe, Group(stage[..dash], iteration, recipe));
        Prompts(text, results);
        Measured(text, stage[..dash], iteration, results);
        text.Append("\n## The whole recipe\n\n```\n");
        text.Append(string.Concat(recipe.Select(one => $"{one.Key}: {RunIdentity.PublicNameOf(one.Value)}\n")));
        text.Append("```\n");
        return text.ToString();
    }

    private static string Role(string kind, int iteration) => kind switch
    {
        "actor" when iteration == 0 => "Answers instructions; it learnt a teacher's responses.",
        "actor" => "Answers instructions; it learnt from its own responses, judged and repaired in self-play.",
        "refiner" when iteration == 0 =>
            "Judges and repairs responses; it learnt a teacher's judgements and refinements.",
        "refiner" =>
            "Judges and repairs responses; it learnt from the search traces of self-play. Ask it with the run's prompt set.",
        "backward" => "Writes the instruction that a text answers.",
        _ => "Answers, judges and repairs.",
    };

    private static string Start(string kind, IReadOnlyDictionary<string, string> recipe) => RunIdentity.PublicNameOf(
        RecipeTrainings.StartIn(recipe, kind == "refiner" ? ModelRole.Refiner : ModelRole.Actor) ?? "an unknown model");

    // The recipe's group with the settings of a training.
    private static string Group(string kind, int iteration, IReadOnlyDictionary<string, string> recipe) => kind switch
    {
        "actor" when iteration == 0 => "actor_sft",
        "refiner" when iteration == 0 => "refiner_sft",
        "refiner" => "rft",
        "backward" => "backward_sft",
        "joint" => "refiner_sft",
        _ => recipe.GetValueOrDefault("method") is "self" or "humpback" ? "iteration_sft" : "dpo",
    };

    private static void Settings(StringBuilder text, IReadOnlyDictionary<string, string> recipe, string group)
    {
        text.Append("\n| setting | value |\n| --- | --- |\n");
        foreach ((string key, string value) in recipe.Where(one =>
            one.Key.StartsWith($"{group}.", StringComparison.Ordinal)))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {key} | {value} |\n");
        }
    }

    private static void Prompts(StringBuilder text, RunResults results)
    {
        text.Append("\n## Prompts\n\n");
        if (results.Prompts is not { } found)
        {
            text.Append("Those of the built-in world, drawn by the seed.\n");
            return;
        }

        foreach (Seams.PromptFile file in found.Files)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Path.GetFileName(file.Path)}: {file.Rows} rows\n");
        }

        foreach ((string reason, long rows) in found.Dropped)
        {
            text.Append(CultureInfo.InvariantCulture, $"- left out, {reason}: {rows}\n");
        }

        foreach (Seams.FoundSplit split in found.Splits)
        {
            text.Append(CultureInfo.InvariantCulture, $"- {split.Name}: {split.Taken} prompts\n");
        }
    }

    private static void Measured(StringBuilder text, string kind, int iteration, RunResults results)
    {
        text.Append("\n## What was measured\n\n");
        RowName name = iteration == 0 ? RowName.Sft : RowName.Iteration(iteration);
        if (kind is not ("actor" or "refiner") || results.Rows.FirstOrDefault(one => one.Name == name) is not { } row)
        {
            text.Append("Nothing yet.\n");
            return;
        }

        EvaluationRow? start = results.Rows.FirstOrDefault(one => one.Name == RowName.Base);
        text.Append(CultureInfo.InvariantCulture, $"Of the models of {name}; in brackets 95 % intervals.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| measure | base | {name} |\n| --- | --- | --- |\n");
        Line("held-out prompts fully satisfied", one => one.HeldOutPrompt);
        Line("single requirements satisfied", one => one.HeldOutInstruction);
        Line("held-out prompts with tree search", one => one.HeldOutPromptSearch);
        Line("judge accuracy", one => one.JudgeAccuracy);
        Line("refinement success", one => one.RefineSuccess);
        foreach (YardstickResult yardstick in row.Yardsticks ?? [])
        {
            foreach (YardstickFigure figure in yardstick.Figures)
            {
                YardstickFigure? before = start?.Yardsticks?.FirstOrDefault(one => one.Name == yardstick.Name)
                    ?.Figures.FirstOrDefault(one => one.Name == figure.Name);
                text.Append(CultureInfo.InvariantCulture,
                    $"| {yardstick.Name}, {figure.Name} ({yardstick.Items} items) | {Figure(before)} | "
                    + $"{Figure(figure)} |\n");
            }
        }

        void Line(string measure, Func<EvaluationRow, double?> value)
        {
            if (value(row) is { } now)
            {
                string before = Share(start is null ? null : value(start));
                text.Append(CultureInfo.InvariantCulture, $"| {measure} | {before} | {Share(now)} |\n");
            }
        }
    }

    private static string Figure(YardstickFigure? figure) =>
        figure is null ? "–"
        : figure is { Low: { } low, High: { } high }
            ? $"{Number(figure.Value, figure.IsShare)} ({Number(low, figure.IsShare)} to "
                + $"{Number(high, figure.IsShare)})"
        : Number(figure.Value, figure.IsShare);

    private static string Share(double? share) => share is { } known ? Number(known, true) : "–";

    private static string Number(double value, bool share) => share
        ? string.Create(CultureInfo.InvariantCulture, $"{100 * value:0.0} %")
        : string.Create(CultureInfo.InvariantCulture, $"{value:0.00}");

    private static string NameOf(IReadOnlyDictionary<string, string> recipe, string key) =>
        RunIdentity.PublicNameOf(recipe.GetValueOrDefault(key, "not known"));
}
