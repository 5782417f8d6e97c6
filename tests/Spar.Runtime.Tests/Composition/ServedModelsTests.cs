using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Fleet;
using Spar.Runtime.Models;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>Servers as recipes write them: what is sent, what is refused, what a run's identity has of them.</summary>
public sealed class ServedModelsTests : IDisposable
{
    private const string Variable = "SPAR_TEST_SERVER_KEY";

    public ServedModelsTests() => Environment.SetEnvironmentVariable(Variable, "sesame-123");

    public void Dispose() => Environment.SetEnvironmentVariable(Variable, null);

    [Fact]
    public async Task A_pool_sends_its_key_headers_and_members_and_nothing_of_the_environment_shows()
    {
        Environment.SetEnvironmentVariable("SPAR_TEST_TEAM", "team-secret");
        using LoopbackServer server = new(_ => LoopbackServer.Says("yes"));
        RunRecipe recipe = await ReadAsync(
            $$"""
            base_model: pool://llama
            servers:
              endpoints:
                - name: llama
                  addresses: [{{server.Address}}]
                  model: served
                  key_variable: {{Variable}}
                  headers: ["X-Team: $SPAR_TEST_TEAM", "X-Job: night"]
                  body: '{"chat_template_kwargs": {"enable_thinking": false}, "top_k": 20}'

            """);
        Assert.Equal("pool://llama#served", recipe.Method.BaseModel);
        Assert.Equal("Bearer sesame-123", server.Headers["Authorization"]);
        Assert.Equal(("team-secret", "night"), (server.Headers["X-Team"], server.Headers["X-Job"]));
        Assert.Equal(20, (int)server.Requests.Single()["top_k"]!);
        Assert.False((bool)server.Requests.Single()["chat_template_kwargs"]!["enable_thinking"]!);
        string[] shown = [RecipeText.Resolved(recipe), .. RunIdentities.Of(recipe).Values.Values];
        Assert.All(shown, text => Assert.DoesNotContain("secret", text, StringComparison.Ordinal));
        Assert.All(shown, text => Assert.DoesNotContain("sesame", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Addresses_ports_weights_and_names_of_pools_are_no_part_of_a_runs_identity_but_what_is_sent_is()
    {
        using LoopbackServer one = new(_ => LoopbackServer.Says("yes"));
        using LoopbackServer two = new(_ => LoopbackServer.Says("yes"));
        RunRecipe plain = await ReadAsync($"base_model: {one.Address}#served\n");
        RunRecipe both = await ReadAsync($"base_model: {two.Address},{one.Address}#served\n");
        RunRecipe pool = await ReadAsync(Pool("a", two, "weight: 3"));
        RunRecipe sent = await ReadAsync(Pool("a", two, "body: '{\"top_k\": 20}'"));
        RunRecipe blanks = await ReadAsync(Pool("b", one, "body: '{ \"top_k\":20 }'"));
        RunRecipe other = await ReadAsync(Pool("a", two, "body: '{\"top_k\": 30}'"));
        Assert.Empty(RunIdentities.Of(plain).DifferencesFrom(RunIdentities.Of(both)));
        Assert.Empty(RunIdentities.Of(plain).DifferencesFrom(RunIdentities.Of(pool)));
        Assert.Empty(RunIdentities.Of(sent).DifferencesFrom(RunIdentities.Of(blanks)));
        Assert.NotEmpty(RunIdentities.Of(pool).DifferencesFrom(RunIdentities.Of(sent)));
        Assert.NotEmpty(RunIdentities.Of(other).DifferencesFrom(RunIdentities.Of(sent)));
    }

    [Theory]
    [InlineData("key_variable: SPAR_TEST_ABSENT", "the environment variable SPAR_TEST_ABSENT is not set")]
    [InlineData("headers: ['Authorization: Bearer sk-very-secret']", "the header Authorization holds a secret")]
    [InlineData("headers: ['X-Team']", "a header is written as 'Name: value'")]
    [InlineData("headers: ['X-Team: $SPAR_TEST_ABSENT']", "SPAR_TEST_ABSENT is not set")]
    [InlineData("body: '{top_k: 20}'", "it is no JSON")]
    [InlineData("body: '[1]'", "it must be an object")]
    [InlineData("body: '{\"seed\": 3, \"n\": 2}'", "seed, n cannot be set here")]
    [InlineData("concurrency: 0", "must be between 1 and 1000000")]
    [InlineData("weight: 0", "must be above 0 and at most")]
    public async Task What_cannot_be_sent_is_refused_before_the_run(string key, string words)
    {
        using LoopbackServer server = new(_ => LoopbackServer.Says("yes"));
        string message = await FaultAsync(Pool("a", server, key));
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.Contains("servers.endpoints.0", message, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pool_that_is_not_there_and_an_address_with_a_model_are_named()
    {
        Assert.Contains("there is no pool 'b'", await FaultAsync("base_model: pool://b\n"), StringComparison.Ordinal);
        string message = await FaultAsync(
            "base_model: pool://a\nservers: { endpoints: [{ name: a, addresses: ['http://h:1/v1#m'] }] }\n");
        Assert.Contains("must be one server's address alone", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_with_one_model_is_asked_for_its_name_and_one_with_several_lists_them()
    {
        using LoopbackServer server = new(_ => LoopbackServer.Says("yes"));
        Assert.Equal(
            $"{server.Address}#served", (await ReadAsync($"base_model: {server.Address}\n")).Method.BaseModel);
        Assert.Equal("pool://a#served", (await ReadAsync(Pool("a", server, null, model: false))).Method.BaseModel);
        using IChatClient client = await ModelHosts.Create(1, 1).OpenAsync($"{server.Address}", default);
        Assert.Equal("served", client.GetService<ChatClientMetadata>()!.DefaultModelId);

        server.Models = () => new Reply(200, """{"data": [{"id": "base"}, {"id": "lora-1"}]}""");
        string message = await FaultAsync($"base_model: {server.Address}\n");
        Assert.Contains("serves 2 models: base, lora-1", message, StringComparison.Ordinal);
        Assert.Contains($"as in {server.Address}#base", message, StringComparison.Ordinal);
        server.Models = () => new Reply(404, """{"detail": "Not Found"}""");
        Assert.Contains("does not say which models it serves", await FaultAsync($"base_model: {server.Address}\n"),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_server_of_a_pool_is_enough_to_begin_with()
    {
        using LoopbackServer server = new(_ => LoopbackServer.Says("yes"));
        string gone = $"http://127.0.0.1:{FreePort.Next()}/v1";
        (_, IReadOnlyList<string> warnings) = await Preflight.ReadAsync(
            RecipeDocument.Parse($"base_model: {server.Address},{gone}#served\n{Untrained}", "r"), ".", default);
        Assert.Contains(gone, Assert.Single(warnings), StringComparison.Ordinal);
        Assert.Contains("cannot be reached", await FaultAsync($"base_model: {gone}#served\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_a_flood_not_read_to_its_end()
    {
        using LoopbackServer trap = new(_ => LoopbackServer.Says("stolen"));
        using LoopbackServer server = new(i => i == 0
            ? new Reply(307, "", Location: $"{trap.Address}/chat/completions")
            : new Reply(500, new string('x', 3 << 20)));
        using EndpointChatClient client = new(server.Endpoint);
        RefusedCallException redirect = await Assert.ThrowsAsync<RefusedCallException>(() => client.GetResponseAsync("x"));
        Assert.Contains(trap.Address.ToString(), redirect.Message, StringComparison.Ordinal);
        Assert.Empty(trap.Requests);
        TransientFaultException flood = await Assert.ThrowsAsync<TransientFaultException>(() => client.GetResponseAsync("x"));
        Assert.InRange(flood.Message.Length, 100, 1000);
    }

    private const string Untrained =
        "prompt_set: compact\nactor_sft: { epochs: 0 }\nrefiner_sft: { epochs: 0 }\ndpo: { epochs: 0 }\nrft: { epochs: 0 }\n";

    private static string Pool(string name, LoopbackServer server, string? key, bool model = true) =>
        $"base_model: pool://{name}\nservers:\n  endpoints:\n    - name: {name}\n      addresses: [{server.Address}]\n"
        + $"{(model ? "      model: served\n" : "")}{(key is null ? "" : $"      {key}\n")}";

    private static async Task<RunRecipe> ReadAsync(string recipe) =>
        (await Preflight.ReadAsync(RecipeDocument.Parse(recipe + Untrained, "r"), ".", default)).Recipe;

    private static async Task<string> FaultAsync(string recipe) =>
        (await Assert.ThrowsAnyAsync<UserFaultException>(() => ReadAsync(recipe))).Message;
}
