using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Spar.Runtime.Embedded;
using Spar.Web.Dashboard;

namespace Spar.Browser.Tests;

/// <summary>The dashboard of a run that is at work, in a browser, as a person uses it.</summary>
public sealed class DashboardTests
{
    private const float Patience = 60_000;

    [Fact, Trait("Needs", "Browser")]
    public async Task A_run_at_work_is_looked_through()
    {
        (IPlaywright driver, IBrowser browser) = await Chromium.StartAsync();
        await using NanoRun run = new();
        await run.BegunAsync();
        RowTokens rows = new();
        await using DashboardServer server = await DashboardServer.StartAsync(
            [run.Directory], 0,
            (store, turns, prompt, response, refiner, ended) =>
                rows.Cut(store, turns, prompt, response, refiner, ended) is { } cut
                ? new TrainedTokens(cut.Pieces, cut.FirstTarget, cut.Truncated) : null,
            TimeProvider.System, line => Assert.Fail(line), CancellationToken.None);
        List<string> faults = [];
        await using IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.Address,
            ViewportSize = new ViewportSize { Width = 1280, Height = 900 },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Patience);
        IPage page = await context.NewPageAsync();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                faults.Add($"{page.Url}: {message.Text}");
            }
        };
        page.PageError += (_, message) => faults.Add($"{page.Url}: {message}");
        page.RequestFailed += (_, request) =>
        {
            // Pages that are left end their stream of events.
            if (!request.Url.EndsWith("/events", StringComparison.Ordinal))
            {
                faults.Add($"{request.Url}: {request.Failure}");
            }
        };

        await page.GotoAsync("/");
        await page.GetByText("At work", new() { Exact = true }).WaitForAsync();
        await IsAccessibleAsync(page);

        // The page of prompts fills while it is open; nobody reloads it.
        await page.GetByRole(AriaRole.Link, new() { Name = "Prompts" }).ClickAsync();
        ILocator prompts = page.Locator("#found tbody tr");
        await prompts.Nth(9).WaitForAsync();
        await IsAccessibleAsync(page);

        // Found by a word, filtered to those whose search succeeded.
        string word = Regex.Match(await prompts.First.Locator("th").InnerTextAsync(), "about the ([a-z]+)").Groups[1].Value;
        await page.GetByLabel("Words in prompt or responses").FillAsync(word);
        await page.GetByLabel("Search ended in").SelectOptionAsync("");
        await page.Keyboard.PressAsync("Tab");
        await page.GetByRole(AriaRole.Button, new() { Name = "Find" }).ClickAsync();
        await page.WaitForURLAsync(new Regex($"words={word}$"));
        await prompts.First.WaitForAsync();
        foreach (string found in await prompts.Locator("th").AllInnerTextsAsync())
        {
            Assert.NotEmpty(found);
        }

        await page.GotoAsync($"{new Uri(page.Url).AbsolutePath}?outcome=success");
        await prompts.First.Locator("th a").ClickAsync();

        // Its tree: a node is chosen by keyboard, and shows its words, votes and what it changed.
        await page.Locator(".tree-drawing").WaitForAsync();
        await IsAccessibleAsync(page);
        ILocator node = page.Locator(".tree-drawing a").Nth(1);
        await node.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        ILocator words = page.Locator(".node-words:target");
        await words.WaitForAsync();
        Assert.True(await words.IsVisibleAsync());
        Assert.Matches(@"votes \d yes, \d no", await page.Locator("details:has(.node-words:target) summary").InnerTextAsync());
        Assert.NotEqual(0, await page.Locator(".nodes ins, .nodes del").CountAsync());

        // Two clicks from a figure to a call behind it.
        await page.GetByRole(AriaRole.Link, new() { Name = "Overview" }).ClickAsync();
        await page.Locator("#stages a.traced").First.ClickAsync();
        await page.Locator("table.list tbody th a").First.ClickAsync();
        Assert.NotEmpty(await page.Locator(".answer").InnerTextAsync());
        await IsAccessibleAsync(page);

        // Dark, and on a telephone: nothing sticks out, and everything can still be read.
        await page.GetByRole(AriaRole.Button, new() { Name = "Theme: system" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Theme: light" }).ClickAsync();
        await page.SetViewportSizeAsync(375, 800);
        foreach (string name in (string[])["Overview", "Training", "Judging", "Prompts", "Pairs", "Calls", "Servers"])
        {
            await page.GetByRole(AriaRole.Navigation, new() { Name = "Pages of the run" })
                .GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).ClickAsync();
            await page.GetByRole(AriaRole.Heading, new() { Level = 1 }).WaitForAsync();
            Assert.Equal("dark", await page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
            Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"{name} is wider than a telephone");
            await IsAccessibleAsync(page);
        }

        Assert.Empty(faults);
        await browser.DisposeAsync();
        driver.Dispose();
    }

    private static async Task IsAccessibleAsync(IPage page)
    {
        AxeResult result = await page.RunAxe();
        Assert.True(
            result.Violations.Length == 0,
            string.Join('\n', result.Violations.Select(violation =>
                $"{page.Url}: {violation.Id}: {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(one => one.Html))}")));
    }
}
