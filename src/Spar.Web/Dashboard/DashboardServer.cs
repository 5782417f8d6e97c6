using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Spar.Ground;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Serving;

namespace Spar.Web.Dashboard;

/// <summary>
/// Pages of runs for a browser on this machine, also while the runs are at work: Razor components, rendered where they
/// are asked for, and a small script that asks again when something has changed. Responses of models are data: they
/// stand in the pages as text, and the pages run no script but that of the program.
/// </summary>
public sealed class DashboardServer : IAsyncDisposable
{
    private const string Policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private readonly WebApplication _app;
    private readonly DashboardSite _site;
    private readonly TimeProvider _time;

    private DashboardServer(DashboardSite site, int port, TimeProvider time, Action<string> report)
    {
        (_site, _time) = (site, time);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging();
        builder.Services.AddRazorComponents();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        _app = builder.Build();
        _app.Use((context, next) => GuardAsync(context, next, report));
        _app.Use(new AccessCheck(new ServerOptions { Address = IPAddress.Loopback, Port = port }).InvokeAsync);
        _app.UseRouting();
        Map();
    }

    /// <summary>The address to open, such as http://127.0.0.1:8010.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Opens runs and begins to show them.</summary>
    /// <param name="directories">The run directories, at least one.</param>
    /// <param name="port">The port at 127.0.0.1; 0 takes a free one.</param>
    /// <param name="tokens">Cuts training rows into tokens; null where nobody can.</param>
    /// <param name="time">The clock.</param>
    /// <param name="report">Is told of faults, in a line each; may be called from many threads.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UserFaultException">A directory holds no run that can be shown, or the port is taken.</exception>
    public static async Task<DashboardServer> StartAsync(
        IReadOnlyList<string> directories, int port, TokenReader? tokens, TimeProvider time, Action<string> report,
        CancellationToken cancellationToken)
    {
        List<WatchedRun> runs = [];
        DashboardServer? server = null;
        try
        {
            foreach (string directory in directories)
            {
                runs.Add(new WatchedRun(directory, Name(directory, runs), time, report));
            }

            server = new DashboardServer(new DashboardSite(runs, tokens), port, time, report);
            await server._app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            runs.ForEach(run => run.Dispose());
            if (server is not null)
            {
                await server._app.DisposeAsync().ConfigureAwait(false);
            }

            if (fault is IOException or System.Net.Sockets.SocketException)
            {
                throw new UserFaultException(
                    string.Create(CultureInfo.InvariantCulture, $"Nothing can be served at 127.0.0.1, port {port}: ")
                        + $"{(fault.InnerException ?? fault).Message.TrimEnd('.')}.",
                    "Give another port.",
                    fault);
            }

            throw;
        }

        server.Address = server._app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First();
        await server.WarmAsync(cancellationToken).ConfigureAwait(false);
        return server;
    }

    /// <summary>Ends what goes on, frees the port, closes the runs.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _site.Dispose();
    }

    // The first page of a process takes a fifth of a second for compiling; nobody should wait for that.
    private async Task WarmAsync(CancellationToken cancellationToken)
    {
        using HttpClient client = new();
        foreach (string page in (string[])["", "/training", "/prompts", "/calls"])
        {
            using HttpResponseMessage answer = await client
                .GetAsync(new Uri($"{Address}/runs/{_site.Runs[0].Name}{page}"), cancellationToken).ConfigureAwait(false);
        }
    }

    private void Map()
    {
        MapAsset("/style.css", "text/css; charset=utf-8", DashboardAssets.Style);
        MapAsset("/script.js", "text/javascript; charset=utf-8", DashboardAssets.Script);
        MapAsset("/icon.svg", "image/svg+xml", DashboardAssets.Icon);
        _app.MapGet("/", context => _site.Runs.Count == 1
            ? Redirect(context, $"/runs/{_site.Runs[0].Name}")
            : ShowAsync<RunsPage>(context, null, []));
        MapRun<OverviewPage>("", (_, _) => []);
        MapRun<TrainingPage>("/training", (_, _) => []);
        MapRun<JudgingPage>("/judging", (_, _) => []);
        MapRun<ServersPage>("/servers", (_, _) => []);
        MapRun<PromptsPage>("/prompts", (_, query) => new() { [nameof(PromptsPage.Query)] = Prompts(query) });
        MapRun<PairsPage>("/pairs", (_, query) => new()
        {
            [nameof(PairsPage.Iteration)] = Whole(query["iteration"]),
            [nameof(PairsPage.Kind)] = query["kind"].ToString(),
            [nameof(PairsPage.From)] = Whole(query["from"]),
        });
        MapRun<CallsPage>("/calls", (_, query) => new()
        {
            [nameof(CallsPage.Under)] = query["under"].ToString(),
            [nameof(CallsPage.After)] = query["after"].ToString(),
        });
        MapRun<CallPage>("/call", (run, query) => run.Store.FindCall(query["key"].ToString()) is { } call
            ? new() { [nameof(CallPage.Call)] = call } : null);
        _app.MapGet("/runs/{run}/prompts/{iteration:int}/{item:int}", context =>
        {
            int iteration = Whole(context.GetRouteValue("iteration")?.ToString());
            int item = Whole(context.GetRouteValue("item")?.ToString());
            WatchedRun? run = Run(context);
            return run?.Store.FindItem<PlayRecord>(StageNames.Play(iteration), item) is { } record
                ? ShowAsync<PromptPage>(context, run, new()
                {
                    [nameof(PromptPage.Iteration)] = iteration,
                    [nameof(PromptPage.Item)] = item,
                    [nameof(PromptPage.Record)] = record,
                })
                : MissingAsync(context, run, "There is no such prompt in the run.");
        });
        _app.MapGet("/runs/{run}/events", EventsAsync);
        _app.MapFallback(context => MissingAsync(context, null, "There is nothing at this address."));
    }

    private void MapAsset(string path, string type, byte[] bytes) => _app.MapGet(path, context =>
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    });

    private void MapRun<TPage>(string path, Func<WatchedRun, IQueryCollection, Dictionary<string, object?>?> parameters)
        where TPage : IComponent =>
        _app.MapGet($"/runs/{{run}}{path}", context =>
            Run(context) is not { } run ? MissingAsync(context, null, "There is no run of this name.")
            : parameters(run, context.Request.Query) is { } given ? ShowAsync<TPage>(context, run, given)
            : MissingAsync(context, run, "There is no such call in the run."));

    private WatchedRun? Run(HttpContext context)
    {
        string name = (string)context.GetRouteValue("run")!;
        return _site.Runs.FirstOrDefault(run => run.Name == name);
    }

    private Task ShowAsync<TPage>(HttpContext context, WatchedRun? run, Dictionary<string, object?> parameters)
        where TPage : IComponent
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        parameters["Site"] = _site;
        if (run is not null)
        {
            parameters["Run"] = run;
        }

        return new RazorComponentResult<TPage>(parameters).ExecuteAsync(context);
    }

    private Task MissingAsync(HttpContext context, WatchedRun? run, string problem)
    {
        context.Response.StatusCode = 404;
        return ShowAsync<FaultPage>(context, run, new() { [nameof(FaultPage.Problem)] = problem });
    }

    private static Task Redirect(HttpContext context, string to)
    {
        context.Response.Redirect(to);
        return Task.CompletedTask;
    }

    // Tells a page, at most once a second, that its run has changed.
    private async Task EventsAsync(HttpContext context)
    {
        if (Run(context) is not { } run)
        {
            context.Response.StatusCode = 404;
            return;
        }

        using CancellationTokenSource ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, _app.Lifetime.ApplicationStopping);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        long told = -1;
        try
        {
            for (int quiet = 0; ; quiet++)
            {
                long version = run.Snapshot.Version;
                if (version != told || quiet >= 15)
                {
                    (told, quiet) = (version, 0);
                    await context.Response.WriteAsync(
                        string.Create(CultureInfo.InvariantCulture, $"data: {version}\n\n"), ends.Token).ConfigureAwait(false);
                    await context.Response.Body.FlushAsync(ends.Token).ConfigureAwait(false);
                }

                await Task.Delay(TimeSpan.FromSeconds(1), _time, ends.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The page was left, or the server ends.
        }
    }

    private static PromptQuery Prompts(IQueryCollection query)
    {
        int[] after = [.. query["after"].ToString().Split('.').Select(Whole)];
        return new PromptQuery
        {
            Iteration = Whole(query["iteration"]) is > 0 and int iteration ? iteration : null,
            Outcome = query["outcome"].ToString() is { Length: > 0 } outcome ? outcome : null,
            Verdicts = query["verdicts"].ToString() is { Length: > 0 } verdicts ? verdicts : null,
            Words = query["words"].ToString() is { Length: > 0 and <= 200 } words ? words : null,
            AfterIteration = after.Length == 3 ? after[0] : -1,
            AfterItem = after.Length == 3 ? after[1] : -1,
            AfterId = after.Length == 3 ? after[2] : 0,
        };
    }

    private static int Whole(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0;

    // The directory's name, as it may stand in an address; with a number where an earlier run has it.
    private static string Name(string directory, List<WatchedRun> others)
    {
        string name = new([.. Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)))
            .Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' ? letter : '-')]);
        name = name.Trim('.') is { Length: > 0 } plain ? plain : "run";
        int number = 2;
        string unique = name;
        while (others.Any(run => run.Name == unique))
        {
            unique = string.Create(CultureInfo.InvariantCulture, $"{name}-{number++}");
        }

        return unique;
    }

    private static async Task GuardAsync(HttpContext context, RequestDelegate next, Action<string> report)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        try
        {
            if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
            {
                throw new ApiFaultException(405, "Pages can only be read.");
            }

            await next(context).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The browser has left; there is nobody to tell.
        }
        catch (Exception fault) when (!context.Response.HasStarted)
        {
            (int status, string text) = fault switch
            {
                ApiFaultException told => (told.Status, told.Message),
                UserFaultException mine => (500, mine.Message),
                _ => (500, "The dashboard made a mistake; its own output says more."),
            };
            if (status >= 500)
            {
                report($"{context.Request.Path}: {fault.GetType().Name}: {fault.Message}");
            }

            context.Response.StatusCode = status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(text + "\n", Encoding.UTF8, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
