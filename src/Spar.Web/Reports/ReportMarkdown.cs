using System.Globalization;
using System.Text;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Charts;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>A run's report as Markdown for papers: the paper's tables, figures as their data, origin, recipe.</summary>
public static class ReportMarkdown
{
    /// <summary>Writes it. The same model gives the same text.</summary>
    /// <param name="model">What to write.</param>
    public static string Of(ReportModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"# {Plain(model.Title)}\n\n");
        IReadOnlyList<PaperPart> parts = PaperParts.Of(model);
        foreach (PaperPart part in parts.Where(part => part.LeftOut is null))
        {
            text.Append(CultureInfo.InvariantCulture, $"## {part.Name}: {part.Title}\n\n");
            foreach (PaperChart chart in part.Charts)
            {
                text.Append(CultureInfo.InvariantCulture, $"{chart.Title}: {chart.YLabel} by {chart.XLabel}.\n\n");
                Table(text, Data(chart));
            }

            foreach (PaperTable table in part.Tables)
            {
                Table(text, table);
            }

            if (part.Paper is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"Paper: {part.Paper}\n\n");
            }
        }

        text.Append("## Left out\n\n");
        foreach (PaperPart part in parts.Where(part => part.LeftOut is not null))
        {
            string paper = part.Paper is null ? "" : $" Paper: {part.Paper}";
            text.Append(CultureInfo.InvariantCulture, $"- {part.Name}, {part.Title}: {part.LeftOut}{paper}\n");
        }

        text.Append("\n## Where these numbers come from\n\n");
        if (model.Origin is { } origin)
        {
            text.Append(CultureInfo.InvariantCulture, $"- begun {origin.Begun} (UTC); last stage {origin.LastStage ?? Display.Missing}\n");
            text.Append(CultureInfo.InvariantCulture, $"- command: {(origin.Command is { } command ? $"`{command.Replace('`', '\'')}`" : Display.Missing)}\n");
            text.Append(CultureInfo.InvariantCulture, $"- report by {origin.Program}\n");
        }

        text.Append(CultureInfo.InvariantCulture,
            $"- base model {Plain(model.BaseModel)}, seed {model.Results.Seed}, {Display.Duration(model.Results.WallSeconds)} at work, "
                + $"{Display.Count(model.Results.ModelCalls)} model calls, {Display.Count(model.Results.GeneratedTokens)} generated tokens\n\n");
        Table(text, new PaperTable("calls made for", ["calls", "tokens read", "tokens generated"], [
            .. model.Results.Roles.Select(role => (role.Role, (IReadOnlyList<string>)
                [Display.Count(role.Calls), Display.Count(role.InputTokens), Display.Count(role.OutputTokens)]))]));
        text.Append("## Warnings and failures\n\n");
        foreach (string warning in ReportWarnings.Of(model).DefaultIfEmpty("None."))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Plain(warning)}\n");
        }

        text.Append("\n## Recipe\n\n");
        foreach (string line in model.Recipe.Split('\n'))
        {
            text.Append("    ").Append(line).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A chart's points as a table.</summary>
    internal static PaperTable Data(PaperChart chart) => Data(chart.Series, chart.Categories, chart.XLabel);

    private static PaperTable Data(IReadOnlyList<ChartSeries> series, IReadOnlyList<string>? categories, string xLabel)
    {
        double[] places = [.. series.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order()];
        return new PaperTable(
            xLabel,
            [.. series.Select(line => line.Name)],
            [
                .. places.Select(x => (
                    categories is null ? x.ToString("0.####", CultureInfo.InvariantCulture) : categories[(int)x],
                    (IReadOnlyList<string>)
                    [
                        .. series.Select(line => line.Points.FirstOrDefault(point => point.X == x) is { } point
                            ? Display.Number(point.Y, 1) : Display.Missing),
                    ])),
            ]);
    }

    private static void Table(StringBuilder text, PaperTable table)
    {
        text.Append(CultureInfo.InvariantCulture, $"| {Plain(table.RowHeader)} |");
        text.AppendJoin("", table.Columns.Select(column => $" {Plain(column)} |"));
        text.Append("\n| --- |").AppendJoin("", table.Columns.Select(_ => " ---: |")).Append('\n');
        foreach ((string name, IReadOnlyList<string> cells) in table.Rows)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {Plain(name)} |").AppendJoin("", cells.Select(cell => $" {Plain(cell)} |"))
                .Append('\n');
        }

        text.Append('\n');
    }

    // A name is no markup, whatever is in it.
    private static string Plain(string text)
    {
        StringBuilder plain = new();
        foreach (char letter in text.ReplaceLineEndings(" "))
        {
            plain.Append(letter is '|' or '<' or '>' or '[' or ']' or '*' or '_' or '`' or '\\' ? $"\\{letter}" : letter.ToString());
        }

        return plain.ToString();
    }
}
