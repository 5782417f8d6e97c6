using System.IO.Compression;
using System.Text.Json;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary><c>spar eval</c> as scripts and people use it.</summary>
public sealed class EvalTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-eval").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Theory]
    [InlineData("Qwen2.5-0.5B-Instruct-GPTQ-Int4")]
    [InlineData("Mistral-7B-Instruct-v0.3")]
    [InlineData("gpt-4o-mini-2024-07-18")]
    public async Task Ready_responses_give_the_references_four_accuracies(string model)
    {
        JsonElement reference = JsonDocument
            .Parse(File.ReadAllText(SharedData.Path("data", "ifeval", "summary.json")))
            .RootElement.GetProperty(model)
            .GetProperty("reference");
        string responses = SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz");
        string output = Path.Combine(_work, model);
        (int code, string text, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "ifeval",
            "--responses",
            responses,
            "--data",
            SharedData.Path("data"),
            "--output",
            output,
            "--json"
        );
        Assert.True(code == 0, messages);
        JsonElement figures = JsonDocument.Parse(text).RootElement.GetProperty("results").GetProperty("ifeval");
        AssertAccuracies(reference, figures);

        // samples.jsonl: key, strict and loose for each prompt, equal to the reference's verdicts.
        Dictionary<long, JsonElement> samples = File.ReadLines(Path.Combine(output, "samples.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(sample => sample.GetProperty("key").GetInt64());
        using StreamReader golden = new(new GZipStream(File.OpenRead(responses), CompressionMode.Decompress));
        int prompts = 0;
        while (golden.ReadLine() is string line)
        {
            JsonElement expected = JsonDocument.Parse(line).RootElement;
            JsonElement sample = samples[expected.GetProperty("key").GetInt64()];
            Assert.Equal(
                expected.GetProperty("strict").Deserialize<bool[]>(),
                sample.GetProperty("strict").Deserialize<bool[]>()
            );
            Assert.Equal(
                expected.GetProperty("loose").Deserialize<bool[]>(),
                sample.GetProperty("loose").Deserialize<bool[]>()
            );
            prompts++;
        }

        Assert.Equal(541, prompts);
    }

    [Fact]
    public async Task Prompts_of_ones_own_are_measured_by_the_constraints_that_come_with_them()
    {
        string prompts = Path.Combine(_work, "mine.jsonl");
        File.WriteAllLines(
            prompts,
            [
                """{"id": "a", "prompt": "write a line about the cat", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}""",
                """{"id": "b", "prompt": "write a line about the sea", "instruction_id_list": ["length_constraints:number_words"], "kwargs": [{"num_words": 500, "relation": "at least"}]}""",
                """{"id": "c", "prompt": "write a line about the hill"}""",
            ]
        );
        string output = Path.Combine(_work, "mine");
        string model = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        string[] command =
            ["eval", "prompts", "--data", prompts, "-m", model, "--max-tokens", "40", "--output", output];
        (int code, string text, string messages) = await CliRunner.RunAsync("", [.. command, "--json"]);
        Assert.True(code == 0, messages);
        JsonElement results = JsonDocument.Parse(text).RootElement;
        JsonElement figures = results.GetProperty("results").GetProperty("prompts");
        Assert.Equal(0.5, figures.GetProperty("prompt_level_strict_acc,none").GetDouble());
        Assert.Equal(0.5, figures.GetProperty("inst_level_strict_acc,none").GetDouble());
        Assert.Equal(
            1, results.GetProperty("counts").GetProperty("prompts_without_constraints_left_out").GetInt32());

        // Kept answers are taken; a table is for people.
        (code, text, messages) = await CliRunner.RunAsync("", command);
        Assert.True(code == 0, messages);
        Assert.Contains("50.00 %", text, StringComparison.Ordinal);
        Assert.Contains("prompts without constraints left out: 1", text, StringComparison.Ordinal);

        File.AppendAllText(prompts, """{"prompt": "x", "instruction_id_list": ["punctuation:no_coma"], "kwargs": [{}]}""" + "\n");
        await CliRunner.FailsAsync(command, "mine.jsonl, line 4", "'punctuation:no_coma'", "punctuation:no_comma");
        await CliRunner.FailsAsync(["eval", "prompts", "--data", prompts], "line 4");
    }

    [Fact]
    public async Task Ready_responses_to_IFBench_give_the_references_four_accuracies_and_can_be_compared()
    {
        string data = SharedData.Path("data");
        string summary = File.ReadAllText(SharedData.Path("data", "ifbench", "summary.json"));
        JsonElement reference = JsonDocument.Parse(summary).RootElement.GetProperty("sample_output");
        string responses = SharedData.Path("data", "ifbench", "responses", "sample_output.jsonl.gz");
        string output = Path.Combine(_work, "ifbench");
        string[] command = ["eval", "ifbench", "--responses", responses, "--data", data, "--output", output, "--json"];

        // The shipped responses are to half of the prompts.
        await CliRunner.FailsAsync(command, "150 of 300", "lenient");
        (int code, string text, string messages) = await CliRunner.RunAsync("", [.. command, "--lenient"]);
        Assert.True(code == 0, messages);
        Assert.Contains("150 of 300 prompts have no response", messages, StringComparison.Ordinal);
        JsonElement figures = JsonDocument.Parse(text).RootElement.GetProperty("results").GetProperty("ifbench");
        AssertAccuracies(reference, figures);

        JsonElement sample = JsonDocument
            .Parse(File.ReadLines(Path.Combine(output, "samples.jsonl")).First())
            .RootElement;
        Assert.Equal(JsonValueKind.String, sample.GetProperty("key").ValueKind);
        (code, text, messages) = await CliRunner.RunAsync("", "eval", "compare", output, output);
        Assert.True(code == 0, messages);
        Assert.Contains("McNemar", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_results_are_compared_with_a_paired_test()
    {
        string data = SharedData.Path("data");
        foreach (string model in new[] { "Qwen2.5-0.5B-Instruct-GPTQ-Int4", "gpt-4o-mini-2024-07-18" })
        {
            await CliRunner.RunAsync(
                "",
                "eval",
                "ifeval",
                "--responses",
                SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz"),
                "--data",
                data,
                "--output",
                Path.Combine(_work, model)
            );
        }

        (int code, string text, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "compare",
            Path.Combine(_work, "Qwen2.5-0.5B-Instruct-GPTQ-Int4"),
            Path.Combine(_work, "gpt-4o-mini-2024-07-18")
        );
        Assert.True(code == 0, messages);
        Assert.Contains("McNemar", text, StringComparison.Ordinal);
        Assert.Contains("gained", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_is_asked_once_and_its_answers_can_be_scored_again()
    {
        string data = SharedData.Path("data");
        string model = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        string output = Path.Combine(_work, "gsm8k");
        (int code, string first, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "gsm8k",
            "--model",
            model,
            "--data",
            data,
            "--output",
            output,
            "--limit",
            "3",
            "--shots",
            "0"
        );
        Assert.True(code == 0, messages);
        byte[] answers = File.ReadAllBytes(Path.Combine(output, "answers.jsonl"));
        (code, string again, _) = await CliRunner.RunAsync(
            "",
            "eval",
            "gsm8k",
            "--rescore",
            "--data",
            data,
            "--output",
            output,
            "--limit",
            "3",
            "--shots",
            "0"
        );
        Assert.Equal(0, code);
        Assert.Equal(first, again);
        Assert.Equal(answers, File.ReadAllBytes(Path.Combine(output, "answers.jsonl")));
    }

    [Fact]
    public async Task Mmlu_is_scored_by_log_likelihood_on_the_embedded_engine()
    {
        // The nano model takes 512 tokens, nearly one a character here, so only short questions are asked.
        string shared = SharedData.Path("data", "mmlu");
        string folder = Directory.CreateDirectory(Path.Combine(_work, "data", "mmlu")).FullName;
        File.Copy(Path.Combine(shared, "dev.jsonl"), Path.Combine(folder, "dev.jsonl"));
        using (
            StreamReader all = new(
                new GZipStream(File.OpenRead(Path.Combine(shared, "test.jsonl.gz")), CompressionMode.Decompress)
            )
        )
        {
            File.WriteAllLines(
                Path.Combine(folder, "test.jsonl"),
                all.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line.Length < 220)
            );
        }

        string model = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        (int code, string text, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "mmlu",
            "--model",
            model,
            "--data",
            Path.Combine(_work, "data"),
            "--output",
            Path.Combine(_work, "mmlu"),
            "--limit",
            "1",
            "--shots",
            "0",
            "--json"
        );
        Assert.True(code == 0, messages);
        JsonElement results = JsonDocument.Parse(text).RootElement;
        int questions = results.GetProperty("n-samples").GetProperty("mmlu").GetProperty("effective").GetInt32();
        Assert.Equal(questions, results.GetProperty("counts").GetProperty("scored_by_log_likelihood").GetInt32());
        Assert.Equal(0, results.GetProperty("counts").GetProperty("unparseable").GetInt32());
    }

    [Fact]
    public async Task Failed_responses_are_repaired_and_two_judges_say_so()
    {
        string model = Path.Combine(SharedData.ProjectRoot, "models", "nano");
        string failed = Path.Combine(_work, "failed.jsonl");
        (int code, _, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "nano",
            "--model",
            model,
            "--count",
            "40",
            "--failures",
            failed
        );
        Assert.True(code == 0, messages);
        int cases = File.ReadLines(failed).Count();
        Assert.InRange(cases, 10, 40);

        string output = Path.Combine(_work, "refinement");
        string[] command =
        [
            "eval",
            "refinement",
            "--cases",
            failed,
            "--model",
            model,
            "--judge",
            model,
            "--second-judge",
            "checks",
            "--output",
            output,
            "--json",
        ];
        (code, string text, messages) = await CliRunner.RunAsync("", command);
        Assert.True(code == 0, messages);
        JsonElement figures = JsonDocument.Parse(text).RootElement.GetProperty("results").GetProperty("refinement");
        Assert.InRange(figures.GetProperty("repaired_by_checks,none").GetDouble(), 0.5, 1);
        Assert.InRange(figures.GetProperty("judges_agree,none").GetDouble(), 0.5, 1);
        Assert.Equal(cases, File.ReadLines(Path.Combine(output, "samples.jsonl")).Count());

        // What is there is not asked again.
        byte[] refinements = File.ReadAllBytes(Path.Combine(output, "refinements.jsonl"));
        (code, string again, _) = await CliRunner.RunAsync("", command);
        Assert.Equal(0, code);
        Assert.Equal(
            figures.ToString(),
            JsonDocument.Parse(again).RootElement.GetProperty("results").GetProperty("refinement").ToString()
        );
        Assert.Equal(refinements, File.ReadAllBytes(Path.Combine(output, "refinements.jsonl")));
        await CliRunner.FailsAsync(
            ["eval", "refinement", "--cases", failed, "--model", model, "--judge", model, "--output", output],
            "--second-judge"
        );
    }

    [Fact]
    public async Task Json_needs_no_output_folder()
    {
        (int code, string text, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "ifeval",
            "--responses",
            SharedData.Path("data", "ifeval", "responses", "Mistral-7B-Instruct-v0.3.jsonl.gz"),
            "--data",
            SharedData.Path("data"),
            "--json"
        );
        Assert.True(code == 0, messages);
        Assert.True(JsonDocument.Parse(text).RootElement.GetProperty("results").TryGetProperty("ifeval", out _));
    }

    [Fact]
    public async Task Bad_data_and_missing_data_are_named()
    {
        string data = SharedData.Path("data");
        await CliRunner.FailsAsync(["eval", "ifeval", "--model", "x", "--data", _work], "prompts.jsonl", "--data");
        await CliRunner.FailsAsync(["eval", "ifeval", "--data", data, "--output", _work], "--model");
        string responses = Path.Combine(_work, "responses.jsonl");
        File.WriteAllText(responses, "{\"key\": 1000, \"response\": \"x\"}\n{\"key\": 5, \"response\": \"x\"}\n");
        await CliRunner.FailsAsync(
            ["eval", "ifeval", "--responses", responses, "--data", data],
            "responses.jsonl",
            "2",
            "key"
        );
        (int code, _, string messages) = await CliRunner.RunAsync(
            "",
            "eval",
            "ifeval",
            "--responses",
            responses,
            "--data",
            data,
            "--lenient"
        );
        Assert.Equal(0, code);
        Assert.Contains("540 of 541", messages, StringComparison.Ordinal);
    }

    // The four accuracies that IFEval and IFBench report.
    private static void AssertAccuracies(JsonElement reference, JsonElement figures)
    {
        foreach (
            (string ours, string theirs) in new[]
            {
                ("prompt_level_strict_acc,none", "prompt_strict"),
                ("prompt_level_loose_acc,none", "prompt_loose"),
                ("inst_level_strict_acc,none", "inst_strict"),
                ("inst_level_loose_acc,none", "inst_loose"),
            }
        )
        {
            Assert.Equal(reference.GetProperty(theirs).GetDouble(), figures.GetProperty(ours).GetDouble(), 12);
        }
    }
}
