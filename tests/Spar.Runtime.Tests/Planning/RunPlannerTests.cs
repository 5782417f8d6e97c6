using Spar.Runtime.Composition;
using Spar.Runtime.Planning;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Planning;

public sealed class RunPlannerTests
{
    [Fact]
    public void Stages_grow_with_the_counts_that_they_work_on()
    {
        ProbeScale scale = new(
            Read("sft_prompts: 100\nrefiner_prompts: 60\nprompts_per_iteration: 200\niterations: 2\n"
                + "quotas: { tree_yes: 20 }\nnano: { held_out_prompts: 40, held_out_repairs: 20 }\n"), 10, false);
        RunRecipe probe = scale.Probe(1);
        Assert.Equal(
            (10, 10, 10, 1, 1, 10, 5),
            (probe.Method.SftPrompts, probe.Method.RefinerPrompts, probe.Method.PromptsPerIteration,
                probe.Method.Iterations, probe.Method.Quotas.TreeYes, probe.Nano.HeldOutPrompts,
                probe.Nano.HeldOutRepairs));
        IReadOnlyList<StagePlan> plan = RunPlanner.Grow(
            scale,
            [
                new("evaluation-base", 30, 0, 300, 1), new("actor-0", 0, 0, 0, 2), new("refiner-0", 0, 0, 0, 3),
                new("play-1", 50, 10, 500, 4), new("actor-1", 0, 0, 0, 1),
            ],
            0.1, 0.2);
        Assert.Equal(
            ["evaluation-base", "actor-0", "refiner-0", "play-1", "actor-1", "play-2", "actor-2"],
            plan.Select(stage => stage.Stage));
        Assert.Equal([120, 0, 0, 1000, 0, 950, 0], plan.Select(stage => Math.Round(stage.Calls.Value, 9)));
        Assert.Equal([4, 20, 18, 80, 20, 76, 20], plan.Select(stage => Math.Round(stage.Seconds.Value, 9)));
        Assert.Equal((900, 1100), (Math.Round(plan[3].Calls.Low), Math.Round(plan[3].Calls.High)));
        RunPlan whole = new(plan, 0, 0, 10, 0);
        Assert.Equal(2070, whole.Total.Calls.Value, 6);
        Assert.Equal(
            ((200 + 190) * 1.0 + (1200 + 10_000 + 9500) * 2) / 1e6, whole.Price(1, 2).Value, 9);
    }

    [Fact]
    public void Training_once_at_the_end_learns_of_all_iterations()
    {
        ProbeScale scale = new(
            Read("prompts_per_iteration: 20\niterations: 3\niterative_training: false\n"), 10, false);
        Assert.Equal(["play-1", "play-2", "play-3"], scale.Stages("play-1"));
        Assert.Equal(["actor-3"], scale.Stages("actor-1"));
        Assert.Equal(2, scale.GrowthOf("play-1"));
        Assert.Equal(6, scale.GrowthOf("actor-1"));
    }

    [Fact]
    public async Task What_needs_no_search_is_planned_to_the_call()
    {
        // Five responses with three judgements each, and nothing measured but one greedy answer and judgement.
        RunRecipe recipe = Read(
            "prompt_set: compact\nsft_prompts: 12\nrefiner_prompts: 12\nprompts_per_iteration: 40\niterations: 2\n"
            + "votes: 3\nrefinement: none\nrespond: { max_tokens: 64 }\njudge: { max_tokens: 200 }\n"
            + "nano: { held_out_prompts: 8, held_out_searched: 0, held_out_judged: 0 }\n");
        RunComposer.Check(recipe);
        List<string> told = [];
        RunPlan plan = await RunPlanner.PlanAsync(recipe, 4, 2, TimeProvider.System, told.Add, CancellationToken.None);
        Assert.Equal(40 * 5 * 4, Calls("play-1"));
        Assert.Equal(40 * 5 * 4, Calls("play-2"));
        Assert.Equal(8, Calls("evaluation-base"));
        Assert.True(plan.Total.OutputTokens.Value > 800 && plan.DiskBytes > 8e6 && plan.MemoryBytes > 1e7);
        Assert.Contains("probe 2 of 2: play-1", told);

        double Calls(string stage) => Math.Round(plan.Stages.Single(one => one.Stage == stage).Calls.Value, 6);
    }

    private static RunRecipe Read(string more) => RecipeDocument.Parse(
        $"base_model: {Path.Combine(SharedData.ProjectRoot, "models", "nano")}\n{more}", "r.yaml").Bind<RunRecipe>();
}
