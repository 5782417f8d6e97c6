using System.Text.RegularExpressions;
using Spar.Experiments;
using Spar.Web.Charts;
using Spar.Web.Reports;

namespace Spar.Web.Experiments;

/// <summary>An experiment's tables and charts as parts of the paper.</summary>
public static partial class ExperimentParts
{
    /// <summary>The parts whose names its titles begin with; what is none of the paper's is left aside.</summary>
    /// <param name="report">What the experiment came to.</param>
    public static IReadOnlyList<PaperPart> Of(ExperimentReport report) =>
    [
        .. report.Charts.Select(chart => (chart.Title, Table: (ExperimentTable?)null, Chart: (ExperimentChart?)chart))
            .Concat(report.Tables.Select(table => (table.Title, Table: (ExperimentTable?)table, Chart: (ExperimentChart?)null)))
            .Select(entry => (Found: Part().Match(entry.Title), entry.Table, entry.Chart))
            .Where(entry => entry.Found.Success)
            .Select(entry => new PaperPart(entry.Found.Groups[1].Value, entry.Found.Groups[2].Value)
            {
                Tables = entry.Table is { } table ? [Written(table, report)] : [],
                Charts = entry.Chart is { } chart ? [Drawn(chart)] : [],
            }),
    ];

    /// <summary>A chart's lines in the units that are drawn: percent counts 0 to 100.</summary>
    /// <param name="chart">The chart.</param>
    public static IReadOnlyList<ChartSeries> SeriesOf(ExperimentChart chart)
    {
        double scale = chart.Unit is MeasureUnit.Percent or MeasureUnit.Points ? 100 : 1;
        return [.. chart.Lines.Select(line => new ChartSeries(line.Name, [.. line.Points.Select(point => new ChartPoint(
            point.X, scale * point.Y.Mean, scale * (point.Y.Mean - point.Y.Spread), scale * (point.Y.Mean + point.Y.Spread)))]))];
    }

    private static PaperTable Written(ExperimentTable table, ExperimentReport report) => new(
        $"{table.RowHeader} ({report.Name}, {MeasureText.Seeds(report).TrimEnd('.')})",
        [.. table.Columns.Select(column => column.Name)],
        [
            .. table.Rows.Select(row => (row.Name, (IReadOnlyList<string>)
                [.. row.Cells.Select((cell, i) => MeasureText.Write(cell, table.Columns[i].Unit))])),
        ]);

    private static PaperChart Drawn(ExperimentChart chart) => new(
        chart.Title, chart.XLabel, chart.YLabel, SeriesOf(chart), chart.Categories, chart.Unit == MeasureUnit.Percent);

    [GeneratedRegex(@"^((?:Figure|Table) \d+): (.*)$")]
    private static partial Regex Part();
}
