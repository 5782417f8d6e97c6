using System.Text.Json;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>
/// The command line as a user meets it: arguments in, exit code and text out, with the shipped nano model.
/// </summary>
public sealed class CliTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-cli").FullName;
    private static string Model => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    public void Dispose() => Directory.Delete(_work, recursive: true);

    private static Task<(int Code, string Output, string Messages)> Spar(params string[] args) =>
        CliRunner.RunAsync("", args);

    private string Recipe(string extra = "", string? model = null)
    {
        string path = Path.Combine(_work, "recipe.yaml");
        File.WriteAllText(
            path,
            $$"""
            base_model: {{model ?? Model}}
            prompt_set: compact
            sft_prompts: 16
            refiner_prompts: 16
            prompts_per_iteration: 12
            iterations: 1
            responses: 2
            votes: 3
            respond: { temperature: 0.9, top_p: 0.9, max_tokens: 64 }
            judge: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            refine: { temperature: 0.7, top_p: 1, max_tokens: 200 }
            actor_sft: { learning_rate: 1e-4, epochs: 1 }
            refiner_sft: { learning_rate: 2e-5, epochs: 1 }
            dpo: { learning_rate: 1e-4 }
            rft: { learning_rate: 2e-5, epochs: 1 }
            nano: { held_out_prompts: 10, held_out_repairs: 4 }
            {{extra}}
            """
        );
        return path;
    }

    [Fact]
    public async Task Run_trains_measures_and_leaves_results_that_scripts_can_read()
    {
        string run = Path.Combine(_work, "run");
        (int code, string output, string messages) = await Spar("run", Recipe(), "--output", run, "--json");
        Assert.True(code == 0, messages);
        using JsonDocument results = JsonDocument.Parse(output);
        Assert.Equal(File.ReadAllText(Path.Combine(run, "results.json")), output);
        JsonElement[] rows = [.. results.RootElement.GetProperty("rows").EnumerateArray()];
        Assert.Equal(["base", "sft", "iteration-1"], rows.Select(row => row.GetProperty("stage").GetString()));
        foreach (JsonElement row in rows)
        {
            Assert.Equal(10, row.GetProperty("heldOutCount").GetInt32());
            foreach (
                string name in new[]
                {
                    "heldOutPrompt",
                    "heldOutInstruction",
                    "heldOutPromptSearch",
                    "judgeAccuracy",
                    "refineSuccess",
                }
            )
            {
                Assert.InRange(row.GetProperty(name).GetDouble(), 0, 1);
            }
        }

        Assert.Equal(1, results.RootElement.GetProperty("seed").GetInt64());
        Assert.True(results.RootElement.GetProperty("wallSeconds").GetDouble() > 0);
        Assert.True(results.RootElement.GetProperty("modelCalls").GetInt64() > 100);
        Assert.True(results.RootElement.GetProperty("generatedTokens").GetInt64() > 1000);

        // A run that has ended is not done again, and its views agree with it.
        (code, string again, _) = await Spar("run", Recipe(), "--output", run, "--json");
        Assert.Equal(0, code);
        Assert.Equal(
            results.RootElement.GetProperty("rows").GetRawText(),
            JsonDocument.Parse(again).RootElement.GetProperty("rows").GetRawText()
        );
        (code, string report, _) = await Spar("report", run, "--json");
        Assert.Equal(0, code);
        Assert.Equal(
            results.RootElement.GetProperty("rows").GetRawText(),
            JsonDocument.Parse(report).RootElement.GetProperty("rows").GetRawText()
        );
        (code, _, _) = await Spar("report", run);
        Assert.Equal(0, code);
        Assert.Matches("(?i)iteration.?1", File.ReadAllText(Path.Combine(run, "report.html")));
        string export = Path.Combine(_work, "export");
        (code, _, _) = await Spar("export", run, "--output", export);
        Assert.Equal(0, code);
        Assert.NotEmpty(
            JsonDocument.Parse(File.ReadAllText(Path.Combine(export, "actor-0.json"))).RootElement.EnumerateArray()
        );

        // Another recipe may not go on in the same directory.
        (code, _, messages) = await Spar("run", Recipe("seed: 7"), "--output", run);
        Assert.Equal(1, code);
        Assert.Contains("seed", messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_answers_and_explains()
    {
        (int code, string output, string messages) = await Spar(
            "generate",
            "write a line about the sea. use exactly 6 words.",
            "--model",
            Model,
            "--strategy",
            "bfs",
            "--explain"
        );
        Assert.True(code == 0, messages);
        Assert.Contains("model calls", output, StringComparison.Ordinal);
        Assert.NotEmpty(output.TrimEnd().Split('\n')[^1]);
    }

    [Fact]
    public async Task Chat_answers_each_line_until_the_input_ends()
    {
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "write a line about the sea.\n/new\nwrite a line about the sea.\n",
            "chat",
            "--model",
            Model
        );
        Assert.True(code == 0, messages);
        string[] answers = [.. output.Split("> ").Select(text => text.Trim()).Where(text => text.Length > 0)];
        Assert.Equal(2, answers.Length);
        Assert.Equal(answers[0], answers[1]);
    }

    [Fact]
    public async Task Eval_nano_measures_by_kind()
    {
        (int code, string output, string messages) = await Spar(
            "eval",
            "nano",
            "--model",
            Model,
            "--count",
            "20",
            "--json"
        );
        Assert.True(code == 0, messages);
        JsonElement result = JsonDocument.Parse(output).RootElement;
        Assert.Equal(20, result.GetProperty("count").GetInt32());
        Assert.Contains(
            result.GetProperty("kinds").EnumerateArray(),
            kind => kind.GetProperty("kind").GetString() == "topic"
        );
    }

    [Fact]
    public async Task A_missing_recipe_or_model_gives_one_message()
    {
        await CliRunner.FailsAsync(["run", Path.Combine(_work, "none.yaml")], "none.yaml", "no such file");
        await CliRunner.FailsAsync(["run", Recipe(model: "no/such/model")], "base_model", "no/such/model");
        await CliRunner.FailsAsync(["chat", "--model", Path.Combine(_work, "none")], "none");
        await CliRunner.FailsAsync(["report", _work], _work);
        await CliRunner.FailsAsync(["export", _work, "--output", _work], _work);
    }

    [Fact]
    public async Task An_unknown_key_is_named_with_its_place()
    {
        await CliRunner.FailsAsync(["run", Recipe("iteratons: 3")], "recipe.yaml:17:1", "iteratons", "iterations");
    }

    [Fact]
    public async Task A_truncated_checkpoint_is_named()
    {
        string model = CopyModel();
        string weights = Path.Combine(model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        File.WriteAllBytes(weights, bytes[..(bytes.Length / 2)]);
        await CliRunner.FailsAsync(["generate", "write a line about the sea.", "--model", model], "model.safetensors");
        await CliRunner.FailsAsync(
            ["run", Recipe(model: model), "--output", Path.Combine(_work, "r")],
            "model.safetensors"
        );
    }

    [Fact]
    public async Task A_tokenizer_that_does_not_fit_is_named()
    {
        string model = CopyModel();
        string config = Path.Combine(SharedData.Path("fixtures", "tokenizers", "bpe-llama3"), "tokenizer.json");
        string text = File.ReadAllText(config);
        File.WriteAllText(
            Path.Combine(model, "tokenizer.json"),
            text.Replace("\"id\":", "\"id\": 90", StringComparison.Ordinal)
        );
        (int code, _, string messages) = await Spar("generate", "write a line about the sea.", "--model", model);
        Assert.Equal(1, code);
        Assert.Contains("tokenizer", messages, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_has_examples()
    {
        foreach (
            string command in new[]
            {
                "run",
                "generate",
                "chat",
                "report",
                "export",
                "pretrain",
                "recipe check",
                "recipe show",
                "recipe schema",
                "experiment judges",
            }
        )
        {
            (int code, string output, _) = await Spar([.. command.Split(' '), "--help"]);
            Assert.Equal(0, code);
            Assert.Contains($"spar {command}", output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_judges_are_compared_on_the_same_responses()
    {
        string output = Path.Combine(_work, "judges");
        string[] command =
        [
            "experiment",
            "judges",
            "--actor",
            Model,
            "--judge",
            Model,
            "--panel",
            Model,
            "--panel",
            Model,
            "--count",
            "6",
            "--samples",
            "1",
            "--stories",
            "0.5",
            "--seeds",
            "1",
            "2",
            "--output",
            output,
            "--json",
        ];
        (int code, string json, string messages) = await Spar(command);
        Assert.True(code == 0, messages);
        JsonElement results = JsonDocument.Parse(json).RootElement;
        Dictionary<string, JsonElement> rows = results
            .GetProperty("rows")
            .EnumerateArray()
            .ToDictionary(row => row.GetProperty("judge").GetString()!);
        Assert.Equal(60, Mean("votes (5)", "calls") * 2);
        Assert.Equal(6, Mean("probability", "calls"));
        Assert.Equal(0.8, Mean("probability", "callsSaved"), 9);
        Assert.Equal(1, Mean("adaptive votes", "agreement"));
        Assert.InRange(Mean("adaptive votes", "callsSaved"), 0.2, 0.4);
        Assert.InRange(Mean("hybrid (length, keyword), votes", "calls"), 0, 30);
        Assert.Equal(Mean("votes (5)", "accuracy"), Mean("adaptive votes", "accuracy"));
        Assert.Equal(18, Mean("panel of 3, probability", "calls"));
        Assert.Equal(2, results.GetProperty("seeds").GetArrayLength());
        Assert.Equal(json, File.ReadAllText(Path.Combine(output, "results.json")));
        Assert.Contains(
            "| adaptive votes |",
            File.ReadAllText(Path.Combine(output, "results.md")),
            StringComparison.Ordinal
        );

        // Again from the kept answers.
        Assert.Equal(json, (await Spar(command)).Output);

        double Mean(string judge, string figure) => rows[judge].GetProperty(figure).GetProperty("mean").GetDouble();
    }

    [Theory]
    [InlineData("judging: { valuation: probability, verifiers: [length] }\ndrift: { threshold: 0, action: reweight }")]
    [InlineData("judging: { valuation: adaptive, judges: [refiner, refiner, refiner] }")]
    public async Task A_run_judges_as_its_recipe_says(string keys)
    {
        string run = Path.Combine(_work, "run");
        (int code, string output, string messages) = await Spar("run", Recipe(keys), "--output", run, "--json");
        Assert.True(code == 0, messages);
        JsonElement calibration = Assert.Single(
            JsonDocument.Parse(output).RootElement.GetProperty("calibration").EnumerateArray()
        );
        Assert.Equal(24, calibration.GetProperty("responses").GetProperty("count").GetInt32());
        Assert.InRange(calibration.GetProperty("responses").GetProperty("accuracy").GetDouble(), 0.5, 1);
        (code, _, _) = await Spar("report", run);
        Assert.Equal(0, code);
        Assert.Contains(
            "The judge against verifiers",
            File.ReadAllText(Path.Combine(run, "report.html")),
            StringComparison.Ordinal
        );
    }

    private string CopyModel()
    {
        string copy = Path.Combine(_work, "model");
        Directory.CreateDirectory(copy);
        foreach (string file in Directory.GetFiles(Model))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    [Fact]
    public async Task Seeds_are_evolved_and_the_second_run_asks_nobody()
    {
        string seeds = Path.Combine(_work, "seeds.jsonl");
        File.WriteAllLines(
            seeds,
            [
                "{\"prompt\": \"write a line about the sea.\"}",
                "{\"prompt\": \"write a story about the farm.\"}",
                "{\"prompt\": \"what is 2 + 2?\"}",
            ]
        );
        string output = Path.Combine(_work, "evolved");
        string[] command =
        [
            "evolve",
            seeds,
            "--teacher",
            "nano",
            "--taxonomy",
            Path.Combine(SharedData.ProjectRoot, "recipes", "nano-taxonomy.json"),
            "--output",
            output,
            "--json",
        ];
        (int code, string text, string messages) = await CliRunner.RunAsync("", command);
        Assert.True(code == 0, messages);
        JsonElement summary = JsonDocument.Parse(text).RootElement;
        Assert.Equal(3, summary.GetProperty("seeds").GetInt32());
        Assert.InRange(summary.GetProperty("declined").GetInt32(), 1, 2);
        byte[] prompts = File.ReadAllBytes(Path.Combine(output, "prompts.jsonl"));
        Assert.NotEmpty(prompts);
        (code, _, _) = await CliRunner.RunAsync("", command);
        Assert.Equal(0, code);
        Assert.Equal(prompts, File.ReadAllBytes(Path.Combine(output, "prompts.jsonl")));
        await CliRunner.FailsAsync(["evolve", seeds, "--output", output], "--teacher");
        await CliRunner.FailsAsync(["evolve", Path.Combine(_work, "none.jsonl"), "--teacher", "nano"], "none.jsonl");
        await CliRunner.FailsAsync([.. command, "--seed", "9"], "seed");
    }
}
