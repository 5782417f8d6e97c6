using Spar.Runtime.Composition;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

public sealed class RecipeCommandTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-recipes").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private string Write(string yaml)
    {
        string path = Path.Combine(_work, "r.yaml");
        File.WriteAllText(
            path,
            $"base_model: {Path.Combine(SharedData.ProjectRoot, "models", "nano")}\nprompt_set: compact\n{yaml}"
                + "respond: { max_tokens: 64 }\njudge: { max_tokens: 200 }\n");
        return path;
    }

    [Fact]
    public async Task Check_names_every_fault_with_its_place()
    {
        (int code, string output, _) = await CliRunner.RunAsync("", "recipe", "check", Write("votes: 3\n"));
        Assert.Equal(0, code);
        Assert.Contains("can be run", output, StringComparison.Ordinal);
        string path = Write("votes: 0\nsearch:\n  max_depth: 0\n  gate: 2\nsft_prompts: 0\nnano: { stories: 3 }\n"
            + "judging:\n  verifiers: [lenth]\n  judges: [no/judge/here]\n");
        await CliRunner.FailsAsync(
            ["recipe", "check", path],
            $"{path}:3:1: votes must be at least 1 (it is 0).",
            $"{path}:5:3: search.max_depth must be at least 1 (it is 0).",
            $"{path}:6:3: search.gate must be between 0 and 1 (it is 2).",
            $"{path}:7:1: sft_prompts must be above 0 unless actor_sft.epochs is 0 (it is 0).",
            $"{path}:8:9: nano.stories must be between 0 and 1 (it is 3).",
            $"{path}:10:3: judging.verifiers cannot be used: The nano world has no constraint 'lenth'.",
            $"{path}:11:3: judging.judges must name checkpoints");
        await CliRunner.FailsAsync(["run", path], $"{path}:3:1: votes");
        await CliRunner.FailsAsync(
            ["run", Write("votes: 3\n"), "--set", "votes=0", "--set", "dpo.beta=-1"],
            "--set votes=0: votes must be at least 1 (it is 0).",
            "--set dpo.beta=-1: dpo.beta must be above 0 (it is -1).");
        await CliRunner.FailsAsync(
            ["recipe", "check", Write("serch: {}\nvots: 3\n")],
            ":3:1: unknown key 'serch'. Did you mean 'search'?",
            ":4:1: unknown key 'vots'");
    }

    [Fact]
    public async Task A_template_without_its_placeholder_is_refused()
    {
        string prompts = Directory.CreateDirectory(Path.Combine(_work, "prompts")).FullName;
        File.WriteAllText(Path.Combine(prompts, "judge.txt"), "judge {instruction}");
        File.WriteAllText(Path.Combine(prompts, "refine.txt"), "refine {instruction} {response} {critique}");
        File.WriteAllText(
            Path.Combine(prompts, "format.json"), """{ "verdict": "judgement:", "responseStart": "refined:" }""");
        string path = Path.Combine(_work, "p.yaml");
        string model = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        File.WriteAllText(path, $"base_model: {model}\n# wording\nprompt_set: {prompts}\n");
        await CliRunner.FailsAsync(["recipe", "check", path], $"{path}:3:1: prompt_set", "judge.txt", "{response}");
    }

    [Fact]
    public async Task Show_prints_the_recipe_and_schema_the_schema()
    {
        string path = Write("votes: 3 # three\n");
        Assert.Contains(
            "# three", (await CliRunner.RunAsync("", "recipe", "show", path)).Output, StringComparison.Ordinal);
        string resolved = (await CliRunner.RunAsync("", "recipe", "show", path, "--resolved")).Output;
        Assert.Contains(
            "votes: 5\n", (await CliRunner.RunAsync("", "recipe", "show", path, "--set", "votes=5")).Output,
            StringComparison.Ordinal);
        Assert.Contains("votes: 3\njudging:\n  valuation: votes\n", resolved, StringComparison.Ordinal);
        Assert.Equal(
            RecipeKind.Pretrain.Schema(),
            (await CliRunner.RunAsync("", "recipe", "schema", "--kind", "pretrain")).Output);
        Assert.Contains(
            "| `search.branch` | 3 | at least 1 |",
            (await CliRunner.RunAsync("", "recipe", "schema", "--markdown")).Output, StringComparison.Ordinal);
    }
}
