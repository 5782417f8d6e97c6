using System.Globalization;
using System.Text;

namespace Spar.Experiments;

/// <summary>Writes measurements for people, and reports as Markdown.</summary>
public static class MeasureText
{
    /// <summary>Mean and spread, such as "70.3 ± 1.9"; a dash where nothing was measured.</summary>
    /// <param name="measured">The measurement.</param>
    /// <param name="unit">How it is written.</param>
    public static string Write(Measured? measured, MeasureUnit unit)
    {
        if (measured is null)
        {
            return "–";
        }

        string mean = Number(measured.Mean, unit);
        return measured.Spread is { } spread && unit is MeasureUnit.Percent or MeasureUnit.Points or MeasureUnit.Number
            ? $"{mean} ± {Number(spread, unit == MeasureUnit.Points ? MeasureUnit.Percent : unit)}"
            : mean;
    }

    /// <summary>The report as Markdown: its tables, then its notes.</summary>
    /// <param name="report">The report.</param>
    public static string Markdown(ExperimentReport report)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# {report.Title}\n\n{Seeds(report)}\n");
        foreach (ExperimentTable table in report.Tables)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n## {table.Title}\n\n| {table.RowHeader} |");
            text.AppendJoin("", table.Columns.Select(column => $" {column.Name} |"));
            text.Append("\n| --- |").AppendJoin("", table.Columns.Select(_ => " --- |")).Append('\n');
            foreach (ExperimentRow row in table.Rows)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {row.Name} |");
                text.AppendJoin("", row.Cells.Select((cell, i) => $" {Write(cell, table.Columns[i].Unit)} |"))
                    .Append('\n');
            }
        }

        foreach (string note in report.Notes)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n{note}\n");
        }

        return text.ToString();
    }

    /// <summary>Says what the figures are.</summary>
    /// <param name="report">The report.</param>
    public static string Seeds(ExperimentReport report) => report.Seeds.Count == 1
        ? string.Create(CultureInfo.InvariantCulture, $"Seed {report.Seeds[0]}.")
        : $"Mean ± standard deviation over {report.Seeds.Count} seeds ({string.Join(", ", report.Seeds)}).";

    private static string Number(double value, MeasureUnit unit) => unit switch
    {
        MeasureUnit.Percent => string.Create(CultureInfo.InvariantCulture, $"{100 * value:0.0}"),
        MeasureUnit.Points => string.Create(CultureInfo.InvariantCulture, $"{100 * value:+0.0;−0.0;0.0}"),
        MeasureUnit.Count when value >= 999_500 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.00}M"),
        MeasureUnit.Count when value >= 999.5 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.0}k"),
        MeasureUnit.Count => string.Create(CultureInfo.InvariantCulture, $"{value:0}"),
        MeasureUnit.Seconds => string.Create(CultureInfo.InvariantCulture, $"{value:0} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0.00}"),
    };
}
