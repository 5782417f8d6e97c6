using System.Net;
using System.Text.RegularExpressions;
using Spar.Ground;
using Spar.Seams;
using Spar.Store;
using Spar.Web.Dashboard;

namespace Spar.Web.Tests.Dashboard;

/// <summary>The dashboard as a browser asks it, while a run is open for writing.</summary>
public sealed partial class DashboardServerTests : IAsyncLifetime
{
    private readonly PlayedRun _run = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private DashboardServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await StartAsync(_run.Directory);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _run.Dispose();
    }

    [Fact]
    public async Task Every_page_is_whole_and_responses_stay_text()
    {
        await IndexedAsync(3);
        foreach (string page in (string[])
            ["", "/training", "/judging", "/servers", "/prompts", "/prompts?words=lobster", "/prompts/1/0", "/prompts/1/1", "/pairs",
             "/pairs?kind=refinement", "/calls", "/calls?under=it1/tree/", "/call?key=it1/respond/p0/k0", "/call?key=it1/judge/p0/abc/v0"])
        {
            using HttpResponseMessage answer = await _client.GetAsync(new Uri($"{_server.Address}/runs/run{page}"));
            string html = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{page}: {answer.StatusCode}: {html}");
            Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.Ordinal);
            Html.AssertBalanced(html);
            Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
            Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
            Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
            Assert.DoesNotContain("style=\"", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_figure_leads_to_its_calls_in_two_steps()
    {
        _run.Store.Keep("eval/sft/p0/greedy", 1, new Calls.Answer("the greedy answer", 1, 2, "stop"));
        _run.Store.Flush();
        string overview = await GetAsync("/runs/run");
        string calls = WebUtility.HtmlDecode(TracedAddress().Match(overview).Groups[1].Value);
        string list = await GetAsync(calls);
        string call = WebUtility.HtmlDecode(CallAddress().Match(list).Groups[1].Value);
        Assert.Contains("the greedy answer", Html.Text(await GetAsync(call)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tree_shows_values_votes_critique_and_what_changed()
    {
        string html = await GetAsync("/runs/run/prompts/1/0");
        string text = Html.Text(html);
        Assert.Contains("votes 1 yes, 4 no", text, StringComparison.Ordinal);
        Assert.Contains("lacks something", text, StringComparison.Ordinal);
        Assert.Contains("<ins>good</ins>", html, StringComparison.Ordinal);
        Assert.Contains("<del>bad</del>", html, StringComparison.Ordinal);
        Assert.Contains("node v5 best", html, StringComparison.Ordinal);
        Assert.Contains("href=\"#node-1\"", html, StringComparison.Ordinal);
        Assert.Contains("id=\"node-1\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_that_carry_loss_are_marked()
    {
        string html = await GetAsync("/runs/run/pairs");
        Assert.Contains("<span>asked</span>", html, StringComparison.Ordinal);
        Assert.Contains("<mark>learnt</mark>", html, StringComparison.Ordinal);
        Assert.Contains("1 of 2 carry loss", Html.Text(html), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_run_writes_is_told_and_shown_and_nothing_is_in_its_way()
    {
        await IndexedAsync(3);
        byte[] before = Dump();
        using Stream events = await _client.GetStreamAsync(new Uri($"{_server.Address}/runs/run/events"));
        using StreamReader reader = new(events);
        string? first = await reader.ReadLineAsync();
        Assert.Equal(before, Dump());
        _run.Play(2, 7, "octopus");
        _run.Store.Flush();
        string? next;
        do
        {
            next = await reader.ReadLineAsync();
        }
        while (next!.Length == 0 || next == first);
        await IndexedAsync(4);
        Assert.Contains("number7", await GetAsync("/runs/run/prompts?words=octop*"), StringComparison.Ordinal);
        Assert.DoesNotContain("number1 ", await GetAsync("/runs/run/prompts?words=octopus"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"")]
    [InlineData("AND OR NOT (")]
    [InlineData("a* ^b {c} : d")]
    [InlineData("crab\0\u0001\uFFFF")]
    [InlineData("日本 ñandú ' -- ; DROP TABLE prompts")]
    public async Task Any_words_can_be_looked_for(string words) =>
        Assert.Contains("prompts are indexed", await GetAsync($"/runs/run/prompts?words={Uri.EscapeDataString(words)}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("/nothing")]
    [InlineData("/runs/other")]
    [InlineData("/runs/run/prompts/1/99")]
    [InlineData("/runs/run/prompts/99999999999/1")]
    [InlineData("/runs/run/call?key=none")]
    [InlineData("/runs/run/call")]
    [InlineData("/runs/%2e%2e/prompts")]
    public async Task What_is_not_there_is_said(string address)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address + address));
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("There is no", (await answer.Content.ReadAsStringAsync()).Replace("nothing", "no", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_this_machine_is_answered_and_only_reading()
    {
        using HttpRequestMessage elsewhere = new(HttpMethod.Get, $"{_server.Address}/runs/run");
        elsewhere.Headers.Host = "rebound.example";
        using HttpResponseMessage refused = await _client.SendAsync(elsewhere);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using HttpRequestMessage crossing = new(HttpMethod.Get, $"{_server.Address}/runs/run");
        crossing.Headers.Add("Origin", "https://rebound.example");
        using HttpResponseMessage crossed = await _client.SendAsync(crossing);
        Assert.Equal(HttpStatusCode.Forbidden, crossed.StatusCode);
        using HttpResponseMessage posted = await _client.PostAsync(new Uri($"{_server.Address}/runs/run"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task Several_runs_stand_side_by_side()
    {
        using PlayedRun second = new(1, "run");
        await using DashboardServer both = await StartAsync(_run.Directory, second.Directory);
        using HttpResponseMessage answer = await _client.GetAsync(new Uri($"{both.Address}/"));
        string html = await answer.Content.ReadAsStringAsync();
        Html.AssertBalanced(html);
        Assert.Contains("/runs/run-2", html, StringComparison.Ordinal);
        Assert.Contains("50.0", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_and_a_directory_without_a_run_are_faults()
    {
        int port = new Uri(_server.Address).Port;
        UserFaultException taken = await Assert.ThrowsAsync<UserFaultException>(() => DashboardServer.StartAsync(
            [_run.Directory], port, null, TimeProvider.System, _ => { }, CancellationToken.None));
        Assert.Contains("another port", taken.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<UserFaultException>(() => StartAsync(Path.GetTempPath()));
        string foreign = Path.Combine(_run.Directory, "foreign");
        RunStore.Open(foreign, new RunIdentity(new Dictionary<string, string> { ["kind"] = "decoding" })).Dispose();
        UserFaultException other = await Assert.ThrowsAsync<UserFaultException>(() => StartAsync(foreign));
        Assert.Contains("no run of a recipe", other.Message, StringComparison.Ordinal);
    }

    private static Task<DashboardServer> StartAsync(params string[] runs) => DashboardServer.StartAsync(
        runs, 0, Cut, TimeProvider.System, _ => { }, CancellationToken.None);

    private static TrainedTokens Cut(
        RunStore store, IReadOnlyList<ChatTurn>? context, string prompt, string response, bool refiner, bool ended) =>
        new(["asked", "learnt"], 1, false);

    private async Task<string> GetAsync(string address)
    {
        using HttpResponseMessage answer = await _client.GetAsync(new Uri(_server.Address + address));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync();
    }

    private async Task IndexedAsync(int prompts)
    {
        while (!(await GetAsync("/runs/run/prompts")).Contains($"{prompts} prompts are indexed.", StringComparison.Ordinal))
        {
            await Task.Yield();
        }
    }

    private byte[] Dump() => System.Text.Encoding.UTF8.GetBytes(string.Join('\n', _run.Store.Calls("", "", 1000)));

    [GeneratedRegex("class=\"traced\" href=\"(/runs/run/calls[^\"]*)\"")]
    private static partial Regex TracedAddress();

    [GeneratedRegex("<th scope=\"row\"><a href=\"(/runs/run/call[^\"]*)\"")]
    private static partial Regex CallAddress();
}
