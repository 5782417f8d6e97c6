using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>
/// Runs that train in the process and play behind servers, real ones, which the recipe's command starts anew for every
/// checkpoint.
/// </summary>
public sealed class ServedCheckpointTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-served").FullName;
    private readonly Dictionary<string, int> _ports = new() { ["actor"] = FreePort.Next(), ["refiner"] = FreePort.Next() };

    public void Dispose()
    {
        foreach (string file in Directory.GetFiles(_work, "pid-*"))
        {
            try
            {
                using Process server = Process.GetProcessById(
                    int.Parse(File.ReadAllText(file), CultureInfo.InvariantCulture));
                server.Kill();
                server.WaitForExit();
            }
            catch (ArgumentException)
            {
                // It has ended.
            }
        }

        Directory.Delete(_work, recursive: true);
    }

    private string At(string name) => Path.Combine(_work, name);

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private string Recipe(string servers)
    {
        string path = At("recipe.yaml");
        File.WriteAllText(
            path,
            $$"""
            base_model: {{Nano}}
            prompt_set: compact
            sft_prompts: 16
            refiner_prompts: 8
            prompts_per_iteration: 6
            iterations: 1
            responses: 2
            votes: 1
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 48 }
            judge: { temperature: 0.7, top_p: 1, max_tokens: 160 }
            refine: { temperature: 0.7, top_p: 1, max_tokens: 160 }
            actor_sft: { learning_rate: 1e-3, epochs: 1, batch_size: 4 }
            refiner_sft: { learning_rate: 1e-4, epochs: 1 }
            dpo: { learning_rate: 1e-4 }
            rft: { learning_rate: 2e-5, epochs: 1 }
            nano: { held_out_prompts: 4, held_out_repairs: 2 }
            {{servers}}
            """);
        return path;
    }

    // The command ends the part's last server and starts one of the checkpoint. A file called stuck keeps the last one.
    private string Servers(string name, string more = "")
    {
        string script = At("serve.sh");
        File.WriteAllText(
            script,
            $$"""
            port=$1 checkpoint=$2 name=$3
            if [ -f {{At("stuck")}} ] && [ -f {{At("pid-")}}$port ]; then exit 0; fi
            if [ -f {{At("broken")}} ]; then echo "no such partition"; exit 4; fi
            if [ -f {{At("pid-")}}$port ]; then
                kill -9 "$(cat {{At("pid-")}}$port)" 2> /dev/null
                while kill -0 "$(cat {{At("pid-")}}$port)" 2> /dev/null; do sleep 0.05; done
            fi
            setsid nohup dotnet {{Path.Combine(AppContext.BaseDirectory, "Spar.Cli.dll")}} serve --model "$name=$checkpoint" --port $port --threads 1 > {{At("log-")}}$port 2>&1 < /dev/null &
            echo $! > {{At("pid-")}}$port
            echo "$name" >> {{At("names")}}
            """.ReplaceLineEndings("\n"));
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            servers:
              patience_minutes: 0.5
              endpoints:
                - { name: players, addresses: ["http://127.0.0.1:{{_ports["actor"]}}/v1"] }
                - { name: judges, addresses: ["http://127.0.0.1:{{_ports["refiner"]}}/v1"] }
              checkpoints:
                - { pool: players, role: actor, name: "{{name}}", command: "sh {{script}} {{_ports["actor"]}} {checkpoint} {name}"{{more}} }
                - { pool: judges, role: refiner, name: "{{name}}", command: "sh {{script}} {{_ports["refiner"]}} {checkpoint} {name}"{{more}} }
            """);
    }

    [Fact]
    public async Task A_run_that_plays_behind_servers_comes_to_the_bytes_of_one_that_does_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the command is a script of a Unix shell");
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", Recipe(""), "--output", At("embedded"));
        Assert.True(code == ExitCode.Success, messages);
        (code, _, messages) = await CliRunner.RunAsync("", "run", Recipe(Servers("{stage}")), "--output", At("served"));
        Assert.True(code == ExitCode.Success, messages + Logs());
        Assert.Equal(Products(At("embedded")), Products(At("served")));

        // Who starts from the same model is given it once: the first part's servers.
        Assert.Equal(
            ["base", "actor-0", "refiner-0", "actor-1", "refiner-1"], File.ReadAllLines(At("names")).Distinct());
    }

    [Theory]
    [InlineData("{stage}", "does not serve actor-0", "it serves base")]
    [InlineData("model", "serves something else as model than the checkpoint", "greedy, 16 tokens")]
    public async Task A_server_that_still_has_the_last_checkpoint_ends_the_run(string name, params string[] words)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the command is a script of a Unix shell");
        File.WriteAllText(At("stuck"), "");
        string recipe = Recipe(Servers(name, ", ready_minutes: 0.1"));
        await CliRunner.FailsAsync(["run", recipe, "--output", At("run")], ["http://127.0.0.1:", "actor-0", .. words]);

        // What was answered and trained before is kept; with servers that do as they are told the run goes on.
        File.Delete(At("stuck"));
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", recipe, "--output", At("run"));
        Assert.True(code == ExitCode.Success, messages + Logs());
    }

    [Fact]
    public async Task A_command_that_fails_is_told_with_its_last_words()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the command is a script of a Unix shell");
        File.WriteAllText(At("broken"), "");
        await CliRunner.FailsAsync(
            ["run", Recipe(Servers("{stage}")), "--output", At("run")],
            "ended with code 4", "no such partition", Path.Combine("serving", "actor-base.log"));
    }

    // The run itself starts the servers, in the place of a command.
    private string Started(string program) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        servers:
          patience_minutes: 0.5
          endpoints:
            - { name: players, addresses: ["http://127.0.0.1:{{_ports["actor"]}}/v1"] }
            - { name: judges, addresses: ["http://127.0.0.1:{{_ports["refiner"]}}/v1"] }
          checkpoints:
            - { pool: players, role: actor, program: "{{program}}", launcher: { poll_seconds: 0.05 } }
            - { pool: judges, role: refiner, program: "{{program}}", launcher: { poll_seconds: 0.05 } }
        """);

    private static string Serve =>
        $"dotnet {Path.Combine(AppContext.BaseDirectory, "Spar.Cli.dll")} serve --model {{name}}={{checkpoint}} --port {{port}} --threads 1";

    [Fact]
    public async Task Servers_that_a_run_starts_end_before_it_trains_and_with_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "jobs of this machine need setsid");
        (int code, _, string messages) = await CliRunner.RunAsync("", "run", Recipe(""), "--output", At("embedded"));
        Assert.True(code == ExitCode.Success, messages);
        (code, _, messages) = await CliRunner.RunAsync("", "run", Recipe(Started(Serve)), "--output", At("served"));
        Assert.True(code == ExitCode.Success, messages);
        Assert.Equal(Products(At("embedded")), Products(At("served")));
        Assert.Empty(Directory.GetFiles(At("served"), "state.json", SearchOption.AllDirectories));
        Assert.All(_ports.Values, port =>
        {
            using System.Net.Sockets.TcpClient client = new();
            Assert.ThrowsAny<System.Net.Sockets.SocketException>(() => client.Connect("127.0.0.1", port));
        });
    }

    [Fact]
    public async Task A_server_that_ends_at_once_is_told_with_its_last_words()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "jobs of this machine need setsid");
        await CliRunner.FailsAsync(
            ["run", Recipe(Started("bash -c 'echo no GPU at {port} for {checkpoint}; exit 3'")), "--output", At("run")],
            "ended with exit status 3: no GPU at", Path.Combine("serving", "actor", "1", "trainer.log"));
    }

    private string Logs() => string.Concat(Directory.GetFiles(_work, "log-*").Select(File.ReadAllText));

    // What every stage made, less times.
    private static IReadOnlyList<string> Products(string run)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT stage || ' ' || json FROM products UNION ALL SELECT stage || item || json FROM items "
            + "UNION ALL SELECT key || text FROM calls ORDER BY 1";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }
}
