using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Spar.Cli.Assistants;
using Spar.Engine.Inference;
using Spar.Runtime.Embedded;
using Spar.Templates;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>The tools as an assistant calls them, with the protocol's own client.</summary>
public sealed class McpTests
{
    private const string Asked = "write a line about the sea. use exactly 6 words.";

    [Fact]
    public async Task An_assistant_judges_refines_searches_and_verifies()
    {
        using IChatClient model = await new EmbeddedModelHost(new EngineOptions { Threads = 2 }).OpenAsync(
            Path.Combine(SharedData.ProjectRoot, "models", "nano"), CancellationToken.None);
        Pipe toServer = new(), toClient = new();
        using CancellationTokenSource end = new();
        Task server = AssistantServer.RunAsync(
            new AssistantTools(model, model, TemplateSet.Load("compact"), votes: 3), toServer.Reader.AsStream(),
            toClient.Writer.AsStream(), end.Token);
        await using (McpClient client = await McpClient.CreateAsync(
            new StreamClientTransport(toServer.Writer.AsStream(), toClient.Reader.AsStream())))
        {
            Assert.Equal(
                ["judge", "refine", "search", "verify"],
                (await client.ListToolsAsync()).Select(tool => tool.Name).Order(StringComparer.Ordinal));
            JsonNode judged = await CallAsync(
                client, "judge", new() { ["instruction"] = Asked, ["response"] = "a crab." });
            Assert.False((bool)judged["passes"]!);
            Assert.Contains("words", (string?)judged["critique"], StringComparison.Ordinal);
            JsonNode refined = await CallAsync(
                client, "refine", new() { ["instruction"] = Asked, ["response"] = "a crab hides." });
            Assert.NotEmpty((string)refined["refined"]!);
            JsonNode found = await CallAsync(client, "search", new() { ["instruction"] = Asked });
            Assert.True((double)found["value"]! > 0.5);
            JsonNode again = await CallAsync(client, "search", new() { ["instruction"] = Asked });
            Assert.Equal((string?)found["response"], (string?)again["response"]);
            JsonNode verified = await CallAsync(client, "verify", new()
            {
                ["response"] = "The sea, and so on.",
                ["instructionIds"] = new[] { "punctuation:no_comma", "keywords:existence" },
                ["kwargs"] = new object[] { new { }, new { keywords = new[] { "sea" } } },
            });
            Assert.False((bool)verified["followed"]!);
            Assert.True((bool)verified["checks"]![1]!["followed"]!);

            CallToolResult fault = await client.CallToolAsync(
                "verify", new Dictionary<string, object?> { ["response"] = "a", ["instructionIds"] = new[] { "x:y" } });
            Assert.True(fault.IsError);
            Assert.Contains("x:y", ((TextContentBlock)fault.Content[0]).Text, StringComparison.Ordinal);
        }

        await end.CancelAsync();
        await Task.WhenAny(server);
    }

    private static async Task<JsonNode> CallAsync(
        McpClient client, string tool, Dictionary<string, object?> arguments)
    {
        CallToolResult result = await client.CallToolAsync(tool, arguments);
        string text = ((TextContentBlock)result.Content[0]).Text;
        Assert.False(result.IsError is true, text);
        return JsonNode.Parse(text)!;
    }
}
