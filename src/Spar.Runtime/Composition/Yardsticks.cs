using System.Globalization;
using Spar.Evaluation.Catalog;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.HumanEval;
using Spar.Evaluation.InstructionFollowing;
using Spar.Judging;
using Spar.Recipes;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Models;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;

namespace Spar.Runtime.Composition;

/// <summary>What a recipe's list <c>evaluation</c> measures: benchmarks, and the nano world.</summary>
public static class Yardsticks
{
    /// <summary>The yardstick that stands for the built-in world's held-out tasks.</summary>
    public const string Nano = "nano";

    private static readonly string[] s_withShots = ["gsm8k", "mmlu", "triviaqa"];
    private static readonly string[] s_withSamples = ["humaneval", "llmbar"];

    private static readonly string[] s_withMaxTokens = [.. InstructionBenchmark.Names, HeldOutPrompts.Name];

    /// <summary>All names that a yardstick may have.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Benchmarks.Names, HeldOutPrompts.Name, Nano];

    /// <summary>
    /// What the benchmarks that a run of this recipe measures will ask, so that a run's own prompts can be kept apart
    /// from it.
    /// </summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <exception cref="Spar.Evaluation.EvaluationException">A benchmark's data cannot be read.</exception>
    public static IEnumerable<MeasuredPrompt> Prompts(RunRecipe recipe) =>
        BenchmarksOf(recipe)
            .SelectMany(one =>
                Open(one, recipe, check: true)
                    .Requests.Select(request => new MeasuredPrompt($"{one.Name}, {request.Id}", request.Prompt))
            )
            .DistinctBy(prompt => prompt.Text);

    /// <summary>The yardsticks, in the order of the recipe.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="directory">The run directory.</param>
    /// <param name="time">The clock.</param>
    /// <param name="prompts">
    /// The run's own prompts, opened before anything is measured; null for the nano world's, and where the yardsticks
    /// are only counted.
    /// </param>
    internal static IReadOnlyList<IYardstick> Create(
        RunRecipe recipe, string directory, TimeProvider time, FilePrompts? prompts = null) =>
        [
            .. recipe.Evaluation.Where(one => one.Name != Nano).SelectMany(one => one.Name == HeldOutPrompts.Name
                ? HeldOutPrompts.Create(recipe, one, prompts, directory, time)
                : [Create(one, recipe, directory, time)]),
        ];

    /// <summary>What a user may have meant otherwise.</summary>
    /// <param name="recipe">A checked recipe.</param>
    internal static IEnumerable<string> Warnings(RunRecipe recipe)
    {
        if (recipe.Prompts is { HeldOut: > 0 } && recipe.Evaluation.All(one => one.Name != HeldOutPrompts.Name))
        {
            yield return $"prompts.held_out: {recipe.Prompts.HeldOut} prompts are kept apart and nothing measures "
                + $"them; add {{ name: {HeldOutPrompts.Name} }} to evaluation.";
        }
    }

    /// <summary>Whether the built-in world measures the run.</summary>
    /// <param name="recipe">A checked recipe.</param>
    internal static bool MeasuresNano(RunRecipe recipe) =>
        recipe.Evaluation.Any(one => one.Name == Nano) || (recipe.Evaluation.Count == 0 && recipe.Prompts is null);

    /// <summary>Checks that what is to be measured can be.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="check">Collects what is wrong.</param>
    internal static void Check(RunRecipe recipe, RecipeCheck check)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((int i, YardstickSettings one) in recipe.Evaluation.Index())
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"evaluation.{i}");
            bool known = Names.Contains(one.Name);
            check.That(known, $"{key}.name", $"must be one of {string.Join(", ", Names)}", one.Name);
            check.That(seen.Add(one.Name), $"{key}.name", "must stand in the list once", one.Name);
            check.That(
                !one.Search || one.Name == HeldOutPrompts.Name,
                $"{key}.search",
                $"can only be given for {HeldOutPrompts.Name}",
                one.Search
            );
            check.That(
                one.Votes == 1 || (one.Name == HeldOutPrompts.Name && one.Judge is not null),
                $"{key}.votes",
                $"can only be given for {HeldOutPrompts.Name} with a judge",
                one.Votes
            );
            check.That(
                string.IsNullOrWhiteSpace(one.Judge) || ModelReference.IsServed(one.Judge) || Path.Exists(one.Judge),
                $"{key}.judge",
                "must name a checkpoint, a run directory or a served model as http://host:port/v1#name; there is no "
                    + "such checkpoint",
                one.Judge
            );
            if (!known || one.Name == Nano)
            {
                continue;
            }

            check.That(
                one.Shots is null || s_withShots.Contains(one.Name),
                $"{key}.shots",
                $"can only be given for {string.Join(", ", s_withShots)}",
                one.Shots
            );
            check.That(
                one.MaxTokens is null || s_withMaxTokens.Contains(one.Name),
                $"{key}.max_tokens",
                $"can only be given for {string.Join(", ", s_withMaxTokens)}",
                one.MaxTokens
            );
            check.That(
                one.Samples == 1 || s_withSamples.Contains(one.Name),
                $"{key}.samples",
                $"can only be given for {string.Join(", ", s_withSamples)}",
                one.Samples
            );
            check.That(
                !one.Execute || one.Name == "humaneval",
                $"{key}.execute",
                "can only be given for humaneval",
                one.Execute
            );
            check.That(
                one.Execute || one.Name != "humaneval",
                $"{key}.execute",
                "must be true for humaneval: it runs the programs that the model wrote, in a process of their own with "
                    + "limits and without network, and does so only with your consent",
                one.Execute
            );
            if (one.Name == HeldOutPrompts.Name)
            {
                check.That(one.Data is null, $"{key}.data", $"can not be given for {one.Name}", one.Data);
                check.That(
                    recipe.Prompts is { HeldOut: > 0 },
                    $"{key}.name",
                    "measures the prompts that prompts.held_out keeps apart, and this recipe keeps none; name files of "
                        + "prompts and how many are held out",
                    one.Name
                );
                continue;
            }

            check.Usable(
                key,
                () =>
                {
                    IBenchmark benchmark = Open(one, recipe, check: true);
                    check.That(
                        !benchmark.NeedsJudge || one.Judge is not null,
                        $"{key}.judge",
                        "must name a model: the benchmark is scored with a judge's help",
                        one.Judge
                    );
                    check.That(
                        benchmark.NeedsJudge || one.Judge is null,
                        $"{key}.judge",
                        "must not be given: the benchmark needs no judge",
                        one.Judge
                    );
                }
            );
        }
    }

    private static IEnumerable<YardstickSettings> BenchmarksOf(RunRecipe recipe) =>
        recipe.Evaluation.Where(one => one.Name != Nano && one.Name != HeldOutPrompts.Name);

    private static BenchmarkYardstick Create(
        YardstickSettings one, RunRecipe recipe, string directory, TimeProvider time)
    {
        IBenchmark benchmark = Open(one, recipe);
        string? judge = one.Judge is null ? null : RunIdentities.OfModel(one.Judge, recipe.Servers);
        return new BenchmarkYardstick(benchmark.Facts.Name, () => benchmark, one.Judge, judge, directory, time);
    }

    private static IBenchmark Open(YardstickSettings one, RunRecipe recipe, bool check = false) =>
        Benchmarks
            .Open(
                one.Name,
                new DataFolder(one.Data ?? recipe.BenchmarkData),
                new BenchmarkOptions
                {
                    Limit = one.Limit,
                    Shots = one.Shots,
                    MaxTokens = one.MaxTokens,
                    Samples = one.Samples,
                    ProgramRunner =
                        one.Execute && !check ? ProgramRunner.CreateAsync().GetAwaiter().GetResult() : null,
                }
            )
            .Benchmark;
}
