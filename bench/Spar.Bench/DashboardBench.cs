using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using Spar.Calls;
using Spar.Judging;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Dashboard;

namespace Spar.Bench;

/// <summary>
/// A store with many calls, as a run on served models leaves it, and what it takes to look at it: until the dashboard
/// answers, until all is counted and indexed, each page over HTTP, and each page's first paint in Chromium.
/// </summary>
internal static class DashboardBench
{
    private const int Votes = 5;
    private const int Responses = 5;
    private const int Looks = 15;

    private static readonly string[] s_pages =
    [
        "", "/training", "/judging", "/prompts", "/prompts?outcome=exhausted", "/prompts?words=harbour%20lantern", "/prompts/1/77", "/pairs",
        "/calls", "/calls?under=it1/tree/", "/servers",
    ];

    /// <summary>Makes the store where it is not there yet, and measures.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="calls">How many calls it is to have.</param>
    /// <param name="chromium">The browser; without it first paints are left out.</param>
    public static async Task RunAsync(string directory, int calls, string chromium)
    {
        if (!File.Exists(Path.Combine(directory, "run.db")))
        {
            Make(directory, calls);
        }

        File.Delete(Path.Combine(directory, PromptIndex.FileName));
        long start = Stopwatch.GetTimestamp();
        await using DashboardServer server = await DashboardServer.StartAsync(
            [directory], 0, null, TimeProvider.System, Console.Error.WriteLine, CancellationToken.None);
        Figure.Print("dashboard, start", Stopwatch.GetElapsedTime(start).TotalSeconds, "s");
        string run = $"{server.Address}/runs/{Path.GetFileName(directory)}";
        using HttpClient client = new();
        await MeasureAsync(client, run, "while it indexes");
        await PaintAsync(run, chromium, "while it indexes");
        while (!await IsCountedAsync())
        {
            await Task.Delay(100);
        }

        Figure.Print("dashboard, all counted and indexed", Stopwatch.GetElapsedTime(start).TotalSeconds, "s");
        await MeasureAsync(client, run, "indexed");
        await PaintAsync(run, chromium, "indexed");

        async Task<bool> IsCountedAsync() =>
            !(await client.GetStringAsync(new Uri($"{run}/prompts"))).Contains("still to come", StringComparison.Ordinal)
            && !(await client.GetStringAsync(new Uri(run))).Contains("not counted yet", StringComparison.Ordinal);
    }

    private static async Task MeasureAsync(HttpClient client, string run, string when)
    {
        foreach (string page in s_pages)
        {
            List<double> times = [];
            for (int i = 0; i < Looks; i++)
            {
                long start = Stopwatch.GetTimestamp();
                string html = await client.GetStringAsync(new Uri(run + page));
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                if (html.Length < 500)
                {
                    throw new InvalidOperationException($"{page} is no page: {html}");
                }
            }

            Print($"HTTP, {when}", page, times);
        }
    }

    private static async Task PaintAsync(string run, string chromium, string when)
    {
        if (!File.Exists(chromium))
        {
            Console.Error.WriteLine($"{chromium} is absent: no first paints.");
            return;
        }

        using IPlaywright driver = await Playwright.CreateAsync();
        await using IBrowser browser = await driver.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync($"{run}/servers");
        foreach (string path in s_pages)
        {
            List<double> times = [];
            for (int i = 0; i < Looks; i++)
            {
                await page.GotoAsync(run + path);
                times.Add(await page.EvaluateAsync<double>(
                    """
                    () => new Promise(done => new PerformanceObserver(list => {
                      const paint = list.getEntriesByName("first-contentful-paint")[0];
                      if (paint) done(paint.startTime);
                    }).observe({ type: "paint", buffered: true }))
                    """));
            }

            Print($"first paint, {when}", path, times);
        }
    }

    private static void Print(string what, string page, List<double> times)
    {
        double most = times.Max();
        Figure.Print(
            $"{what}, {(page.Length == 0 ? "overview" : page)}", times.Order().ElementAt(Looks / 2), "ms",
            string.Create(CultureInfo.InvariantCulture, $"(most {most:F1})"));
    }

    private static void Make(string directory, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        Random random = new(7);
        string[] words = [.. Enumerable.Range(0, 4000).Select(number => $"{"harbour lantern meadow copper winter"
            .Split(' ')[number % 5]}{(number < 5 ? "" : number.ToString(CultureInfo.InvariantCulture))}")];
        using RunStore store = RunStore.Open(directory, new RunIdentity(new Dictionary<string, string>
        {
            ["seed"] = "1",
            ["iterations"] = "3",
            ["search.gate"] = "0.5",
            ["base_model"] = "http://127.0.0.1:8000/v1 served:model",
            ["method"] = "spar",
        }));
        int made = 0;
        for (int item = 0; made < calls; item++)
        {
            foreach (int iteration in (int[])[1, 2, 3])
            {
                made += Play(iteration, item);
            }
        }

        for (int iteration = 1; iteration <= 3; iteration++)
        {
            string stage = StageNames.Play(iteration);
            store.KeepProduct(
                stage, new PlayProduct(StageStatistics.None), new StageTiming(stage, "2026-01-01T00:00:00Z", 3600, calls / 3, calls * 30L));
            stage = StageNames.Data(iteration);
            store.KeepProduct(
                stage,
                new DataProduct(
                    StageStatistics.None,
                    [.. Enumerable.Range(0, 4000).Select(pair => new Seams.PreferencePair($"id-{pair}", Text(40), Text(80), Text(80)))],
                    [.. Enumerable.Range(0, 4000).Select(row => new Seams.SupervisedRow($"id-{row}", "refinement", Text(120), Text(80)))]),
                new StageTiming(stage, "2026-01-01T00:00:00Z", 1, 0, 0));
        }

        Figure.Print("a store is made", Stopwatch.GetElapsedTime(start).TotalSeconds, "s", $"{made} calls");

        string Text(int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => words[random.Next(words.Length)]));

        int Keep(string key, string text)
        {
            store.Keep(key, 1, new Answer(text, 300, 60, "stop"));
            return 1;
        }

        int Play(int iteration, int item)
        {
            int kept = 0;
            string at = $"it{iteration}";
            List<PlayedResponse> responses = [];
            for (int k = 0; k < Responses; k++)
            {
                string response = Text(40);
                Valuation valuation = Vote($"{at}/judge/p{item}/{random.NextInt64():x16}", ref kept);
                kept += Keep($"{at}/respond/p{item}/k{k}", response);
                responses.Add(new PlayedResponse(response, valuation));
            }

            List<SearchNode> nodes = [new SearchNode(0, null, 0, responses[0].Text!, null, responses[0].Valuation)];
            for (int node = 1; node <= 9; node++)
            {
                string refined = Text(40);
                kept += Keep($"{at}/tree/p{item}/n{node}/refine/try0", refined);
                nodes.Add(new SearchNode(
                    node, (node - 1) / 3, node > 3 ? 2 : 1, refined, refined, Vote($"{at}/tree/p{item}/n{node}/judge", ref kept)));
            }

            SearchNode? found = nodes.Skip(1).FirstOrDefault(node => node.Value > 0.5);
            store.KeepItem(StageNames.Play(iteration), item, new PlayRecord(
                $"id-{item}", Text(30), responses, 0,
                new SearchTree(found is null ? SearchOutcome.Exhausted : SearchOutcome.Success, found?.Id, nodes, 54, [])));
            return kept;
        }

        Valuation Vote(string key, ref int kept)
        {
            int yes = 0;
            for (int vote = 0; vote < Votes; vote++)
            {
                bool passes = random.NextDouble() < 0.35;
                yes += passes ? 1 : 0;
                kept += Keep($"{key}/v{vote}", $"{Text(20)} judgement: {(passes ? "yes" : "no")}");
            }

            return new Valuation(yes, Votes - yes, Text(20));
        }
    }
}
