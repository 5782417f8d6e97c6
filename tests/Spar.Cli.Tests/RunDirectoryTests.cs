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
        File.WriteAllText(
            path,
            $$"""
            base_model: {{Path.Combine(SharedData.ProjectRoot, "models", "nano")}}
            prompt_set: compact
            sft_prompts: 8
            refiner_prompts: 8
            prompts_per_iteration: 6
            iterations: 1
            responses: 1
            votes: 1
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
            judge: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            refine: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            actor_sft: { learning_rate: 1e-4, epochs: 1 }
            refiner_sft: { learning_rate: 2e-5, epochs: 1 }
            dpo: { learning_rate: 1e-4 }
            rft: { learning_rate: 2e-5, epochs: 1 }
            nano: { held_out_prompts: 4, held_out_repairs: 2 }
            """
        );
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
