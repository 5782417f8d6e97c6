using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Ground;
using Spar.Runs;
using Spar.Runtime.Composition;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>The prompts that a recipe holds out, as a yardstick of its run.</summary>
public sealed class HeldOutTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-held-out").FullName;

    private string Run => Path.Combine(_folder, "run");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Held_out_prompts_are_measured_by_their_own_constraints_as_spar_eval_does_it()
    {
        RunResults results = await RunAsync("[{ name: held_out, max_tokens: 12 }]");

        string held = Path.Combine(Run, "evaluation", "held_out.jsonl");
        PromptsBenchmark benchmark = new(held, OwnPrompts.Read(held), maxTokens: 12);
        using Microsoft.Extensions.AI.IChatClient client = await ModelHosts
            .Create(1, 8)
            .OpenAsync(Nano, TestContext.Current.CancellationToken);
        EvaluationScore alone = await EvaluationRun.RunAsync(
            benchmark,
            new EvaluationModel("nano", client),
            null,
            Path.Combine(_folder, "alone"),
            new EvaluationRunOptions(),
            cancellationToken: TestContext.Current.CancellationToken
        );

        Assert.Equal(["base", "sft"], results.Rows.Select(row => row.Name.ToString()));
        Assert.All(
            results.Rows,
            row =>
            {
                YardstickResult found = Assert.Single(row.Yardsticks!);
                Assert.Equal(("held_out", 5), (found.Name, found.Items));
                Assert.Equal(["prompt_level_strict_acc", "inst_level_strict_acc"], found.Figures.Select(one => one.Name));
                Assert.Equal(
                    alone.Metrics.Take(2).Select(one => (one.Value, one.Interval?.Low, one.Interval?.High)),
                    found.Figures.Select(one => (one.Value, one.Low, one.High))
                );
            }
        );
        Assert.Equal(
            File.ReadAllText(Path.Combine(_folder, "alone", ResultsWriter.SamplesFile)),
            File.ReadAllText(Path.Combine(Run, "evaluation", "base", "held_out", ResultsWriter.SamplesFile))
        );
        Assert.Equal(5, results.ModelCalls);
    }

    [Fact]
    public async Task Held_out_prompts_share_no_text_with_those_that_are_played()
    {
        RunRecipe recipe = Recipe("[{ name: held_out, max_tokens: 12 }]", "iterations: 1\nprompts_per_iteration: 7\n");
        using RunStore store = RunStore.Open(Run, RunIdentities.Of(recipe));
        await RunComposer
            .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
        HashSet<string> held = [.. OwnPrompts.Read(Path.Combine(Run, "evaluation", "held_out.jsonl")).Select(TextOf)];
        string[] played = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(item => item.Record.Instruction)];
        Assert.Equal((5, 7), (held.Count, played.Length));
        Assert.DoesNotContain(played, held.Contains);

        static string TextOf(OwnPrompt one) => one.Prompt.Text;
    }

    [Fact]
    public async Task With_tree_search_is_a_yardstick_of_its_own_and_a_resumed_run_asks_nothing_again()
    {
        const string evaluation = "[{ name: held_out, max_tokens: 12, limit: 3, search: true }]";
        RunResults results = await RunAsync(evaluation);

        YardstickResult[] found = [.. results.Rows[0].Yardsticks!];
        Assert.Equal(["held_out", "held_out_search"], found.Select(one => one.Name));
        Assert.Equal(found[0].Figures.Select(one => one.Name), found[1].Figures.Select(one => one.Name));
        Assert.Equal((3, 3), (found[0].Items, found[1].Items));
        Assert.True(found[1].Counts["searches"] > 0);
        Assert.True(results.ModelCalls > 3, "a search judges and refines");

        RunResults again = await RunAsync(evaluation);
        Assert.Equal(results.ModelCalls, again.ModelCalls);
        Assert.Equal(found.Select(one => one.Figures[0]), again.Rows[0].Yardsticks!.Select(one => one.Figures[0]));
    }

    [Fact]
    public async Task A_judge_decides_on_prompts_without_constraints_and_its_failed_calls_are_no_verdicts()
    {
        using LoopbackServer judge = new((i, request) => i == 3
            ? new Reply(400, """{"error": {"message": "no such thing"}}""")
            : LoopbackServer.Says(request.ToJsonString().Contains("river", StringComparison.Ordinal)
                ? "Final judgement: yes" : "Final judgement: no"));
        string evaluation = $"[{{ name: held_out, max_tokens: 12, judge: '{judge.Address}#judge', votes: 3 }}]";
        string[] rows = ["Name a river.", "Name a hill.", "Name a town.", .. Constrained(2)];

        SparException fault = await Assert.ThrowsAsync<SparException>(() => RunAsync(evaluation, rows));
        Assert.Contains("1 of 9 judgments of held_out in row base are missing", fault.Message, StringComparison.Ordinal);
        Assert.Contains("no such thing", fault.Message, StringComparison.Ordinal);
        int before = judge.Requests.Count;

        YardstickResult found = Assert.Single((await RunAsync(evaluation, rows)).Rows[0].Yardsticks!);
        Assert.Equal(before + 1, judge.Requests.Count);
        Assert.Equal(5, found.Items);
        Assert.Equal(
            ["followed", "prompt_level_strict_acc", "inst_level_strict_acc", "judged_acc"],
            found.Figures.Select(one => one.Name)
        );
        Assert.Equal(1 / 3.0, found.Figures[3].Value, 9);
        Assert.Equal(3, found.Counts["prompts_judged"]);
    }

    [Theory]
    [InlineData("[{ name: held_out }]", 0, "this recipe keeps none")]
    [InlineData("[{ name: held_out, data: x }]", 5, "evaluation.0.data can not be given")]
    [InlineData("[{ name: held_out, votes: 3 }]", 5, "evaluation.0.votes can only be given for held_out with a judge")]
    [InlineData("[{ name: held_out, judge: no/such }]", 5, "evaluation.0.judge must name a checkpoint")]
    [InlineData("[{ name: nano, search: true }]", 5, "evaluation.0.search can only be given for held_out")]
    public void What_cannot_be_measured_is_refused_before_the_run(string evaluation, int heldOut, string why)
    {
        SparException fault = Assert.Throws<SparException>(() => Recipe(evaluation, heldOut: heldOut));
        Assert.Contains(why, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_that_no_rule_can_decide_are_refused_before_anything_is_asked()
    {
        SparException fault = await Assert.ThrowsAsync<SparException>(() =>
            RunAsync("[{ name: held_out }]", ["Name a river.", "Name a hill.", "Name a town.", "Sing.", "Dance."]));
        Assert.Contains("none of the 5 prompts brings constraints", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Name a judge", fault.Message, StringComparison.Ordinal);
        using RunStore store = RunStore.OpenForReading(Run);
        Assert.Equal(0, store.Totals().ModelCalls);
    }

    [Fact]
    public async Task Prompts_that_are_held_out_and_measured_by_nothing_are_warned_of()
    {
        (RunRecipe _, IReadOnlyList<string> warnings) = await Preflight.ReadAsync(
            Document("[{ name: nano }]", "", 5, Constrained(12)), Run, TestContext.Current.CancellationToken);
        Assert.Contains(warnings, one => one.Contains("5 prompts are kept apart and nothing measures them"));
    }

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private static string[] Constrained(int count) =>
        [.. Enumerable.Range(1, count).Select(i => $"write a line about the cat, no comma, and {i * i} of {i}")];

    private RunRecipe Recipe(string evaluation, string more = "", int heldOut = 5, string[]? rows = null) =>
        RunComposer.Read(Document(evaluation, more, heldOut, rows ?? Constrained(12)));

    private RecipeDocument Document(string evaluation, string more, int heldOut, string[] rows)
    {
        string prompts = Path.Combine(_folder, "prompts.jsonl");
        File.WriteAllLines(prompts, rows.Select(text => text.Contains("no comma", StringComparison.Ordinal)
            ? $$"""{"prompt": "{{text}}", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}"""
            : $$"""{"prompt": "{{text}}"}"""));
        return RecipeDocument.Parse(
            $$"""
            seed: 1
            base_model: {{Nano}}
            prompt_set: compact
            {{(more.Length == 0 ? "iterations: 0" : "")}}
            responses: 1
            votes: 1
            respond: { max_tokens: 16 }
            judge: { max_tokens: 100 }
            refine: { max_tokens: 60 }
            search: { branch: 2, max_depth: 1 }
            dpo: { epochs: 0 }
            rft: { epochs: 0 }
            prompts: { files: [{{prompts}}], held_out: {{heldOut}}, near_duplicates: 1 }
            evaluation: {{evaluation}}
            {{more}}
            """,
            "recipe"
        );
    }

    private async Task<RunResults> RunAsync(string evaluation, string[]? rows = null)
    {
        RunRecipe recipe = Recipe(evaluation, rows: rows);
        using RunStore store = RunStore.Open(Run, RunIdentities.Of(recipe));
        return await RunComposer
            .Compose(recipe, store, 1, new SilentObserver(), TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
    }
}
