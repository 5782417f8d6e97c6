using System.Text.Json;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary><c>spar experiment</c> with the shipped nano model, as small as it can be.</summary>
public sealed class ExperimentTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-experiment").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private string File(string variants)
    {
        string path = Path.Combine(_work, "experiment.yaml");
        System.IO.File.WriteAllText(
            path,
            $$"""
            recipe:
              base_model: {{Path.Combine(SharedData.ProjectRoot, "models", "nano")}}
              prompt_set: compact
              sft_prompts: 16
              refiner_prompts: 8
              prompts_per_iteration: 8
              iterations: 1
              responses: 3
              votes: 3
              respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
              judge: { temperature: 0.7, top_p: 1, max_tokens: 200 }
              refine: { temperature: 0.7, top_p: 1, max_tokens: 100 }
              search: { branch: 2, select_branch: 1, max_depth: 2 }
              actor_sft: { learning_rate: 1e-4, epochs: 1 }
              refiner_sft: { learning_rate: 2e-5, epochs: 1 }
              backward_sft: { learning_rate: 1e-3, epochs: 1 }
              iteration_sft: { learning_rate: 1e-4, epochs: 1 }
              dpo: { learning_rate: 1e-4 }
              rft: { learning_rate: 2e-5, epochs: 1 }
              nano: { held_out_prompts: 10, held_out_repairs: 2, held_out_searched: 0, held_out_judged: 4 }
            {{variants}}
            """
        );
        return path;
    }

    [Fact]
    public async Task Baselines_run_every_method_from_one_start_and_are_printed_again_without_running()
    {
        string file = File(
            """
            variants:
              SPaR: { method: spar }
              AutoIF: { method: autoif }
              SELF: { method: self }
              Humpback: { method: humpback }
              Self-Rewarding: { method: self_rewarding, dpo: { learning_rate: 2e-4 } }
              Meta-Rewarding: { method: meta_rewarding }
            """
        );
        string output = Path.Combine(_work, "out");
        string[] command = ["experiment", "baselines", file, "--seeds", "3,4", "--output", output];
        (int code, string json, string messages) = await CliRunner.RunAsync("", [.. command, "--json"]);
        Assert.True(code == 0, messages);
        JsonElement report = JsonDocument.Parse(json).RootElement;
        JsonElement figure = report.GetProperty("tables")[0];
        Assert.Equal(
            ["SPaR", "AutoIF", "SELF", "Humpback", "Self-Rewarding", "Meta-Rewarding"],
            figure.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("name").GetString())
        );
        foreach (JsonElement row in figure.GetProperty("rows").EnumerateArray())
        {
            // Start and one iteration, each with two seeds; the start is the same for all.
            Assert.Equal(2, row.GetProperty("cells").GetArrayLength());
            Assert.Equal(
                figure.GetProperty("rows")[0].GetProperty("cells")[0].GetRawText(),
                row.GetProperty("cells")[0].GetRawText()
            );
            Assert.All(
                row.GetProperty("cells").EnumerateArray(),
                cell => Assert.Equal(2, cell.GetProperty("values").GetArrayLength())
            );
        }

        Assert.Equal(json, System.IO.File.ReadAllText(Path.Combine(output, "results.json")));
        Assert.Contains(
            "| Self-Rewarding |",
            System.IO.File.ReadAllText(Path.Combine(output, "results.md")),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "<svg",
            System.IO.File.ReadAllText(Path.Combine(output, "index.html")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(output, "SELF", "seed-3", "checkpoints", "actor-0")));

        (code, string again, messages) = await CliRunner.RunAsync("", [.. command, "--json"]);
        Assert.Equal(0, code);
        Assert.Equal(json, again);
        Assert.Empty(messages.Trim());
        (code, string shown, _) = await CliRunner.RunAsync("", command);
        Assert.Equal(0, code);
        Assert.Contains("Meta-Rewarding", shown, StringComparison.Ordinal);
        Assert.Contains("±", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_variant_may_not_change_the_start()
    {
        await CliRunner.FailsAsync(
            ["experiment", "ablations", File("variants: { a: {}, b: { sft_prompts: 9 } }"), "-o", _work],
            "variants.b",
            "sft_prompts"
        );
    }

    [Fact]
    public async Task Faults_are_named_with_their_place()
    {
        await CliRunner.FailsAsync(
            ["experiment", "ablations", File("variants: { a: { itrations: 2 } }"), "-o", _work],
            "experiment.yaml:",
            "iterations"
        );
        await CliRunner.FailsAsync(
            ["experiment", "ablations", File("varants: {}"), "-o", _work],
            "experiment.yaml:",
            "varants",
            "variants"
        );
        await CliRunner.FailsAsync(
            ["experiment", "ablations", File("variants: { start: {} }"), "-o", _work],
            "experiment.yaml:",
            "'start'"
        );
        await CliRunner.FailsAsync(
            ["experiment", "ablations", File("variants: { ../x: {} }"), "-o", _work],
            "experiment.yaml:",
            "'../x'"
        );
        await CliRunner.FailsAsync(
            ["experiment", "ablations", Path.Combine(_work, "none.yaml")],
            "none.yaml",
            "no such file"
        );
    }
}
