using Spar.Evaluation.Catalog;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Prompts;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;
using Xunit;

namespace Spar.Runtime.Tests.Composition;

public sealed class YardstickTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-yardstick").FullName;

    private string Prompts => Path.Combine(_folder, "prompts.jsonl");

    private string Run => Path.Combine(_folder, "run");

    public YardstickTests() =>
        File.WriteAllLines(
            Prompts,
            Enumerable
                .Range(1, 4)
                .Select(i =>
                    $$"""
                    {"key": {{i}}, "prompt": "write a line about the cat, no comma, {{i}}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
                    """
                )
        );

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_run_measures_a_benchmark_with_the_figures_of_spar_eval()
    {
        RunResults results = await RunAsync(Recipe("[{ name: ifeval, limit: 3, max_tokens: 12 }]"));

        (IBenchmark benchmark, _) = Benchmarks.Open(
            "ifeval",
            new DataFolder(Prompts),
            new BenchmarkOptions { Limit = 3, MaxTokens = 12 }
        );
        using Microsoft.Extensions.AI.IChatClient client = await ModelHosts
            .Create(1, 8)
            .OpenAsync(Nano, TestContext.Current.CancellationToken);
        EvaluationScore alone = await EvaluationRun.RunAsync(
            benchmark,
            new EvaluationModel("nano", client),
            null,
            Path.Combine(_folder, "alone"),
            new EvaluationRunOptions { Seed = 1 },
            cancellationToken: TestContext.Current.CancellationToken
        );

        Assert.Equal(["base", "sft"], results.Rows.Select(row => row.Name.ToString()));
        Assert.All(
            results.Rows,
            row =>
            {
                YardstickResult found = Assert.Single(row.Yardsticks!);
                Assert.Equal((3, "ifeval"), (found.Items, found.Name));
                Assert.Equal(
                    alone.Metrics.Where(one => one.Task == "ifeval").Select(one => (one.Name, one.Value)),
                    found.Figures.Select(one => (one.Name, one.Value))
                );
                Assert.Null(row.HeldOutPrompt);
            }
        );
        Assert.Equal(
            File.ReadAllText(Path.Combine(_folder, "alone", ResultsWriter.SamplesFile)),
            File.ReadAllText(Path.Combine(Run, "evaluation", "base", "ifeval", ResultsWriter.SamplesFile))
        );
        Assert.Equal(3, results.ModelCalls);
    }

    [Fact]
    public async Task A_yardstick_that_is_added_to_a_finished_run_is_measured_and_nothing_else()
    {
        RunResults before = await RunAsync(Recipe("[{ name: ifeval, limit: 2, max_tokens: 8 }]"));
        RunResults after = await RunAsync(
            Recipe("[{ name: ifeval, limit: 2, max_tokens: 8 }, { name: ifbench, max_tokens: 8 }]")
        );
        RunResults changed = await RunAsync(Recipe("[{ name: ifeval, limit: 4, max_tokens: 8 }]"));

        Assert.Equal(2, before.ModelCalls);
        Assert.Equal(6, after.ModelCalls);
        Assert.Equal(["ifbench", "ifeval"], after.Rows[0].Yardsticks!.Select(one => one.Name));
        Assert.Equal(before.Rows[0].Yardsticks![0].Figures, after.Rows[0].Yardsticks![1].Figures);
        Assert.Equal(4, changed.Rows[0].Yardsticks!.Single(one => one.Name == "ifeval").Items);
    }

    [Theory]
    [InlineData("[{ name: ifevil }]", "evaluation.0.name must be one of")]
    [InlineData("[{ name: humaneval }]", "only with your consent")]
    [InlineData("[{ name: ifeval, shots: 3 }]", "evaluation.0.shots can only be given for")]
    [InlineData("[{ name: ifeval }, { name: ifeval }]", "evaluation.1.name must stand in the list once")]
    [InlineData("[{ name: gsm8k, data: nowhere }]", "was not found")]
    public void What_cannot_be_measured_is_refused_before_the_run(string evaluation, string why)
    {
        SparException fault = Assert.Throws<SparException>(() => Recipe(evaluation));

        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_benchmarks_ask_can_be_kept_apart_from_a_runs_prompts()
    {
        IEnumerable<MeasuredPrompt> prompts = Yardsticks.Prompts(
            Recipe("[{ name: nano }, { name: ifeval, limit: 2 }]")
        );

        Assert.Equal(
            [
                new MeasuredPrompt("ifeval, 1", "write a line about the cat, no comma, 1"),
                new MeasuredPrompt("ifeval, 2", "write a line about the cat, no comma, 2"),
            ],
            prompts
        );
    }

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private RunRecipe Recipe(string evaluation) =>
        RunComposer.Read(
            RecipeDocument.Parse(
                $$"""
                seed: 1
                base_model: {{Nano}}
                prompt_set: compact
                iterations: 0
                respond: { max_tokens: 64 }
                judge: { max_tokens: 200 }
                actor_sft: { epochs: 0 }
                refiner_sft: { epochs: 0 }
                benchmark_data: {{Prompts}}
                evaluation: {{evaluation}}
                """,
                "recipe"
            )
        );

    private async Task<RunResults> RunAsync(RunRecipe recipe)
    {
        using RunStore store = RunStore.Open(Run, RunIdentities.Of(recipe));
        return await RunComposer
            .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
    }
}
