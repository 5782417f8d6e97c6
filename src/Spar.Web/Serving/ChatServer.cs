using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>
/// A server with OpenAI's interface: chat completions, completions, responses (without state), models; and health and
/// metrics. What is asked of it is data: nothing of a request is run, stored or logged.
/// </summary>
public sealed class ChatServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ServerMetrics _metrics = new();
    private readonly ConcurrencyLimiter _places;

    private ChatServer(ServedNames models, ServerOptions options, TimeProvider time, Action<string> report)
    {
        _places = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = options.MaxConcurrency,
            QueueLimit = options.MaxWaiting,
        });
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // The endpoints have their own limit.
            kestrel.Listen(options.Address, options.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("spar"))
            .WithMetrics(metrics => metrics.AddMeter(ServerMetrics.Name).AddPrometheusExporter());
        _app = builder.Build();
        _app.Use((context, next) => GuardAsync(context, next, report));
        _app.Use(new AccessCheck(options).InvokeAsync);
        _app.UseRouting();
        CompletionEndpoints completions = new(models, _places, options.MaxBodyBytes, _metrics, time);
        _app.MapPost("/v1/chat/completions", completions.ChatAsync);
        _app.MapPost("/v1/completions", completions.TextAsync);
        _app.MapPost("/v1/responses", completions.RespondAsync);
        long begun = time.GetUtcNow().ToUnixTimeSeconds();
        _app.MapGet("/v1/models", context => WriteAsync(context, 200, new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. models.Names.Select(name => Model(name, begun))]),
        }));
        _app.MapGet("/v1/models/{**name}", context =>
        {
            string name = (string)context.GetRouteValue("name")!;
            models.Find(name);
            return WriteAsync(context, 200, Model(name, begun));
        });
        _app.MapGet("/health", context => WriteAsync(context, 200, new JsonObject { ["status"] = "ok" }));
        _app.MapPrometheusScrapingEndpoint("/metrics");
        _app.MapFallback(context => throw new ApiFaultException(
            404, $"There is nothing at {context.Request.Method} {context.Request.Path}."));
    }

    /// <summary>The address that clients take, such as http://127.0.0.1:8000/v1.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Begins to serve.</summary>
    /// <param name="models">Who answers.</param>
    /// <param name="options">Where, for whom, and how much.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Told of faults of the server's own, in a line each; may be called from many threads.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UserFaultException">The port is taken, or the address is not this machine's.</exception>
    public static async Task<ChatServer> StartAsync(
        ServedNames models, ServerOptions options, TimeProvider time, Action<string> report,
        CancellationToken cancellationToken)
    {
        ChatServer server = new(models, options, time, report);
        try
        {
            await server._app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is IOException or System.Net.Sockets.SocketException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new UserFaultException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Nothing can be served at {options.Address}, port {options.Port}: "
                    + $"{(fault.InnerException ?? fault).Message.TrimEnd('.')}."),
                "Give another port.",
                fault);
        }

        string bound = server._app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
        server.Address = $"{bound}/v1";
        return server;
    }

    /// <summary>Takes no more requests, waits for those in hand (30 s at most), and frees the port.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        await _places.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
    }

    /// <summary>Writes a JSON answer.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status of HTTP.</param>
    /// <param name="json">The body.</param>
    internal static async Task WriteAsync(HttpContext context, int status, JsonObject json)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        byte[] body = Encoding.UTF8.GetBytes(json.ToJsonString(JsonSettings.Compact));
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject Model(string name, long begun) => new()
    {
        ["id"] = name,
        ["object"] = "model",
        ["created"] = begun,
        ["owned_by"] = "spar",
    };

    // Whatever goes wrong ends here, as an answer in the interface's shape.
    private static async Task GuardAsync(HttpContext context, RequestDelegate next, Action<string> report)
    {
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has left; there is nobody to tell.
        }
        catch (Exception fault)
        {
            ApiFaultException told = Told(fault);
            if (told.Status >= 500 && fault is not UserFaultException)
            {
                report($"{context.Request.Path}: {fault.GetType().Name}: {fault.Message}");
            }

            JsonObject json = Replies.Fault(told);
            if (context.Response.HasStarted)
            {
                await new EventStream(context).WriteAsync(json).ConfigureAwait(false);
                return;
            }

            if (told.Status == 429)
            {
                context.Response.Headers.RetryAfter = "1";
            }

            await WriteAsync(context, told.Status, json).ConfigureAwait(false);
        }
    }

    private static ApiFaultException Told(Exception fault) => fault switch
    {
        ApiFaultException told => told,
        BadHttpRequestException bad => new ApiFaultException(bad.StatusCode, bad.Message),
        RefusedCallException refused => new ApiFaultException(refused.Status, refused.Message),
        TransientFaultException passing => new ApiFaultException(503, passing.Message),
        UserFaultException mine => new ApiFaultException(400, mine.Message),
        _ => new ApiFaultException(500, "The server made a mistake; its own output says more.", null, "internal_error"),
    };
}
