using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Spar.Ground;

namespace Spar.Web.Mock;

/// <summary>
/// A server of OpenAI's chat interface on this machine, for trying recipes without a model: seeded answers in the format
/// that prompt sets ask for, latencies, slots, and faults as planned. What it saw stands under <c>/stats</c>.
/// </summary>
public sealed class MockServer : IAsyncDisposable
{
    private readonly MockOptions _options;
    private readonly MockAnswers _answers;
    private WebApplication? _app;

    private MockServer(MockOptions options)
    {
        _options = options;
        _answers = new MockAnswers(options);
    }

    /// <summary>Its base address, such as http://127.0.0.1:8000/v1.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>What it has seen and done.</summary>
    public MockCounts Counts { get; } = new();

    /// <summary>Starts a server.</summary>
    /// <param name="options">What it is like.</param>
    /// <exception cref="UserFaultException">The port is taken.</exception>
    public static async Task<MockServer> StartAsync(MockOptions options)
    {
        MockServer server = new(options);
        await server.StartAsync(options.Port).ConfigureAwait(false);
        return server;
    }

    /// <summary>Goes away, with whatever is in hand.</summary>
    public async Task StopAsync()
    {
        if (_app is { } app)
        {
            _app = null;
            using CancellationTokenSource now = new();
            await now.CancelAsync().ConfigureAwait(false);
            await app.StopAsync(now.Token).ConfigureAwait(false);
            await app.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Comes back on the same port.</summary>
    /// <exception cref="UserFaultException">The port was taken meanwhile.</exception>
    public Task RestartAsync() => StartAsync(Address.Port);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    private async Task StartAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
        });
        WebApplication app = builder.Build();
        app.MapGet("/health", () => Results.Ok());
        app.MapGet("/stats", () => Results.Text(Counts.ToJson().ToJsonString(), "application/json"));
        app.MapGet("/v1/models", ModelsAsync);
        app.MapPost("/v1/chat/completions", ChatAsync);
        try
        {
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (IOException fault)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new UserFaultException(
                string.Create(CultureInfo.InvariantCulture, $"The mock server cannot listen on port {port}: ")
                + fault.Message.TrimEnd('.') + ".",
                "Name another --port.",
                fault);
        }

        _app = app;
        Address = new Uri($"{app.Urls.First().TrimEnd('/')}/v1");
    }

    private Task ModelsAsync(HttpContext context) => !KeyFits(context)
        ? WriteAsync(context, 401, Error("Incorrect API key provided"))
        : WriteAsync(context, 200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray(
                [.. _options.Models.Select(model => new JsonObject { ["id"] = model, ["object"] = "model" })]),
        });

    private async Task ChatAsync(HttpContext context)
    {
        if (!KeyFits(context))
        {
            Counts.Fault("401");
            await WriteAsync(context, 401, Error("Incorrect API key provided")).ConfigureAwait(false);
            return;
        }

        MockRequest? request = await MockRequest.ReadAsync(context.Request.Body, context.RequestAborted)
            .ConfigureAwait(false);
        if (request is null || !_options.Models.Contains(request.Model))
        {
            int refusal = request is null ? 400 : 404;
            Counts.Fault(refusal.ToString(CultureInfo.InvariantCulture));
            await WriteAsync(context, refusal, Error(request is null
                ? "this is no request for a chat completion, or one for a stream"
                : $"The model `{request.Model}` does not exist.")).ConfigureAwait(false);
            return;
        }

        ulong call = request.Identity;
        int before = Counts.Came(call);
        _options.Asked?.Invoke(Counts.Requests);
        (MockFault fault, int status) = _options.Faults.Draw(
            SeededRandom.DoubleAt(_options.FaultSeed ^ call, before));
        int choices = _options.ManyChoices ? request.Choices : 1;
        if (fault == MockFault.None && !Counts.Take(choices, _options.Slots))
        {
            (fault, status) = (MockFault.Status, 429);
        }

        if (fault != MockFault.None)
        {
            Counts.Fault(
                fault == MockFault.Status
                    ? status.ToString(CultureInfo.InvariantCulture)
                    : fault.ToString().ToLowerInvariant());
            await FailAsync(context, fault, status).ConfigureAwait(false);
            return;
        }

        try
        {
            (string Text, int Tokens, string Finish)[] answers =
            [
                .. Enumerable.Range(0, choices).Select(i =>
                    _answers.Answer(request.Prompt, request.Sampling, i, request.MostTokens)),
            ];
            TimeSpan taken = _options.Latency + (_options.Token * answers.Max(answer => answer.Tokens));
            Counts.Spend(taken * choices);
            if (taken > TimeSpan.Zero)
            {
                await Task.Delay(taken, _options.Time, context.RequestAborted).ConfigureAwait(false);
            }

            await WriteAsync(context, 200, MockAnswers.Completion(
                $"mock-{call:x16}", request.Model, request.Prompt.Length / 4, answers)).ConfigureAwait(false);
            Counts.Answer(call, choices);
        }
        catch (OperationCanceledException)
        {
            Counts.Fault("given up by the client");
        }
        finally
        {
            Counts.Free(choices);
        }
    }

    private async Task FailAsync(HttpContext context, MockFault fault, int status)
    {
        switch (fault)
        {
            case MockFault.Hang:
                TaskCompletionSource gone = new();
                using (context.RequestAborted.UnsafeRegister(_ => gone.TrySetResult(), null))
                {
                    await gone.Task.ConfigureAwait(false);
                }

                break;
            case MockFault.Cut:
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("{\"choices\": [{\"mess").ConfigureAwait(false);
                await context.Response.Body.FlushAsync().ConfigureAwait(false);
                context.Abort();
                break;
            case MockFault.Empty:
                context.Response.StatusCode = 200;
                break;
            case MockFault.Html:
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync("<html><head><title>Gateway</title></head><body>soon</body></html>")
                    .ConfigureAwait(false);
                break;
            case MockFault.Choices:
                await WriteAsync(context, 200, new JsonObject { ["choices"] = new JsonArray() }).ConfigureAwait(false);
                break;
            default:
                if (_options.RetryAfter is { } wait && status is 429 or 503)
                {
                    context.Response.Headers.RetryAfter =
                        Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
                }

                await WriteAsync(context, status, Error("as planned")).ConfigureAwait(false);
                break;
        }
    }

    private bool KeyFits(HttpContext context) =>
        _options.ApiKey is null || context.Request.Headers.Authorization == $"Bearer {_options.ApiKey}";

    private static JsonObject Error(string message) => new()
    {
        ["error"] = new JsonObject { ["message"] = message, ["type"] = "mock_error" },
    };

    private static async Task WriteAsync(HttpContext context, int status, JsonObject body)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(body.ToJsonString(JsonSettings.Compact));
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes).ConfigureAwait(false);
    }
}
