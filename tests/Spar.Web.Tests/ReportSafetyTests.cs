using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

/// <summary>Reports of runs that are not whole, hold what others wrote, or are read elsewhere.</summary>
public class ReportSafetyTests
{
    [Fact]
    public async Task A_run_that_has_just_begun_says_what_is_missing()
    {
        string html = await RunReport.RenderAsync(SampleReports.Started());
        Html.AssertBalanced(html);
        string text = Html.Text(html);
        foreach (string said in new[]
            {
                "This run is still going on: 0 of 3 iterations measured so far.", "No iteration has been measured yet",
                "No stage has been measured yet.",
                "No iteration has begun yet.", "No preference training yet.", "No pair or response to show yet.",
                "No search tree to show yet.", "None so far.",
            })
        {
            Assert.Contains(said, text, StringComparison.Ordinal);
        }
        Assert.DoesNotContain("NaN", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_half_way_shows_what_is_known()
    {
        string html = await RunReport.RenderAsync(SampleReports.HalfWay());
        Html.AssertBalanced(html);
        Assert.Contains("1 of 3 iterations measured so far", Html.Text(html), StringComparison.Ordinal);
        Assert.Contains("+6.4 points", Html.Text(html), StringComparison.Ordinal);
        Assert.Contains("iteration 2 none yet", Html.Section(html, "self-play"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_from_outside_is_escaped()
    {
        const string evil = "<script>alert('x')</script> & \"quoted\" </title></style><img src=x onerror=y>";
        ReportModel model = SampleReports.Full() with
        {
            Title = evil,
            BaseModel = evil,
            Recipe = evil,
            Start = [new TrainingCurve(evil, [new TrainingStep(1, 1, 1, 1, 1)])],
            Iterations =
            [
                new IterationReport
                {
                    Number = 1,
                    Play = new StageStatistics(
                        new Dictionary<string, long> { [$"unparsed {evil}"] = 1 }, [new ItemFailure(evil, evil)]),
                    Data = new DataProduct(StageStatistics.None, [], [new SupervisedRow(evil, evil, evil, evil)]),
                    Refiner = new TrainingCurve(evil, [new TrainingStep(1, 1, 1, 1, 1)]),
                },
            ],
            Pairs = [new PairExample(1, new PreferencePair(evil, evil, evil + " more", evil), evil)],
            Responses = [new ResponseExample(1, new SupervisedRow(evil, evil, evil, evil))],
            Searches = [new SearchExample(1, evil, new SearchTree(
                SearchOutcome.Exhausted, null,
                [SampleReports.Node(0, null, 0, evil, evil), SampleReports.Node(1, 0, 1, evil, evil)], 2, []))],
        };
        string html = await RunReport.RenderAsync(model);
        Html.AssertBalanced(html);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, Regex.Count(html, "</style>"));
        Assert.True(Regex.Count(Html.Text(html), Regex.Escape(evil)) >= 15);
    }

    [Fact]
    public async Task The_file_needs_nothing_from_outside()
    {
        string html = await RunReport.RenderAsync(SampleReports.Full());
        Html.AssertBalanced(html);
        html = html.Replace("href=\"#", "", StringComparison.Ordinal)
            .Replace("href=\"data:text/csv", "", StringComparison.Ordinal);
        Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.Ordinal);
        foreach (
            string reference in new[] { "src=", "href=", "url(", "@import", "http:", "https:", "//", "<script",
                "<link", "<iframe", "<object" })
        {
            Assert.DoesNotContain(reference, html, StringComparison.OrdinalIgnoreCase);
        }
        Assert.Contains("light-dark(", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_recipe_stands_as_it_was_written()
    {
        ReportModel model = SampleReports.Full();
        string html = WebUtility.HtmlDecode(await RunReport.RenderAsync(model));
        Assert.Contains($"<pre class=\"recipe\">{model.Recipe}</pre>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_text_does_not_depend_on_the_reader_s_language()
    {
        string expected = await RunReport.RenderAsync(SampleReports.Full());
        CultureInfo before = CultureInfo.CurrentCulture;
        CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        comma.NumberFormat.NumberGroupSeparator = ".";
        try
        {
            CultureInfo.CurrentCulture = comma;
            Assert.Equal(expected, await RunReport.RenderAsync(SampleReports.Full()));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }
}
