using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Cli.Console;
using Spar.Engine.Chat;
using Spar.Engine.Tokenization;
using Spar.Templates;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>
/// The recorded inputs of shared/cases that are no answers of servers (those are in <see cref="CasesTests"/>), each with
/// its right value: verdicts, marks, rows, model files, templates, data files.
/// </summary>
public sealed class RecordedCasesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("spar-recorded-").FullName;

    private static string Nano => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("full")]
    [InlineData("small")]
    public void D03_a_verdict_of_both_words_is_unreadable(string templates)
    {
        JudgementParser parser = new(TemplateSet.Load(templates).Format);
        Assert.All(
            Lines("D03-both-verdicts", "judgements.jsonl"),
            one => Assert.Equal((bool?)one["want"], parser.Parse((string)one["text"]!).Verdict));
    }

    [Fact]
    public void D04_marks_stand_on_lines_of_their_own()
    {
        RefinementParser parser = new(TemplateSet.Load("full").Format);
        Assert.All(
            Lines("D04-refinement-marks", "refinements.jsonl"),
            one => Assert.Equal((string?)one["want"], parser.Parse((string)one["text"]!).Response));
    }

    [Fact]
    public Task D05_a_cutoff_that_no_prompt_fits_into_is_refused_before_anything_is_trained() =>
        CliRunner.FailsAsync(
            ["run", Recipe("D05-prompt-beyond-cutoff", Nano), "--output", Path.Combine(_root, "run")],
            "recipe.yaml:14:", "refiner_sft.cutoff_tokens", "12 tokens", "rft.cutoff_tokens");

    [Fact]
    public async Task D06_generation_ends_at_every_end_token_of_generation_config()
    {
        string model = Copy(SharedData.Path("fixtures", "models", "llama3-tiny"), "m");
        string before = await GenerateAsync(model);
        Assert.Contains("M", before, StringComparison.Ordinal);
        JsonNode vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "tokenizer.json")))!;
        string path = Path.Combine(model, "generation_config.json");
        JsonNode settings = JsonNode.Parse(File.ReadAllText(path))!;
        settings["eos_token_id"] = new JsonArray(507, (int)vocabulary["model"]!["vocab"]!["M"]!);
        File.WriteAllText(path, settings.ToJsonString());
        Assert.Equal(before[..before.IndexOf('M')].TrimEnd(), (await GenerateAsync(model)).TrimEnd());
    }

    [Fact]
    public void D07_templates_of_known_models_are_rendered()
    {
        string[] expected = ["[S]The date is 2025-03-04[/S][I]hi[/I]", "user:hi;", "GPT User: hi"];
        Assert.Equal(
            expected,
            Lines("D07-template-functions", "templates.jsonl").Select(one => new ChatTemplate(
                (string)one["template"]!, new TokenizerConfig(), new DateOnly(2025, 3, 4)).Render(
                    [new Message("user", (string)one["messages"]![0]!["content"]!)], addGenerationPrompt: true)));
    }

    [Fact]
    public Task D07_a_prompt_that_is_too_long_is_one_line() =>
        CliRunner.FailsAsync(
            ["generate", string.Concat(Enumerable.Repeat("write a line about the sea. ", 200)), "--model", Nano],
            "512");

    [Fact]
    public async Task D08_a_model_whose_generation_prompt_opens_a_thought_can_be_trained()
    {
        const string Template =
            "{% for m in messages %}{% if m['role'] == 'user' %}{{ '<|user|>' + m['content'] + '<|end|>' }}"
            + "{% else %}{% set content = m['content'] %}{% if '</think>' in content %}"
            + "{% set content = content.split('</think>')[-1] %}{% endif %}"
            + "{{ '<|assistant|>' + content + '<|end|>' }}{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<|assistant|><think>\\n' }}{% endif %}";
        string model = Copy(Nano, "m");
        string path = Path.Combine(model, "tokenizer_config.json");
        JsonNode settings = JsonNode.Parse(File.ReadAllText(path))!;
        settings["chat_template"] = Template;
        File.WriteAllText(path, settings.ToJsonString());
        string recipe = Recipe("D08-thinking-in-generation-prompt", model);
        (int code, string shown, string messages) = await CliRunner.RunAsync("", "recipe", "check", recipe);
        Assert.True(code == ExitCode.Success, messages);
        Assert.Contains("can be run", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task D13_half_a_surrogate_pair_in_cases_and_seeds_is_read()
    {
        (int code, _, string messages) = await CliRunner.RunAsync(
            "", "eval", "refinement", "--cases", Case("D13-lone-surrogate", "cases.jsonl"), "--judge", Nano,
            "--second-judge", Copy(Nano, "second"), "--output", Path.Combine(_root, "r"));
        Assert.True(code == ExitCode.Success, messages);

        // The seed is read, and the nano world's teacher declines it, for it has no word for U+FFFD.
        (code, messages) = await EvolveAsync(Case("D13-lone-surrogate", "seeds.jsonl"));
        Assert.Equal(ExitCode.Fault, code);
        Assert.Contains("No seed became a prompt", messages, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sharegpt.json")]
    [InlineData("alpaca.jsonl")]
    [InlineData("messages.jsonl")]
    [InlineData("number-id.jsonl")]
    public async Task D14_seeds_are_read_in_the_layouts_that_users_have(string file)
    {
        (int code, string messages) = await EvolveAsync(Case("D14-common-data-layouts", file));
        Assert.True(code == ExitCode.Success, messages);
        string told = await File.ReadAllTextAsync(Path.Combine(_root, "evolved", "summary.json"));
        Assert.Equal(1, (int)JsonNode.Parse(told)!["seeds"]!);
    }

    private static string Case(string name, string file) => SharedData.Path("cases", name, file);

    private static IEnumerable<JsonNode> Lines(string name, string file) =>
        File.ReadLines(Case(name, file)).Where(line => line.Trim().Length > 0).Select(line => JsonNode.Parse(line)!);

    private async Task<(int Code, string Messages)> EvolveAsync(string seeds)
    {
        (int code, _, string messages) = await CliRunner.RunAsync(
            "", "evolve", seeds, "--teacher", "nano", "--taxonomy",
            Path.Combine(SharedData.ProjectRoot, "recipes", "nano-taxonomy.json"), "--output",
            Path.Combine(_root, "evolved"));
        return (code, messages);
    }

    private static async Task<string> GenerateAsync(string model)
    {
        (int code, string output, string messages) = await CliRunner.RunAsync(
            "", "generate", "ab", "--model", model, "--max-tokens", "12");
        Assert.True(code == ExitCode.Success, messages);
        return output;
    }

    private string Recipe(string name, string model)
    {
        string path = Path.Combine(_root, "recipe.yaml");
        File.WriteAllLines(
            path,
            File.ReadLines(Case(name, "recipe.yaml"))
                .Select(line => line.StartsWith("base_model:", StringComparison.Ordinal) ? $"base_model: {model}" : line));
        return path;
    }

    private string Copy(string folder, string name)
    {
        string copy = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }
}
