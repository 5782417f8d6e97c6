using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;

namespace Spar.Runtime.Tests.Endpoints;

/// <summary>What servers of OpenAI's interface really send back, and what they take.</summary>
public sealed class DialectTests
{
    private const string Text = "Janet has 9 eggs left. The answer is 18.";

    [Theory]
    [InlineData("\"stop\"", FinishReason.Stop, AnswerStatus.Complete)]
    [InlineData("\"eos\"", FinishReason.Stop, AnswerStatus.Complete)]
    [InlineData("\"EOS_TOKEN\"", FinishReason.Stop, AnswerStatus.Complete)]
    [InlineData("\"stop_sequence\"", FinishReason.Stop, AnswerStatus.Complete)]
    [InlineData("{\"type\": \"stop\", \"matched\": 2}", FinishReason.Stop, AnswerStatus.Complete)]
    [InlineData("null", FinishReason.Unknown, AnswerStatus.Complete)]
    [InlineData("\"\"", FinishReason.Unknown, AnswerStatus.Complete)]
    [InlineData("3", FinishReason.Unknown, AnswerStatus.Complete)]
    [InlineData("\"what nobody knows\"", FinishReason.Unknown, AnswerStatus.Complete)]
    [InlineData("\"length\"", FinishReason.Length, AnswerStatus.CutOff)]
    [InlineData("\"model_length\"", FinishReason.Length, AnswerStatus.CutOff)]
    [InlineData("\"MAX_TOKENS\"", FinishReason.Length, AnswerStatus.CutOff)]
    [InlineData("{\"type\": \"length\", \"length\": 9}", FinishReason.Length, AnswerStatus.CutOff)]
    [InlineData("\"content_filter\"", FinishReason.Filter, AnswerStatus.Refused)]
    [InlineData("\"SAFETY\"", FinishReason.Filter, AnswerStatus.Refused)]
    public async Task A_reason_to_end_in_any_word_leaves_the_answer_its_text(
        string written, FinishReason finish, AnswerStatus status)
    {
        AnswerReading reading = (await AskAsync(Body("content", $"\"{Text}\"", written))).Read();
        Assert.Equal((Text, finish, status), (reading.Text, reading.Finish, reading.Status));
    }

    [Theory]
    [InlineData("abort")]
    [InlineData("error")]
    [InlineData("cancelled")]
    public async Task An_answer_that_the_server_broke_off_is_asked_for_again(string finish)
    {
        Assert.Equal(Text, (await AskAsync(Body("content", "\"half\"", $"\"{finish}\""), Whole())).Text);
    }

    [Theory]
    [InlineData("content", "[{\"type\": \"text\", \"text\": \"one \"}, {\"type\": \"text\", \"text\": \"two\"}]", "one two")]
    [InlineData("content", "[\"one \", \"two\"]", "one two")]
    [InlineData("content", "{\"type\": \"text\", \"text\": {\"value\": \"one two\"}}", "one two")]
    [InlineData("content", "[{\"type\": \"thinking\", \"thinking\": [{\"type\": \"text\", \"text\": \"hm\"}]}, "
        + "{\"type\": \"text\", \"text\": \"one two\"}]", "one two")]
    [InlineData("content", "\"half \\ud83d\"", "half \uFFFD")]
    public async Task Content_may_come_in_parts(string name, string content, string text)
    {
        AnswerReading reading = (await AskAsync(Body(name, content, "\"stop\""))).Read();
        Assert.Equal((text, AnswerStatus.Complete), (reading.Text, reading.Status));
    }

    [Theory]
    [InlineData("reasoning_content")]
    [InlineData("reasoning")]
    public async Task Thoughts_that_come_apart_are_kept_before_the_text_and_are_no_part_of_it(string name)
    {
        string message = $$"""{"role": "assistant", "content": "{{Text}}", "{{name}}": "The answer is 99. </think> Hm."}""";
        Answer answer = await AskAsync(Choices($$"""{"message": {{message}}, "finish_reason": "stop"}"""));
        Assert.Equal(Text, answer.Read().Text);
        Assert.Equal("The answer is 99. </think> Hm.", answer.Read().Thinking);
        Assert.Contains("99", answer.Text);
    }

    [Theory]
    [InlineData("null", "length", AnswerStatus.CutOff)]
    [InlineData("\"\"", "length", AnswerStatus.CutOff)]
    [InlineData("null", "stop", AnswerStatus.Empty)]
    [InlineData("\" \\n\"", "stop", AnswerStatus.Empty)]
    public async Task All_tokens_gone_into_thoughts_leave_no_answer(string content, string finish, AnswerStatus status)
    {
        string message = $$"""{"content": {{content}}, "reasoning_content": "Let me think"}""";
        AnswerReading reading = (
            await AskAsync(Choices($$"""{"message": {{message}}, "finish_reason": "{{finish}}"}"""))
        ).Read();
        Assert.Equal((status, true), (reading.Status, reading.Blank));
        Assert.Equal("Let me think", reading.Thinking);
    }

    [Fact]
    public async Task A_refusal_is_no_answer()
    {
        AnswerReading reading = (
            await AskAsync(Choices("""{"message": {"content": null, "refusal": "I will not."}, "finish_reason": "stop"}"""))
        ).Read();
        Assert.Equal(("I will not.", AnswerStatus.Refused), (reading.Text, reading.Status));
    }

    [Theory]
    [InlineData("\"created\": 1700000000.123")]
    [InlineData("\"created\": \"1700000000\"")]
    [InlineData("\"created\": null, \"service_tier\": \"on_demand\", \"object\": 5, \"model\": null")]
    [InlineData("\"usage\": null")]
    [InlineData("\"usage\": {\"prompt_tokens\": 5, \"completion_tokens\": null, \"prompt_tokens_details\": null}")]
    [InlineData("\"usage\": {\"prompt_tokens\": \"5\", \"completion_tokens\": 7.0}")]
    [InlineData("\"usage\": []")]
    [InlineData("\"prompt_logprobs\": [null, {\"1\": {\"logprob\": -Infinity}}], \"kv\": NaN")]
    [InlineData("\"error\": null, \"detail\": null, \"errors\": []")]
    public async Task What_is_odd_beside_the_answer_does_not_hurt_it(string more)
    {
        string choice = Body("content", $"\"{Text}\"", "\"stop\"")[1..];
        Answer answer = await AskAsync($"{{{more}, {choice}");
        Assert.Equal((Text, AnswerStatus.Complete), (answer.Text, answer.Read().Status));
    }

    [Fact]
    public async Task Of_several_choices_the_first_counts_wherever_it_stands()
    {
        Answer answer = await AskAsync(Choices(
            """{"index": 1, "message": {"content": "second"}}, {"index": 0, "message": {"content": "first"}}"""));
        Assert.Equal("first", answer.Text);
    }

    [Theory]
    [InlineData(200, "{\"error\": {\"message\": \"Provider returned error\", \"code\": 502}}", "Provider returned error")]
    [InlineData(200, "{\"error\": \"the model is loading\"}", "the model is loading")]
    [InlineData(200, "{\"object\": \"error\", \"message\": \"engine is dead\", \"code\": 500}", "engine is dead")]
    [InlineData(200, "{\"choices\": []}", "choices is empty")]
    [InlineData(200, "{\"choices\": null}", "no choices")]
    [InlineData(200, "{\"choices\": [{\"finish_reason\": \"stop\"}]}", "no message")]
    [InlineData(200, "{\"choices\": [{\"message\": null}]}", "no message")]
    [InlineData(200, "{}", "no choices")]
    [InlineData(200, "[]", "no object")]
    [InlineData(200, "", "the body is empty")]
    [InlineData(200, "{\"id\": \"x\", \"choices\": [{\"mess", "{\"id\": \"x\"")]
    [InlineData(200, "<html><head><title>Sign in</title></head><body>x</body></html>", "a page of HTML: Sign in")]
    [InlineData(500, "Internal Server Error", "Internal Server Error")]
    [InlineData(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", "502 Bad Gateway")]
    [InlineData(503, "", "the body is empty")]
    [InlineData(504, "upstream\r\nrequest\u001b[2J timeout", "upstream request [2J timeout")]
    public async Task What_may_pass_is_asked_again_and_reported_in_the_servers_words(int status, string body, string words)
    {
        TransientFaultException fault = await Assert.ThrowsAsync<TransientFaultException>(
            () => AskAsync(new Reply(status, body)));
        Assert.Contains(words, fault.Message);
        Assert.Contains("(model served)", fault.Message);
        Assert.Contains("http://127.0.0.1", fault.Message);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(Text, (await AskAsync(new Reply(status, body), Whole())).Text);
    }

    [Theory]
    [InlineData(400, "{\"error\": {\"message\": \"maximum context length is 512\"}}", "maximum context length is 512")]
    [InlineData(400, "{\"object\": \"error\", \"message\": \"too long\", \"code\": 400}", "too long")]
    [InlineData(404, "{\"detail\": \"Not Found\"}", "Not Found")]
    [InlineData(404, "{\"error\": \"model 'x' not found, try pulling it first\"}", "try pulling it first")]
    [InlineData(422, "{\"detail\": [{\"loc\": [\"body\", \"messages\"], \"msg\": \"field required\"}]}",
        "body.messages: field required")]
    [InlineData(422, "{\"object\": \"error\", \"message\": {\"detail\": [{\"loc\": [\"body\", \"n\"], \"msg\": \"no\"}]}}",
        "body.n: no")]
    [InlineData(400, "{\"errors\": [{\"message\": \"one\"}, {\"message\": \"two\"}]}", "one; two")]
    [InlineData(403, "Forbidden", "Forbidden")]
    [InlineData(413, "{\"message\": \"Payload too large\"}", "Payload too large")]
    [InlineData(200, "{\"error\": {\"message\": \"no such model\", \"code\": 404}}", "no such model")]
    [InlineData(200, "{\"error\": {\"message\": \"E\", \"code\": 400, \"metadata\": {\"raw\": \"{\\\"detail\\\": \\\"deep\\\"}\"}}}",
        "E; deep")]
    [InlineData(429, "{\"error\": {\"message\": \"You exceeded your quota\", \"code\": \"insufficient_quota\"}}",
        "You exceeded your quota")]
    public async Task What_waiting_cannot_mend_is_reported_at_once(int status, string body, string words)
    {
        RefusedCallException fault = await Assert.ThrowsAsync<RefusedCallException>(
            () => AskAsync(new Reply(status, body), Whole()));
        Assert.Contains(words, fault.Message);
        Assert.Contains("(model served)", fault.Message);
    }

    [Theory]
    [InlineData(422, "{\"detail\": [{\"type\": \"extra_forbidden\", \"loc\": [\"body\", \"max_tokens\"], \"msg\": \"Extra inputs\"}]}")]
    [InlineData(400, "{\"error\": {\"message\": \"Unsupported parameter: 'max_tokens' is not supported with this model. "
        + "Use 'max_completion_tokens' instead.\"}}")]
    public async Task A_server_that_refuses_one_name_of_the_limit_is_asked_by_the_other_from_then_on(int status, string body)
    {
        using LoopbackServer server = new(i => i == 0 ? new Reply(status, body) : Whole());
        using EndpointChatClient client = new(server.Endpoint);
        ChatOptions options = new() { MaxOutputTokens = 9 };
        Assert.Equal(Text, (await client.GetResponseAsync("hi", options)).Text);
        Assert.Equal(Text, (await client.GetResponseAsync("hi", options)).Text);
        Assert.Equal(
            ["max_tokens", "max_completion_tokens", "max_completion_tokens"],
            server.Requests.Select(request => request["max_tokens"] is null ? "max_completion_tokens" : "max_tokens"));
        Assert.All(server.Requests, request => Assert.Equal(9, (int)(request["max_tokens"] ?? request["max_completion_tokens"])!));
    }

    [Theory]
    [InlineData("'max_tokens' is too large: 5000. This model's maximum context length is 512 tokens.", 1)]
    [InlineData("'max_tokens' is invalid: 5000 is too large.", 2)]
    public async Task A_limit_that_is_too_large_is_reported_and_changes_no_name(string words, int requests)
    {
        Reply refusal = new(400, new JsonObject { ["error"] = new JsonObject { ["message"] = words } }.ToJsonString());
        using LoopbackServer server = new(_ => refusal);
        using EndpointChatClient client = new(server.Endpoint);
        RefusedCallException fault = await Assert.ThrowsAsync<RefusedCallException>(
            () => client.GetResponseAsync("hi", new ChatOptions { MaxOutputTokens = 5000 }));
        Assert.Contains("too large", fault.Message);
        Assert.Equal(requests, server.Requests.Count);
        await Assert.ThrowsAsync<RefusedCallException>(
            () => client.GetResponseAsync("hi", new ChatOptions { MaxOutputTokens = 5000 }));
        Assert.NotNull(server.Requests.ElementAt(requests)["max_tokens"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(77)]
    [InlineData(int.MaxValue)]
    [InlineData(1L << 31)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public async Task Seeds_fit_into_31_bits(long seed)
    {
        using LoopbackServer server = new(_ => Whole());
        using EndpointChatClient client = new(server.Endpoint);
        await client.GetResponseAsync("hi", new ChatOptions { Seed = seed });
        long sent = (long)Assert.Single(server.Requests)["seed"]!;
        Assert.InRange(sent, 0, int.MaxValue);
        Assert.Equal(seed is >= 0 and <= int.MaxValue, sent == seed);
    }

    [Fact]
    public async Task Half_an_emoji_in_a_prompt_is_sent_as_a_replacement_character()
    {
        using LoopbackServer server = new(_ => Whole());
        using EndpointChatClient client = new(server.Endpoint);
        await client.GetResponseAsync("half \ud83d");
        Assert.Equal("half \uFFFD", (string?)Assert.Single(server.Requests)["messages"]![0]!["content"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Words_are_weighed_where_thoughts_come_apart_whether_or_not_their_tokens_do(bool all)
    {
        string thought = all ? Token("hm", "") + ", " : "";
        string tokens = $"{thought}{Token("so: ", "")}, "
            + Token("no", """{"token": "no", "logprob": -1.5}, {"token": "yes", "logprob": -0.5}, {"token": "x", "logprob": NaN}""");
        string choice = $$$"""
            {"message": {"content": "so: no", "reasoning_content": "hm"}, "finish_reason": "stop", "logprobs": {"content": [{{{tokens}}}]}}
            """;
        using LoopbackServer server = new(_ => new Reply(200, Choices(choice)));
        using CallSession session = new(1, 1);
        ModelCaller caller = new(new EndpointChatClient(server.Endpoint), session);
        Answer answer = await caller.AskWeighedAsync(
            "k", "x", new Sampling(0, 1, 9), _ => new Alternatives(4, ["yes", "no"]), default);
        Assert.Equal(1 / (1 + Math.Exp(-1)), answer.Probability!.Value, 6);
        Assert.Equal(("so: no", "hm"), (answer.Read().Text, answer.Read().Thinking));

        static string Token(string text, string top) =>
            $$"""{"token": "{{text}}", "logprob": -0.1, "bytes": null, "top_logprobs": [{{top}}]}""";
    }

    private static Reply Whole() => LoopbackServer.Says(Text);

    private static string Choices(string choices) => $$"""{"choices": [{{choices}}]}""";

    private static string Body(string name, string content, string finish) =>
        Choices($$"""{"message": {"role": "assistant", "{{name}}": {{content}}}, "finish_reason": {{finish}}}""");

    private static Task<Answer> AskAsync(string body, Reply? then = null) => AskAsync(new Reply(200, body), then);

    private static async Task<Answer> AskAsync(Reply reply, Reply? then = null)
    {
        using LoopbackServer server = new(i => i == 0 || then is null ? reply : then);
        using IChatClient client = PooledChatClient.Open(
            [server.Endpoint], new PoolOptions { Retry = new RetryOptions { Retries = 2 } }, new ImpatientTime());
        return (await client.GetResponseAsync("hi", new ChatOptions { MaxOutputTokens = 9 })).ToAnswer();
    }
}
