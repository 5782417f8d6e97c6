using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Spar.Nano;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>Runs on prompts of one's own: the files as a user has them, the run as it comes out.</summary>
public sealed class PromptFilesTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-prompts").FullName;

    private static readonly string[] s_asked =
    [
        .. TrainingTasks.Draw(5, 16, TaskForm.Line).Select(task => task.Instruction),
    ];

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_work, recursive: true);
    }

    [Fact]
    public async Task The_same_prompts_in_eight_layouts_give_the_same_run()
    {
        string[] files =
        [
            Write("a.jsonl", Lines(s_asked.Select(text => new { prompt = text }))),
            Write(
                "b.jsonl.gz",
                Lines(
                    s_asked.Reverse().Select(text => new { messages = new[] { new { role = "user", content = text } } })
                )
            ),
            Write(
                "c.json",
                JsonSerializer.Serialize(
                    s_asked.Select(text => new
                    {
                        conversations = new[]
                        {
                            new { from = "human", value = text },
                            new { from = "gpt", value = "ok" },
                        },
                    })
                )
            ),
            Write("d.json", JsonSerializer.Serialize(s_asked.Select(text => new { instruction = text, input = "" }))),
            Write("e.csv", "id,prompt\n" + string.Concat(s_asked.Select((text, i) => $"{i},\"{text}\"\n"))),
            Write("f.tsv", "prompt\n" + string.Concat(s_asked.Select(text => $"{text}\n"))),
            Write(
                "g.ndjson",
                Lines(s_asked.Select((text, i) => new { doc_id = i, doc = new { key = i, prompt = text } }))
            ),
            Write(
                "h.jsonl",
                Lines(
                    s_asked.Select(text => new
                    {
                        prompt = new[] { new { role = "user", content = text } },
                        completion = new[] { new { role = "assistant", content = "ok" } },
                    })
                )
            ),
        ];
        string[] runs = [];
        foreach (string file in files)
        {
            runs = [.. runs, await RunAsync(file)];
        }

        string[] made = [.. runs.Select(Made)];
        Assert.Contains("pairs", made[0], StringComparison.Ordinal);
        Assert.All(made, one => Assert.Equal(made[0], one));
    }

    [Fact]
    public async Task A_planted_benchmark_prompt_and_its_near_copy_are_kept_out_and_listed()
    {
        const string measured =
            "Write an encouraging letter to a neighbour who has just planted forty apple trees behind the old railway "
            + "station and worries about the frost. Your entire response should be in all lowercase letters.";
        Write("benchmark.jsonl", Lines([new { key = 7, prompt = measured }, new { key = 8, prompt = "Sing a song." }]));
        string near = measured.Replace("encouraging", "friendly").Replace("neighbour", "cousin").Replace("forty", "ten")
            .Replace("apple", "pear").Replace("behind", "near").Replace("old", "new").Replace("station", "bridge")
            .Replace("worries", "thinks").Replace("frost", "rain").Replace("entire", "whole");
        string file = Write(
            "mine.jsonl",
            Lines([
                .. s_asked.Select((text, i) => new { id = $"row-{i}", prompt = text }),
                new { id = "planted", prompt = measured.ToUpperInvariant() },
                new { id = "near", prompt = near },
            ])
        );
        string recipe = Write(
            "mine.yaml",
            Recipe("mine.jsonl", "iterations: 0").Replace(
                "held_out: 2 }",
                "held_out: 2, keep_away_from: [benchmark.jsonl] }",
                StringComparison.Ordinal
            )
        );
        string run = Path.Combine(_work, "run-mine");
        (int code, _, string messages) = await CliRunner.RunAsync("", ["run", recipe, "--output", run]);
        Assert.True(code == 0, messages);
        Assert.Contains("kept out 2", messages, StringComparison.Ordinal);
        foreach ((string id, string measure) in new[] { ("planted", "the same text"), ("near", "%") })
        {
            Assert.Contains(
                messages.Split('\n'),
                line =>
                    line.Contains($"id {id}", StringComparison.Ordinal)
                    && line.Contains("benchmark.jsonl, id 7", StringComparison.Ordinal)
                    && line.Contains(measure, StringComparison.Ordinal)
            );
        }

        // What was found stays in the run directory; the run itself never saw the two.
        string[] everything = Products(run);
        string found = Assert.Single(everything, one => one.StartsWith("prompts", StringComparison.Ordinal));
        Assert.Contains("\"id\":\"near\"", found, StringComparison.Ordinal);
        Assert.All(everything, one => Assert.DoesNotContain("railway", one, StringComparison.OrdinalIgnoreCase));

        // The same recipe goes on; a file that was changed is refused.
        (code, _, messages) = await CliRunner.RunAsync("", ["run", recipe, "--output", run]);
        Assert.True(code == 0, messages);
        File.AppendAllText(file, "{\"prompt\": \"one more\"}\n");
        (code, _, messages) = await CliRunner.RunAsync("", ["run", recipe, "--output", run]);
        Assert.Equal(1, code);
        Assert.Contains("prompts.files.0", messages, StringComparison.Ordinal);
        Assert.Contains("its content is not what the run began with", messages, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("held_out: 99", "nothing is left for self-play 1")]
    [InlineData("held_out: 16", "held-out 16 of 16, self-play 1 0 of 4")]
    public async Task A_share_that_leaves_nothing_is_refused_before_the_run_begins(string share, string words)
    {
        Write("few.jsonl", Lines(s_asked.Select(text => new { prompt = text })));
        string recipe = Write(
            "few.yaml",
            Recipe("few.jsonl", "").Replace("held_out: 2", share, StringComparison.Ordinal)
        );
        (int code, _, string messages) = await CliRunner.RunAsync(
            "",
            ["run", recipe, "--output", Path.Combine(_work, "run-few")]
        );
        Assert.Equal(1, code);
        Assert.Contains(words, messages.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.DoesNotContain("fixed-responses", messages, StringComparison.Ordinal);
    }

    private async Task<string> RunAsync(string file, string extra = "")
    {
        string name = Path.GetFileName(file);
        string recipe = Write(name + ".yaml", Recipe(name, extra));
        string run = Path.Combine(_work, "run-" + name);
        (int code, _, string messages) = await CliRunner.RunAsync("", ["run", recipe, "--output", run]);
        Assert.True(code == 0, messages);
        Assert.Contains($"{name} {s_asked.Length}", messages, StringComparison.Ordinal);
        return run;
    }

    // All that a run made: products of its stages (which name checkpoints by their digests), and played items.
    private static string Made(string run) =>
        string.Join(
            '\n',
            Products(run).Where(product => !product.StartsWith("prompts", StringComparison.Ordinal))
        );

    private static string[] Products(string run)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(run, "run.db")};Mode=ReadOnly");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText =
            "SELECT stage || json FROM products UNION ALL SELECT stage || item || json FROM items ORDER BY 1";
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> made = [];
        while (reader.Read())
        {
            made.Add(reader.GetString(0));
        }

        return [.. made];
    }

    private static string Recipe(string file, string extra) =>
        $$"""
            base_model: {{Path.Combine(SharedData.ProjectRoot, "models", "nano")}}
            prompt_set: compact
            prompts: { files: [{{file}}], held_out: 2 }
            sft_prompts: 4
            refiner_prompts: 4
            prompts_per_iteration: 4
            responses: 2
            votes: 3
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
            judge: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            refine: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            actor_sft: { learning_rate: 1e-4, epochs: 1 }
            refiner_sft: { learning_rate: 2e-5, epochs: 1 }
            dpo: { learning_rate: 1e-4 }
            rft: { learning_rate: 2e-5, epochs: 1 }
            nano: { held_out_prompts: 1, held_out_repairs: 1 }
            {{(extra.Length > 0 ? extra : "iterations: 1")}}
            """;

    private static string Lines(IEnumerable<object> rows) =>
        string.Concat(rows.Select(row => JsonSerializer.Serialize(row) + "\n"));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_work, name);
        using Stream stream = File.Create(path);
        using Stream target = name.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(stream, CompressionLevel.Fastest)
            : stream;
        target.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }
}
