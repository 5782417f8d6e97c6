using System.Text.Json;
using Spar.Cli.Console;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>
/// <c>spar generate</c> and <c>spar chat</c> with the shipped nano model, and what scripts read of the commands.
/// </summary>
public sealed class GenerateTests : IDisposable
{
    private readonly string _work = Directory.CreateTempSubdirectory("spar-generate").FullName;

    private static string Model => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Fact]
    public async Task Rounded_activations_change_what_a_quantised_model_says_and_nothing_of_another()
    {
        string quantised = SharedData.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
        string prompt = "Tell me of a day at the sea, in a few words.";
        string exact = await SaysAsync(quantised, prompt);
        string rounded = await SaysAsync(quantised, prompt, "--round-activations");
        Assert.NotEqual(exact, rounded);
        Assert.Equal(rounded, await SaysAsync(quantised, prompt, "--round-activations", "--threads", "1"));
        prompt = "write a line about the sea. use exactly 6 words.";
        Assert.Equal(await SaysAsync(Model, prompt), await SaysAsync(Model, prompt, "--round-activations"));
    }

    [Fact]
    public async Task Rounded_products_change_what_a_model_says_by_little_and_never_by_threads()
    {
        string[] trade = ["--dtype", "bfloat16"];
        string quantised = SharedData.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
        string prompt = "Tell me of a day at the sea, in a few words.";
        string rounded = await SaysAsync(quantised, prompt, trade);
        Assert.NotEqual(await SaysAsync(quantised, prompt), rounded);
        Assert.Equal(rounded, await SaysAsync(quantised, prompt, [.. trade, "--threads", "1"]));
        (int code, _, string messages) = await CliRunner.RunAsync(
            "", ["generate", prompt, "--model", Model, .. trade, "--round-activations"]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains("exclude each other", messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_of_a_file_are_answered_in_their_order_and_one_that_is_too_long_says_so()
    {
        string file = Path.Combine(_work, "prompts.jsonl");
        string tooLong = string.Concat(Enumerable.Repeat("write a line about the sea. ", 120));
        File.WriteAllLines(
            file,
            [
                "{\"id\": \"a\", \"prompt\": \"write a line about the sea.\"}",
                $"{{\"prompt\": \"{tooLong}\"}}",
                "",
                "{\"prompt\": \"write a line about the farm.\"}",
            ]
        );
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "",
            "generate",
            "--prompts-file",
            file,
            "--model",
            Model
        );
        Assert.Equal(ExitCode.Fault, code);
        JsonElement[] answers = [.. output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["a", "2", "4"], answers.Select(answer => answer.GetProperty("id").GetString()));
        Assert.Equal("stop", answers[0].GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, answers[1].GetProperty("response").ValueKind);
        Assert.Contains("512", answers[1].GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("1 of 3 prompts", messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_of_prompts_may_have_any_layout_and_earlier_turns_count()
    {
        const string asked = "write a line about the sea.";
        async Task<string?> AnswerAsync(string name, string text)
        {
            string file = Path.Combine(_work, name);
            File.WriteAllText(file, text);
            (int code, string output, string messages) = await CliRunner.RunAsync(
                "",
                ["generate", "--prompts-file", file, "--model", Model]
            );
            Assert.True(code == ExitCode.Success, messages);
            return JsonDocument.Parse(output).RootElement.GetProperty("response").GetString();
        }

        string? alone = await AnswerAsync("a.txt", asked);
        Assert.Equal(alone, await AnswerAsync("a.csv", $"prompt\n{asked}\n"));
        Assert.Equal(alone, await AnswerAsync("a.json", $"[{{\"instruction\": \"{asked}\"}}]"));
        string earlier = "{\"role\": \"user\", \"content\": \"write a line about the farm.\"}, "
            + "{\"role\": \"assistant\", \"content\": \"the cow sees the old barn.\"}, ";
        string turn = $"{{\"role\": \"user\", \"content\": \"{asked}\"}}";
        Assert.Equal(alone, await AnswerAsync("b.jsonl", $"{{\"messages\": [{turn}]}}"));
        Assert.NotEqual(alone, await AnswerAsync("c.jsonl", $"{{\"messages\": [{earlier}{turn}]}}"));
    }

    [Fact]
    public async Task Constraints_that_prompts_bring_are_checked_by_rule_in_the_judges_place()
    {
        string file = Path.Combine(_work, "constraints.jsonl");
        static string Row(string id, string arguments) =>
            $"{{\"prompt\": \"write a line about the sea. {id}\", \"instruction_id_list\": [\"{id}\"], "
            + $"\"kwargs\": [{arguments}]}}";
        File.WriteAllLines(
            file,
            [
                Row("punctuation:no_comma", "{}"),
                Row("startend:end_checker", "{\"end_phrase\": \"nobody says this\"}"),
                "{\"prompt\": \"write a line about the sea.\"}",
            ]
        );
        async Task<double?[]> ValuesAsync(params string[] more)
        {
            (int code, string output, string messages) = await CliRunner.RunAsync(
                "", ["generate", "--prompts-file", file, "--model", Model, "-s", "bfs", .. more]);
            Assert.True(code == ExitCode.Success, messages);
            return
            [
                .. output.TrimEnd().Split('\n').Select(line =>
                    JsonDocument.Parse(line).RootElement.GetProperty("value") is
                        { ValueKind: JsonValueKind.Number } value
                            ? value.GetDouble()
                            : (double?)null),
            ];
        }

        double?[] checkedByRule = await ValuesAsync("--verify");
        Assert.Equal([1, 0], checkedByRule[..2]);
        Assert.Equal((await ValuesAsync())[2], checkedByRule[2]);
        (int usage, _, string wrong) = await CliRunner.RunAsync(
            "", ["generate", "say it", "--model", Model, "--verify"]);
        Assert.Equal(ExitCode.Usage, usage);
        Assert.Contains("--prompts-file", wrong, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("votes")]
    [InlineData("probability")]
    public async Task Kept_calls_are_not_made_again_and_an_interrupted_command_ends_in_the_same_answers(
        string valuation)
    {
        string file = Path.Combine(_work, "prompts.txt"), calls = Path.Combine(_work, "calls.jsonl");
        File.WriteAllLines(file, ["write a line about the sea. make it sad.", "write a line about the farm."]);
        string[] command =
        [
            "generate", "--prompts-file", file, "--model", Model, "-s", "bfs", "--max-calls", "12", "--valuation",
            valuation,
        ];
        (_, string expected, _) = await CliRunner.RunAsync("", command);
        Assert.Equal((ExitCode.Success, expected), await RunAsync());
        string[] all = File.ReadAllLines(calls);
        Assert.Equal((ExitCode.Success, expected), await RunAsync());
        Assert.Equal(all, File.ReadAllLines(calls));

        File.WriteAllText(calls, string.Join("\n", all[..(all.Length / 2)]) + "\n" + all[^1][..20]);
        Assert.Equal((ExitCode.Success, expected), await RunAsync());
        Assert.Equal(all.Order(StringComparer.Ordinal), File.ReadAllLines(calls).Order(StringComparer.Ordinal));

        await CliRunner.FailsAsync([.. command, "--calls", calls, "--seed", "2"], calls, "seed 1", "seed 2");
        await CliRunner.FailsAsync([.. command, "--calls", calls, "--dtype", "bfloat16"], calls, "bfloat16");

        async Task<(int Code, string Output)> RunAsync()
        {
            (int code, string output, _) = await CliRunner.RunAsync("", [.. command, "--calls", calls]);
            return (code, output);
        }
    }

    [Theory]
    [InlineData("--verify does nothing with --strategy greedy", "--verify")]
    [InlineData("--refiner does nothing with --strategy greedy", "--refiner", "other")]
    [InlineData("--votes does nothing with --strategy greedy", "--votes", "3")]
    [InlineData("--valuation does nothing with --strategy greedy", "--valuation", "adaptive")]
    [InlineData("--samples does nothing with --strategy bfs", "-s", "bfs", "--samples", "3")]
    [InlineData("--temperature does nothing with --strategy dfs", "-s", "dfs", "-t", "0.5")]
    [InlineData("--top-p does nothing with --strategy iterative", "-s", "iterative", "--top-p", "0.5")]
    [InlineData("--max-calls does nothing with --strategy restarts", "-s", "restarts", "--max-calls", "5")]
    [InlineData("--votes takes a whole number", "--votes", "none")]
    public async Task Options_that_the_strategy_does_not_use_are_refused(string words, params string[] options)
    {
        (int code, _, string messages) = await CliRunner.RunAsync(
            "a line", ["generate", "--prompts-file", "-", "--model", Model, .. options]);
        Assert.Equal(ExitCode.Usage, code);
        Assert.Contains(words, messages, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_comes_from_standard_input_and_a_sample_hangs_on_the_seed()
    {
        async Task<string> AnswerAsync(params string[] more)
        {
            (int code, string output, string messages) = await CliRunner.RunAsync(
                "write a line about the sea.\n",
                ["generate", "-", "--model", Model, .. more]
            );
            Assert.True(code == ExitCode.Success, messages);
            return output.TrimEnd();
        }

        Assert.Equal(await AnswerAsync(), await AnswerAsync("--seed", "2"));
        Assert.Equal(await AnswerAsync("--temperature", "1"), await AnswerAsync("--temperature", "1"));
        Assert.NotEqual(
            await AnswerAsync("--temperature", "1.2"),
            await AnswerAsync("--temperature", "1.2", "--seed", "2")
        );
        JsonElement json = JsonDocument.Parse(await AnswerAsync("--json")).RootElement;
        Assert.Equal(await AnswerAsync(), json.GetProperty("response").GetString());
    }

    [Fact]
    public async Task Chat_obeys_commands_sends_no_unknown_one_and_lives_on_when_its_context_is_full()
    {
        string lines = string.Concat(Enumerable.Repeat("write a line about the sea. use exactly 6 words.\n", 60));
        (int code, string output, string messages) = await CliRunner.RunAsync(
            $"/help\n/hlp\n{lines}/quit\nnever sent\n",
            "chat",
            "--model",
            Model
        );
        Assert.Equal(ExitCode.Success, code);
        Assert.Contains(
            "There is no command /hlp; it was not sent. Did you mean /help?",
            messages,
            StringComparison.Ordinal
        );
        Assert.Contains("longer than the model's context", messages, StringComparison.Ordinal);
        Assert.Equal(63, output.Split("> ").Length - 1);
    }

    [Fact]
    public async Task Env_says_whether_the_key_is_set_and_never_what_it_is()
    {
        (int code, string output, _) = await CliRunner.RunAsync("", "env", "--json");
        Assert.Equal(ExitCode.Success, code);
        JsonElement facts = JsonDocument.Parse(output).RootElement;
        Assert.Matches("^(not )?set ", facts.GetProperty("OPENAI_API_KEY").GetString());
        Assert.Contains("-bit vectors", facts.GetProperty("kernels").GetString(), StringComparison.Ordinal);
    }

    private static async Task<string> SaysAsync(string model, string prompt, params string[] more)
    {
        string[] words = ["generate", prompt, "--model", model, "--temperature", "0", "--max-tokens", "40", .. more];
        (_, string output, string messages) = await CliRunner.RunAsync("", words);
        Assert.True(output.Trim().Length > 5, messages);
        return output;
    }
}
