using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Spar.Web.Mock;

namespace Spar.Cli.Tests;

/// <summary>What a run sends to a receiver of OTLP, in a process of its own, for its environment names the receiver.</summary>
public sealed class TelemetryTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-telemetry").FullName;
    private readonly ConcurrentDictionary<string, StringBuilder> _received = new(StringComparer.Ordinal);
    private WebApplication? _receiver;

    public async ValueTask DisposeAsync()
    {
        await (_receiver?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_sends_its_stages_calls_and_servers_and_texts_only_where_they_are_asked_for(bool texts)
    {
        await using MockServer server = await MockServer.StartAsync(
            new MockOptions { Tokens = 6, Faults = FaultPlan.Parse("500=10%"), FaultSeed = 3 });
        string address = await ReceiveAsync();
        string recipe = Path.Combine(_folder, "recipe.yaml");
        await File.WriteAllTextAsync(
            recipe,
            $$"""
            base_model: {{server.Address}}#mock
            prompt_set: compact
            iterations: 1
            actor_sft: { epochs: 0 }
            refiner_sft: { epochs: 0 }
            dpo: { epochs: 0 }
            rft: { epochs: 0 }
            prompts_per_iteration: 8
            responses: 2
            votes: 1
            respond: { max_tokens: 64 }
            judge: { max_tokens: 64 }
            refine: { max_tokens: 64 }
            search: { branch: 1, max_depth: 1 }
            nano: { held_out_prompts: 2, held_out_repairs: 1 }
            """,
            TestContext.Current.CancellationToken);
        (int code, string messages) = await RunAsync(
            ["run", recipe, "--output", Path.Combine(_folder, "run")],
            ("OTEL_EXPORTER_OTLP_ENDPOINT", address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", texts ? "true" : "false"));
        Assert.True(code == 0, messages);
        string traces = _received["/v1/traces"].ToString();
        foreach (string word in (string[])["spar run", "stage play-1", "chat mock", "gen_ai.usage.output_tokens", "server.port", "error.type"])
        {
            Assert.Contains(word, traces, StringComparison.Ordinal);
        }

        Assert.Equal(texts, traces.Contains("gen_ai.input.messages", StringComparison.Ordinal));
        string metrics = _received["/v1/metrics"].ToString();
        foreach (string word in (string[])[
            "gen_ai.client.operation.duration", "gen_ai.client.token.usage", "spar.endpoint.limit", "spar.endpoint.calls",
            "spar.endpoint.faults"])
        {
            Assert.Contains(word, metrics, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_receiver_that_is_no_address_is_warned_of_and_nothing_more()
    {
        (int code, string messages) = await RunAsync(["env"], ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"));
        Assert.Equal(0, code);
        Assert.Equal(1, messages.Split("OTEL_EXPORTER_OTLP_ENDPOINT is no address").Length - 1);
    }

    private async Task<string> ReceiveAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _receiver = builder.Build();
        _receiver.MapPost("/{**path}", async context =>
        {
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            StringBuilder all = _received.GetOrAdd(context.Request.Path.Value!, _ => new StringBuilder());
            lock (all)
            {
                all.Append(Encoding.Latin1.GetString(body.ToArray()));
            }
        });
        await _receiver.StartAsync(TestContext.Current.CancellationToken);
        return _receiver.Urls.First();
    }

    private static async Task<(int Code, string Messages)> RunAsync(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new("dotnet", [typeof(CommandLine).Assembly.Location, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string messages = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await output;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, messages);
    }
}
