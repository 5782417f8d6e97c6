using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>Whole runs whose models are trained outside of this process, by the stand-in for the real programs.</summary>
public sealed class TrainerRunTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-trainer").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private string At(params string[] parts) => Path.Combine([_work, .. parts]);

    private string Recipe(string kind)
    {
        File.WriteAllText(
            At("recipe.yaml"),
            SmallRecipe.Text + $$"""
            trainer:
              kind: {{kind}}
              template: llama3
              command: [{{string.Join(", ", FakeTrainers.Command)}}]
              rows_per_device: 2
              launcher: { gpus_per_node: 0, poll_seconds: 0.05, setup: ["export SPAR_FAKE_PLAN={{At("plan")}}"] }
            """
        );
        return At("recipe.yaml");
    }

    [Theory]
    [InlineData("llamafactory", "LLaMA-Factory")]
    [InlineData("trl", "TRL")]
    public async Task A_run_goes_on_with_what_another_trainer_made(string kind, string name)
    {
        // The first try fails as on a GPU that is too small; the same command, with other settings, goes on.
        File.WriteAllText(At("plan"), "oom\n");
        string[] command = ["run", Recipe(kind), "--output", At("run")];
        await CliRunner.FailsAsync(command, $"{name} ran out of memory while it trained actor-0", "rows_per_device lower");
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "", [.. command, "--set", "trainer.rows_per_device=1"]);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("iteration-1", output, StringComparison.Ordinal);
        Assert.Contains("actor-0 is this machine's job", messages, StringComparison.Ordinal);
        string card = File.ReadAllText(At("run", "checkpoints", "refiner-1", "README.md"));
        Assert.Contains($"- trained by {name} (this machine, 1 device)", card, StringComparison.Ordinal);
        Assert.Contains("loss of the first step", card, StringComparison.Ordinal);
        Assert.Contains("actor-0 step 1 of 2: loss", File.ReadAllText(At("run", "run.log")), StringComparison.Ordinal);
        await CliRunner.FailsAsync([.. command, "--set", "trainer.kind=embedded"], "belongs to another recipe", "trainer.kind");
        (code, _, _) = await CliRunner.RunAsync("", "report", At("run"), "--output", At("report.html"));
        Assert.Equal(ExitCode.Success, code);
    }
}
