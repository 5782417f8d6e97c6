using System.Net;
using Spar.Experiments;
using Spar.Web.Experiments;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

/// <summary>The paper's figures and tables with a run's numbers.</summary>
public sealed class PaperTests
{
    private static readonly string[] s_names =
    [
        "Figure 1", "Figure 2", "Figure 3", "Figure 4", "Figure 5", "Table 1", "Table 2", "Table 3", "Table 4", "Table 5", "Tables 6 to 8", "Table 9",
        "Table 10",
    ];

    [Fact]
    public void Every_part_is_filled_or_left_out_with_a_reason()
    {
        foreach (ReportModel model in (ReportModel[])[Model(), SampleReports.Full(), Empty()])
        {
            IReadOnlyList<PaperPart> parts = PaperParts.Of(model);
            Assert.Equal(s_names, parts.Select(part => part.Name));
            Assert.All(parts, part => Assert.True(part.LeftOut is null == part.Tables.Count + part.Charts.Count > 0, part.Name));
            Assert.All(
                parts.SelectMany(part => part.Tables), table => Assert.All(table.Rows, row => Assert.Equal(table.Columns.Count, row.Cells.Count)));
        }
    }

    [Fact]
    public void A_runs_numbers_stand_beside_the_papers()
    {
        IReadOnlyList<PaperPart> parts = PaperParts.Of(Model());
        PaperTable first = parts.Single(part => part.Name == "Table 1").Tables.Single();
        Assert.Equal(["held-out prompts", "single requirements", "paper: IFEval, average"], first.Columns);
        Assert.Equal(["70.2\u00a0%", "86.7\u00a0%", "81.8\u00a0%"], first.Rows.Single(row => row.Name == "iteration 3").Cells);
        Assert.Equal("83.7\u00a0%", first.Rows[^1].Cells[^1]);
        Assert.Equal(
            ["300", "82.0\u00a0%", "21.0\u00a0%"], parts.Single(part => part.Name == "Figure 1").Tables.Single().Rows.Single().Cells);
    }

    [Fact]
    public void An_experiment_fills_what_a_run_leaves_out()
    {
        PaperPart filled = PaperParts.Of(Model()).Single(part => part.Name == "Table 4");
        Assert.Null(filled.LeftOut);
        Assert.Equal(["52.9 ± 0.4"], filled.Tables.Single().Rows.Single().Cells);
        Assert.Contains("−2.6", filled.Paper, StringComparison.Ordinal);
        Assert.Equal(70.0, PaperParts.Of(Model()).Single(part => part.Name == "Figure 5").Charts.Single().Series.Single().Points.Single().Y, 6);
    }

    [Fact]
    public async Task The_page_has_them_with_contents_origin_and_data_to_save()
    {
        string html = await RunReport.RenderAsync(Model());
        Html.AssertBalanced(html);
        Assert.Contains("Table 4: Ablations of the actor", Html.Text(html), StringComparison.Ordinal);
        Assert.Contains("Table 9 , Judging accuracy", Html.Text(html), StringComparison.Ordinal);
        Assert.Contains("href=\"#paper\"", html, StringComparison.Ordinal);
        Assert.Contains("spar run quickstart &lt;&amp;&gt;", html, StringComparison.Ordinal);
        Assert.Contains("begun (UTC) 2026-01-01T00:00:00Z", Html.Text(html), StringComparison.Ordinal);
        string data = WebUtility.HtmlDecode(html[(html.IndexOf("data:text/csv", StringComparison.Ordinal))..]);
        data = Uri.UnescapeDataString(data[..data.IndexOf('"', StringComparison.Ordinal)]);
        Assert.StartsWith("data:text/csv;charset=utf-8,series,\"stage (a number is an iteration)\",value,low,high\r\n", data, StringComparison.Ordinal);
        Assert.Equal(html, await RunReport.RenderAsync(Model()));
    }

    [Fact]
    public void Markdown_has_the_same_tables_and_no_name_is_markup()
    {
        string text = ReportMarkdown.Of(Model() with { Title = "run <b>*|" });
        Assert.StartsWith("# run \\<b\\>\\*\\|\n", text, StringComparison.Ordinal);
        Assert.Contains("| iteration 3 | 70.2\u00a0% | 86.7\u00a0% | 81.8\u00a0% |\n", text, StringComparison.Ordinal);
        Assert.Contains("- Figure 2, The method: A drawing", text, StringComparison.Ordinal);
        Assert.Contains("- begun 2026-01-01T00:00:00Z (UTC)", text, StringComparison.Ordinal);
        Assert.Contains("## Recipe\n\n    # Self-play", text, StringComparison.Ordinal);
        Assert.Equal(text, ReportMarkdown.Of(Model() with { Title = "run <b>*|" }));
    }

    [Fact]
    public void What_an_experiment_left_is_read_back_and_junk_is_a_fault()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("spar-experiment-");
        try
        {
            string file = Path.Combine(folder.FullName, ExperimentReport.FileName);
            Assert.Throws<SparException>(() => ExperimentReport.Read(folder.FullName));
            foreach (string junk in (string[])["", "{}", "[1]", "{\"tables\":null}", "nothing"])
            {
                File.WriteAllText(file, junk);
                SparException fault = Assert.Throws<SparException>(() => ExperimentReport.Read(folder.FullName));
                Assert.Contains("spar experiment", fault.Message, StringComparison.Ordinal);
            }

            File.WriteAllText(file, Ablations().ToJson());
            Assert.Equal(Ablations().ToJson(), ExperimentReport.Read(folder.FullName).ToJson());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ReportModel Model() => SampleReports.Full() with
    {
        Kept = [new KeptWords(1, 300, 0.82, 0.21)],
        Origin = new RunOrigin("2026-01-01T00:00:00Z", "actor-3, begun 2026-01-01T01:00:00Z", "spar run quickstart <&>", "spar 1"),
        Experiments = ExperimentParts.Of(Ablations()),
    };

    private static ReportModel Empty()
    {
        ReportModel full = SampleReports.Full();
        return new ReportModel
        {
            Title = "new",
            BaseModel = "m",
            Recipe = "seed: 1",
            PlannedIterations = 1,
            Gate = full.Gate,
            Results = new Runs.RunResults([], 1, 0, 0, 0),
        };
    }

    private static ExperimentReport Ablations() => new(
        "ablations", "What each part is worth", [1, 2, 3],
        [
            new ExperimentTable(
                "Table 4: the actor, after the last iteration", "variant", [new ExperimentColumn("prompts")],
                [new ExperimentRow("whole", [new Measured([0.525, 0.529, 0.533])])]),
            new ExperimentTable("Budget", "variant", [new ExperimentColumn("calls", MeasureUnit.Count)], []),
        ],
        [
            new ExperimentChart(
                "Figure 5: prompts satisfied", "responses", "%", MeasureUnit.Percent,
                [new ExperimentLine("bfs", [new ExperimentPoint(4, new Measured([0.7]))])]),
        ],
        ["A note."]);
}
