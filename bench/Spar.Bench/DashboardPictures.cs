using Microsoft.Playwright;
using Spar.Runtime.Embedded;
using Spar.Store;
using Spar.Web.Dashboard;
using Spar.Web.Reports;

namespace Spar.Bench;

/// <summary>The pictures of dashboard and report that docs/ shows, taken of a run in Chromium.</summary>
internal static class DashboardPictures
{
    private const string Chromium = "/usr/bin/chromium";

    /// <summary>Takes them.</summary>
    /// <param name="run">The run directory.</param>
    /// <param name="folder">Where the pictures go.</param>
    public static async Task RunAsync(string run, string folder)
    {
        RowTokens rows = new();
        await using DashboardServer server = await DashboardServer.StartAsync(
            [run], 0,
            (store, turns, prompt, response, refiner, ended) =>
                rows.Cut(store, turns, prompt, response, refiner, ended) is { } cut
                ? new TrainedTokens(cut.Pieces, cut.FirstTarget, cut.Truncated) : null,
            TimeProvider.System, Console.Error.WriteLine, CancellationToken.None);
        using IPlaywright driver = await Playwright.CreateAsync();
        await using IBrowser browser = await driver.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        string at = $"{server.Address}/runs/{Path.GetFileName(Path.TrimEndingDirectorySeparator(run))}";
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync($"{at}/prompts");
        await page.GetByText("still to come").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        string tree = Deepest(run) is { } place ? $"{at}/prompts/{place}" : $"{at}/prompts";
        await TakeAsync(at, "dashboard-overview", 1200, 860, dark: false);
        await TakeAsync(tree, "dashboard-tree", 1200, 900, dark: true);
        await TakeAsync($"{at}/prompts?outcome=success", "dashboard-prompts", 1200, 620, dark: false);
        await TakeAsync($"{at}/training", "dashboard-training", 1200, 860, dark: true);
        await TakeAsync($"{at}/judging", "dashboard-judging", 1200, 860, dark: false);
        await TakeAsync($"{at}/pairs", "dashboard-pairs", 1200, 620, dark: false);
        await TakeAsync($"{at}/calls?under=it1/", "dashboard-calls", 1200, 620, dark: true);
        await TakeAsync(tree, "dashboard-phone", 375, 800, dark: true);
        await TakeAsync(at, "dashboard-phone-overview", 375, 800, dark: false);
        string report = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.html");
        using (RunStore store = RunStore.OpenForReading(run))
        {
            await File.WriteAllTextAsync(report, await RunReport.RenderAsync(ReportModel.Of(store)));
        }

        await TakeAsync($"file://{report}", "report", 1200, 860, dark: false);
        await TakeAsync($"file://{report}", "report-paper", 1200, 1100, dark: false, "#paper");
        await TakeAsync($"file://{report}", "report-phone", 375, 800, dark: true, "#self-play");
        File.Delete(report);

        async Task TakeAsync(string address, string name, int width, int height, bool dark, string? from = null)
        {
            await page.SetViewportSizeAsync(width, height);
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light });
            await page.GotoAsync(address);
            if (from is not null)
            {
                await page.EvaluateAsync("id => document.querySelector(id).scrollIntoView()", from);
            }

            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png") });
        }
    }

    // The prompt whose tree has the most levels, then the most nodes.
    private static string? Deepest(string run)
    {
        using RunStore store = RunStore.OpenForReading(run);
        return store.Stages().Where(stage => stage.StartsWith("play-", StringComparison.Ordinal))
            .SelectMany(stage => store.ReadItems<SelfPlay.PlayRecord>(stage).Select(entry => (Stage: stage, entry.Item, entry.Record.Tree)))
            .Where(entry => entry.Tree is { Outcome: Search.SearchOutcome.Success, Nodes.Count: < 20 })
            .OrderByDescending(entry => entry.Tree!.Nodes.Max(node => node.Depth)).ThenByDescending(entry => entry.Tree!.Nodes.Count)
            .Select(entry => $"{entry.Stage["play-".Length..]}/{entry.Item}").FirstOrDefault();
    }
}
