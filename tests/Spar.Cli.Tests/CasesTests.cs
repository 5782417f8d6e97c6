using System.Text.Json.Nodes;
using Spar.Cli.Console;

namespace Spar.Cli.Tests;

/// <summary>
/// What models and servers really say, from the command line: answers that are cut off or empty, thoughts, odd reasons
/// to end, refused parameters, prompts that always fail. What parsers, templates and training rows make of such inputs
/// is tested where they are.
/// </summary>
public sealed class CasesTests : IDisposable
{
    private const string Answer = "She has 18 eggs left. The answer is 18.";

    private readonly string _root = Directory.CreateTempSubdirectory("spar-cases-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("\"eos\"")]
    [InlineData("\"model_length\"")]
    [InlineData("{\"type\": \"stop\", \"matched\": 2}")]
    public async Task An_answer_counts_whatever_word_ends_it(string finish)
    {
        using QuirkServer server = new(_ => QuirkServer.SaysText(Answer, finish));
        (int code, JsonNode results) = await EvaluateAsync(server);
        Assert.Equal((ExitCode.Success, 1.0), (code, Score(results)));
        Assert.Equal(finish == "\"model_length\"" ? 1 : null, (int?)results["counts"]!["answers_cut_off"]);
    }

    [Fact]
    public async Task An_answer_of_nothing_but_thoughts_is_shown_as_empty_and_cut_off()
    {
        using QuirkServer server = new(_ =>
            QuirkServer.Says("\"content\": null, \"reasoning_content\": \"18, I think\"", "\"length\""));
        (_, JsonNode results) = await EvaluateAsync(server);
        Assert.Equal(0, Score(results));
        Assert.Equal(
            (1, 1), ((int)results["counts"]!["answers_cut_off"]!, (int)results["counts"]!["answers_empty"]!));
        (_, string shown, _) = await CliRunner.RunAsync("", [.. Command(server), "--rescore"]);
        Assert.Contains("answers cut off: 1", shown, StringComparison.Ordinal);
        Assert.Contains("answers empty: 1", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Thoughts_that_come_apart_are_not_scored()
    {
        using QuirkServer server = new(_ => QuirkServer.Says(
            $"\"content\": \"{Answer}\", \"reasoning_content\": \"Let me think. The answer is 99.\""));
        (_, JsonNode results) = await EvaluateAsync(server);
        Assert.Equal(1, Score(results));
    }

    [Theory]
    [InlineData("max_tokens")]
    [InlineData("max_completion_tokens")]
    public async Task A_server_that_knows_one_name_of_the_token_limit_is_asked_by_it(string known)
    {
        using QuirkServer server = new(request =>
            request.AsObject().ContainsKey(known)
                ? QuirkServer.SaysText(Answer)
                : (422, """{"detail": [{"type": "extra_forbidden", "loc": ["body", "max_tokens"], "msg": "Extra inputs are not permitted"}]}"""));
        (int code, JsonNode results) = await EvaluateAsync(server);
        Assert.Equal((ExitCode.Success, 1.0), (code, Score(results)));
    }

    [Fact]
    public async Task A_prompt_that_always_fails_is_told_and_left_out_where_that_is_allowed()
    {
        using QuirkServer server = new(request =>
            ((string)request["messages"]![0]!["content"]!).Contains("prompt number 3", StringComparison.Ordinal)
                ? (400, """{"error": {"message": "This model's maximum context length is 512 tokens."}}""")
                : QuirkServer.SaysText(Answer));
        Problems(10);
        await CliRunner.FailsAsync(
            Command(server), "1 of 10 answers are missing", "maximum context length is 512 tokens", "(model m)",
            "--allow-failed 10%");
        (int code, string shown, string messages) = await CliRunner.RunAsync(
            "", [.. Command(server), "--allow-failed", "10%"]);
        Assert.Equal(ExitCode.Incomplete, code);
        Assert.Contains("answers missing: 1", shown, StringComparison.Ordinal);
        Assert.Contains("1 answers and 0 judgments are missing", messages, StringComparison.Ordinal);
        Assert.Equal(1, Score(Results()));
    }

    [Theory]
    [InlineData("2", "a percentage below 100%")]
    [InlineData("100%", "a percentage below 100%")]
    [InlineData("-1%", "a percentage below 100%")]
    [InlineData("some", "not 'some'")]
    public Task A_share_of_failures_is_a_percentage_or_a_share(string share, string words) =>
        CliRunner.IsRefusedAsync(["eval", "gsm8k", "--allow-failed", share], "--allow-failed", words);

    [Fact]
    public async Task A_judgement_that_was_cut_off_while_it_quoted_a_yes_is_unreadable()
    {
        const string Judgement = "The response closes with \"Final judgement: yes\", which nobody asked for.\n"
            + "It ends:\nFinal judgement: yes";
        using QuirkServer server = new(request =>
            (string?)request["model"] == "cut"
                ? QuirkServer.SaysText(Judgement, "\"length\"")
                : QuirkServer.SaysText("Too long.\n\nFinal judgement: no"));
        string cases = Path.Combine(_root, "cases.jsonl");
        await File.WriteAllTextAsync(
            cases,
            """{"id": "1", "instruction": "Write six words.", "response": "Too long a line of words.", "refined": "A line. Final judgement: yes"}""");
        (int code, string shown, _) = await CliRunner.RunAsync(
            "", "eval", "refinement", "--cases", cases, "--prompts", "full", "--judge", $"{server.Address}#cut",
            "--second-judge", $"{server.Address}#whole", "--output", Path.Combine(_root, "refinement"), "--json");
        Assert.Equal(ExitCode.Success, code);
        JsonNode results = JsonNode.Parse(shown)!;
        Assert.Equal(
            (1, 0),
            ((int)results["counts"]!["unparseable_by_cut"]!, (int)results["counts"]!["unparseable_by_whole"]!));
        Assert.False(results["results"]!["refinement"]!.AsObject().ContainsKey("repaired_by_cut,none"));
        Assert.Equal(0, (double)results["results"]!["refinement"]!["repaired_by_whole,none"]!);
    }

    [Fact]
    public async Task Thoughts_in_ready_responses_change_no_verdict()
    {
        (string Id, string Arguments, string Response)[] prompts =
        [
            ("punctuation:no_comma", "{}", "The sea is calm today."),
            ("detectable_format:json_format", "{}", "{\"a\": 1}"),
            ("length_constraints:number_words", """{"num_words": 13, "relation": "less than"}""", "The sea is calm today."),
            ("startend:quotation", "{}", "\"The sea is calm.\""),
            ("startend:end_checker", """{"end_phrase": "Any questions?"}""", "All set. Any questions?"),
            ("detectable_format:title", "{}", "<<Sea>>\nCalm."),
        ];
        string data = Path.Combine(_root, "prompts.jsonl"), responses = Path.Combine(_root, "responses.jsonl");
        await File.WriteAllLinesAsync(data, prompts.Select((one, i) =>
            $$"""{"key": {{i}}, "prompt": "Prompt {{i}}.", "instruction_id_list": ["{{one.Id}}"], "kwargs": [{{one.Arguments}}]}"""));
        await File.WriteAllLinesAsync(responses, prompts.Select((one, i) => new JsonObject
        {
            ["key"] = i,
            ["response"] = "<think>\nOkay, short: plan, list, and count.\n</think>\n\n" + one.Response,
        }.ToJsonString()));
        (int code, string shown, _) = await CliRunner.RunAsync(
            "", "eval", "ifeval", "--responses", responses, "--data", data, "--json");
        Assert.Equal(ExitCode.Success, code);
        Assert.Equal(1, (double)JsonNode.Parse(shown)!["results"]!["ifeval"]!["prompt_level_strict_acc,none"]!);
    }

    private static double Score(JsonNode results) =>
        (double)results["results"]!["gsm8k"]!["exact_match,flexible-extract"]!;

    private void Problems(int count)
    {
        string folder = Path.Combine(_root, "data", "gsm8k");
        Directory.CreateDirectory(folder);
        IEnumerable<string> lines = Enumerable.Range(0, count).Select(i =>
            $$"""{"question": "Ann, in prompt number {{i}}, has 20 eggs and eats two. How many are left?", "answer": "20 - 2 = 18.\n#### 18"}""");
        File.WriteAllLines(Path.Combine(folder, "test.jsonl"), lines);
        File.WriteAllLines(Path.Combine(folder, "fewshot_pool.jsonl"), lines);
    }

    private string[] Command(QuirkServer server) =>
    [
        "eval", "gsm8k", "--model", $"{server.Address}#m", "--data", Path.Combine(_root, "data"),
        "--output", Path.Combine(_root, "out"), "--shots", "0",
    ];

    private async Task<(int Code, JsonNode Results)> EvaluateAsync(QuirkServer server)
    {
        Problems(1);
        (int code, _, string messages) = await CliRunner.RunAsync("", Command(server));
        Assert.True(code == ExitCode.Success, messages);
        return (code, Results());
    }

    private JsonNode Results() => JsonNode.Parse(File.ReadAllText(Path.Combine(_root, "out", "results.json")))!;
}
