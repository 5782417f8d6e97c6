using System.Text.Json;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary><c>spar experiment synthetic</c> with the shipped nano model, as small as it can be.</summary>
public sealed class SyntheticExperimentTests : IDisposable
{
    private static readonly string s_nano = Path.Combine(SharedData.ProjectRoot, "models", "nano");
    private readonly string _work = Directory.CreateTempSubdirectory("spar-synthetic").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private string File(string more)
    {
        string path = Path.Combine(_work, "synthetic.yaml");
        System.IO.File.WriteAllText(
            path,
            $$"""
            base_model: {{s_nano}}
            fresh_letters: true
            letters: { examples: 8, sft: { learning_rate: 1e-4 }, pairs: 12, dpo: { learning_rate: 1e-4, batch_size: 4 }, measure_every: 2, held_out: 5 }
            {{more}}
            """
        );
        return path;
    }

    [Fact]
    public async Task Both_tasks_are_measured_at_every_interval_and_printed_again_without_running()
    {
        string file = File(
            "stories: { examples: 8, sft: { learning_rate: 1e-4 }, pairs: 8, dpo: { learning_rate: 1e-4, batch_size: 4 }, measure_every: 1, held_out: 5 }"
        );
        string output = Path.Combine(_work, "out");
        string[] command = ["experiment", "synthetic", file, "--seeds", "3,4", "--output", output, "--json"];
        (int code, string json, string messages) = await CliRunner.RunAsync("", command);
        Assert.True(code == 0, messages);
        JsonElement report = JsonDocument.Parse(json).RootElement;
        Assert.Equal(["0", "2", "3"], Steps(report.GetProperty("tables")[0]));
        Assert.Equal(["0", "1", "2"], Steps(report.GetProperty("tables")[1]));
        Assert.Equal(3, report.GetProperty("charts").GetArrayLength());
        Assert.Contains(
            "<svg",
            System.IO.File.ReadAllText(Path.Combine(output, "index.html")),
            StringComparison.Ordinal
        );
        Assert.False(Directory.Exists(Path.Combine(output, "letters", "seed-3", "checkpoints", "refined")));

        (code, string again, messages) = await CliRunner.RunAsync("", command);
        Assert.Equal(0, code);
        Assert.Equal(json, again);
        Assert.Empty(messages.Trim());

        static IEnumerable<string?> Steps(JsonElement table) =>
            table.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("name").GetString());
    }

    [Fact]
    public async Task Faults_are_named_with_their_place()
    {
        await CliRunner.FailsAsync(
            ["experiment", "synthetic", File("storys: {}"), "-o", _work],
            "synthetic.yaml:",
            "storys",
            "stories"
        );
        await CliRunner.FailsAsync(
            ["experiment", "synthetic", File("stories: { held_out: 100000 }"), "-o", _work],
            "stories.held_out"
        );
    }
}
