using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>Runs that start the shards of their play by themselves, as processes of this machine.</summary>
public sealed class ShardedRunTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-shards").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private string At(params string[] parts) => Path.Combine([_work, .. parts]);

    private string Recipe()
    {
        File.WriteAllText(At("recipe.yaml"), SmallRecipe.Text);
        return At("recipe.yaml");
    }

    // What plays a shard: a line of the shell, then the program that is tested.
    private string[] Play(string before)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Spar.Cli.dll");
        File.WriteAllText(At("play.sh"), $"{before}\nexec dotnet {program} \"$@\"\n");
        return ["--set", $"play={{shards: 2, threads: 1, command: [bash, {At("play.sh")}], launcher: {{poll_seconds: 0.05}}}}"];
    }

    [Fact]
    public async Task A_shard_that_is_killed_is_played_again_alone_and_nothing_of_it_shows()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "jobs of this machine need setsid");
        string[] command = ["run", Recipe(), "--output"];
        (int code, _, string messages) = await CliRunner.RunAsync("", [.. command, At("one")]);
        Assert.True(code == ExitCode.Success, messages);
        (code, _, messages) = await CliRunner.RunAsync(
            "", [.. command, At("cut"), .. Play($"if [ $TASK = 2 ] && mkdir {At("lost")}; then kill -9 $$; fi")]);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("play-1: shard 2: a signal ended it (exit status 137); submitted again alone", messages, StringComparison.Ordinal);
        Assert.Contains("array", messages, StringComparison.Ordinal);
        foreach (string run in new[] { "one", "cut" })
        {
            (code, _, messages) = await CliRunner.RunAsync(
                "", "export", At(run), "--format", "llama-factory", "--output", At(run + ".export"));
            Assert.True(code == ExitCode.Success, messages);
        }

        (code, string listed, _) = await CliRunner.RunAsync("", "runs", "list", _work, "--json");
        Assert.True(code == ExitCode.Success && listed.Contains("cut", StringComparison.Ordinal), listed);
        Assert.DoesNotContain("of-2", listed, StringComparison.Ordinal);
        string[] files = [.. Directory.GetFiles(At("one.export"), "*", SearchOption.AllDirectories)];
        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.Equal(
            File.ReadAllBytes(file), File.ReadAllBytes(file.Replace("one.export", "cut.export", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_shard_that_fails_by_itself_is_not_started_again()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "jobs of this machine need setsid");
        await CliRunner.FailsAsync(
            ["run", Recipe(), "--output", At("run"), .. Play("echo no module spar; exit 1")],
            "Shard 1 of play-1 failed at this machine, with exit status 1: no module spar",
            Path.Combine("shards", "play-1.array", "task-1.log"));
    }

    [Theory]
    [InlineData("play={shards: 4, launcher: {kind: slurm, nodes: 2}}", "play.launcher.nodes must be 1")]
    [InlineData("method=self", "play.shards must be 1 but for method spar")]
    public async Task What_cannot_be_cut_is_named(string setting, string words) => await CliRunner.FailsAsync(
        ["run", Recipe(), "--output", At("run"), "--set", "play.shards=2", "--set", setting], words);
}
