using System.Text.Json;
using Microsoft.Data.Sqlite;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>Run directories that are read-only, damaged, foreign or no directories at all.</summary>
public sealed class RunDirectoryTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-runs").FullName;

    public void Dispose()
    {
        foreach (string folder in Directory.GetDirectories(_work))
        {
            Allow(folder, writing: true);
        }

        Directory.Delete(_work, recursive: true);
    }

    private string At(string name) => Path.Combine(_work, name);

    private string Recipe()
    {
        string path = At("recipe.yaml");
        File.WriteAllText(path, SmallRecipe.Text);
        return path;
    }

    private async Task<string> RunAsync()
    {
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", Recipe(), "--output", At("run"));
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains($"{At("run")}: a new run", messages, StringComparison.Ordinal);
        return At("run");
    }

    private static void Allow(string folder, bool writing)
    {
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserExecute | (writing ? UnixFileMode.UserWrite : 0);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, mode);
            foreach (string file in Directory.GetFiles(folder))
            {
                File.SetUnixFileMode(file, mode);
            }
        }
    }

    [Fact, Trait("Needs", "OrdinaryUser")]
    public async Task A_run_that_has_ended_can_be_read_where_nothing_may_be_written()
    {
        Assert.SkipWhen(
            OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess,
            "permissions do not bind this user"
        );
        string run = await RunAsync();
        Allow(run, writing: false);
        (int code, _, string messages) = await CliRunner.RunAsync("", "report", run, "--output", At("page.html"));
        Assert.True(code == ExitCode.Success, messages);
        (code, _, messages) = await CliRunner.RunAsync("", "export", run, "--output", At("exported"));
        Assert.True(code == ExitCode.Success, messages);
        (code, string output, messages) = await CliRunner.RunAsync("", "run", Recipe(), "--output", run, "--json");
        Assert.True(code == ExitCode.Success, messages);
        Assert.Equal(File.ReadAllText(Path.Combine(run, "results.json")), output);
        await CliRunner.FailsAsync(["report", run], "report.html", "--output");
    }

    [Fact]
    public async Task Runs_are_listed_with_what_they_wait_for()
    {
        string run = await RunAsync();
        (int code, string output, string messages) = await CliRunner.RunAsync("", "runs", _work);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("ended", output, StringComparison.Ordinal);
        Assert.DoesNotContain("waits for", output, StringComparison.Ordinal);

        // The last row is gone, as if the run had been killed at it.
        using (SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")}"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "DELETE FROM products WHERE stage = 'evaluation-iteration-1'";
            Assert.Equal(1, command.ExecuteNonQuery());
        }

        (code, output, messages) = await CliRunner.RunAsync("", "runs", _work);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("interrupted", output, StringComparison.Ordinal);
        Assert.Contains("run waits for evaluation-iteration-1", output, StringComparison.Ordinal);
        Assert.Contains($"Go on: spar run {At("recipe.yaml")} --output {run}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dpo.beta=0.3", "play-1", "actor-1", 0)]
    [InlineData("votes=2", "refiner-0", "play-1", 1)]
    [InlineData("method=self", "refiner-0", "data-1", 0)]
    [InlineData("actor_sft.learning_rate=2e-4", "actor-sft-data", "actor-0", 0)]
    [InlineData("nano.held_out_prompts=3", "refiner-1", "evaluation-base", 1)]
    public async Task A_changed_recipe_is_refused_with_what_changed_and_a_fork_comes_to_what_a_new_run_does(
        string change, string taken, string anew, int saved)
    {
        string run = await RunAsync();
        string key = change.Split('=')[0];
        await CliRunner.FailsAsync(
            ["run", Recipe(), "--output", run, "--set", change], "belongs to another recipe", $"\n  {key} was ", "--fork");
        string[] fork = ["run", Recipe(), "--output", run, "--fork", At("fork"), "--set", change, "--json"];
        (int code, string output, string messages) = await CliRunner.RunAsync("", fork);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains($"Begins from {run}, in which {key} was ", messages, StringComparison.Ordinal);
        string stages = messages.Split("Takes over")[1].Split(')')[0];
        Assert.Contains(taken, stages, StringComparison.Ordinal);
        Assert.DoesNotContain(anew, stages, StringComparison.Ordinal);
        (_, string fresh, _) = await CliRunner.RunAsync(
            "", "run", Recipe(), "--output", At("fresh"), "--set", change, "--json");
        using JsonDocument forked = JsonDocument.Parse(output);
        using JsonDocument whole = JsonDocument.Parse(fresh);
        Assert.True(JsonElement.DeepEquals(
            whole.RootElement.GetProperty("rows"), forked.RootElement.GetProperty("rows")));
        bool calibrated = whole.RootElement.TryGetProperty("calibration", out JsonElement calibration);
        Assert.Equal(calibrated, key != "method");
        Assert.Equal(calibrated, forked.RootElement.TryGetProperty("calibration", out JsonElement forkedCalibration));
        Assert.True(!calibrated || JsonElement.DeepEquals(calibration, forkedCalibration));

        string weights = Path.Combine("checkpoints", "actor-1", "model.safetensors");
        string refers = File.Exists(Path.Combine(At("fork"), weights)) ? At("fork") : run;
        Assert.Equal(File.ReadAllBytes(Path.Combine(At("fresh"), weights)), File.ReadAllBytes(Path.Combine(refers, weights)));
        (code, _, messages) = await CliRunner.RunAsync("", "runs", "verify", At("fork"));
        Assert.True(code == ExitCode.Success, messages);

        // Of what is made anew, the answers that the same models would give to the same words are there already. Under
        // method self another model answers, which has learnt the refiner's lessons too, so that none of them are.
        long asked = Calls(At("fork"), anew);
        long all = Calls(At("fresh"), anew);
        Assert.True(saved == 0 ? asked == all : asked < all, $"{asked} of {all} calls");
        (code, output, _) = await CliRunner.RunAsync("", fork);
        Assert.Equal(ExitCode.Success, code);
    }

    // Answered calls that were made in a stage.
    private static long Calls(string run, string stage)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT calls FROM stage_log WHERE stage = '{stage}'";
        return (long)command.ExecuteScalar()!;
    }

    [Fact]
    public async Task Runs_are_shown_checked_and_pruned()
    {
        string run = await RunAsync();
        (_, string output, _) = await CliRunner.RunAsync("", "runs", "list", _work, "--json");
        JsonElement listed = Assert.Single(JsonDocument.Parse(output).RootElement.EnumerateArray());
        Assert.Equal(("ended", "iteration-1"), (listed.GetProperty("state").GetString(), listed.GetProperty("lastRow").GetString()));

        (_, output, _) = await CliRunner.RunAsync("", "runs", "show", run, "--json");
        JsonElement shown = JsonDocument.Parse(output).RootElement;
        JsonElement trained = shown.GetProperty("stages").EnumerateArray()
            .Single(stage => stage.GetProperty("stage").GetString() == "actor-1");
        Assert.Equal("checkpoints/actor-1", trained.GetProperty("checkpoint").GetString());
        Assert.True(shown.GetProperty("bytes").GetProperty("checkpoints").GetInt64() > 1_000_000);
        (_, output, _) = await CliRunner.RunAsync("", "runs", "show", run, "--recipe");
        Assert.Contains("play-1", output, StringComparison.Ordinal);
        Assert.Contains("  dpo.learning_rate: ", output, StringComparison.Ordinal);

        (int code, output, string messages) = await CliRunner.RunAsync("", "runs", "verify", run);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("all is well", output, StringComparison.Ordinal);

        (_, output, _) = await CliRunner.RunAsync("", "runs", "prune", run);
        Assert.Contains("checkpoints/actor-0", output, StringComparison.Ordinal);
        Assert.Contains("Nothing was removed", output, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Path.Combine(run, "checkpoints", "actor-0")));
        (_, output, _) = await CliRunner.RunAsync("", "runs", "prune", run, "--yes");
        Assert.Contains("are free again", output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(run, "checkpoints", "actor-0")));
        (code, output, messages) = await CliRunner.RunAsync("", "runs", "verify", run);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("actor-0, refiner-0 removed to free space", output, StringComparison.Ordinal);
        (_, output, _) = await CliRunner.RunAsync("", "runs", "prune", run, "--yes");
        Assert.Contains("nothing", output, StringComparison.Ordinal);
        (code, _, messages) = await CliRunner.RunAsync("", "report", run, "--output", At("page.html"));
        Assert.True(code == ExitCode.Success, messages);

        File.AppendAllText(Path.Combine(run, "checkpoints", "actor-1", "model.safetensors"), "x");
        await CliRunner.FailsAsync(["runs", "verify", run], "actor-1: its checkpoint", "was changed", "Restore it");
    }

    [Fact]
    public async Task A_damaged_store_is_said_to_be_damaged()
    {
        string run = await RunAsync();
        byte[] good = File.ReadAllBytes(Path.Combine(run, "run.db"));
        string damaged = Directory.CreateDirectory(At("damaged")).FullName;
        Random random = new(1);
        int faults = 0;
        for (int i = 0; i < 100; i++)
        {
            byte[] bytes = [.. good];
            for (int j = 0; j < 1 << random.Next(11); j++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(Path.Combine(damaged, "run.db"), bytes);
            foreach (
                string[] words in new string[][]
                {
                    ["report", damaged],
                    ["report", damaged, "--json"],
                    ["export", damaged, "--output", At("x")],
                    ["runs", "verify", damaged],
                    ["runs", "show", damaged],
                }
            )
            {
                (int code, _, string messages) = await CliRunner.RunAsync("", words);
                Assert.True(
                    code is ExitCode.Success or ExitCode.Fault,
                    $"{words[0]} {i}: exit code {code}: {messages}"
                );
                Assert.DoesNotContain("   at ", messages, StringComparison.Ordinal);
                Assert.DoesNotContain("is safe", messages, StringComparison.Ordinal);
                faults += code;
            }
        }

        Assert.InRange(faults, 30, 300);
    }

    [Fact]
    public async Task What_is_no_run_is_said_to_be_none_and_is_left_as_it_was()
    {
        string empty = Directory.CreateDirectory(At("empty")).FullName;
        await CliRunner.FailsAsync(["report", empty], empty, "holds no run.db");
        File.WriteAllBytes(Path.Combine(empty, "run.db"), []);
        await CliRunner.FailsAsync(["report", empty], empty, "run.db is empty");
        await CliRunner.FailsAsync(["report", At("none")], At("none"), "no such directory");
        string file = At("file");
        File.WriteAllText(file, "x");
        await CliRunner.FailsAsync(["report", file], file, "is a file");
        await CliRunner.FailsAsync(["run", Recipe(), "--output", file], file, "is a file");
        await CliRunner.FailsAsync(
            ["run", Recipe(), "--output", Path.Combine(file, "sub")],
            "a part of its path is a file"
        );
        Assert.Equal("x", File.ReadAllText(file));

        string foreign = Directory.CreateDirectory(At("foreign")).FullName;
        string database = Path.Combine(foreign, "run.db");
        using (SqliteConnection connection = new($"Data Source={database};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "CREATE TABLE theirs (a)";
            command.ExecuteNonQuery();
        }

        byte[] before = File.ReadAllBytes(database);
        await CliRunner.FailsAsync(["run", Recipe(), "--output", foreign], foreign, "another program");
        await CliRunner.FailsAsync(["report", foreign], foreign, "no run's store");
        Assert.Equal(before, File.ReadAllBytes(database));
    }
}
