using System.Globalization;
using System.Text;
using System.Text.Json;
using Spar.Cli.Console;
using Spar.Experiments;
using Spar.Ground;
using Spar.Runtime.Experiments;
using Spar.Store;

namespace Spar.Cli.Experiments;

/// <summary>A figure over seeds.</summary>
/// <param name="Mean">Its mean; null where no seed has the figure.</param>
/// <param name="Deviation">Standard deviation (n - 1); null with fewer than two seeds.</param>
internal sealed record OverSeeds(double? Mean, double? Deviation)
{
    public static OverSeeds Of(IEnumerable<double?> values)
    {
        double[] known = [.. values.OfType<double>()];
        return known.Length == 0
            ? new OverSeeds(null, null)
            : new OverSeeds(new Measured(known).Mean, new Measured(known).Spread);
    }

    public string Percent() => Write(100, "0.0");

    public string Number(string format) => Write(1, format);

    private string Write(double scale, string format) => Mean is not double mean ? "–"
        : (scale * mean).ToString(format, CultureInfo.InvariantCulture)
            + (Deviation is double deviation
                ? " ± " + (scale * deviation).ToString(format, CultureInfo.InvariantCulture)
                : "");
}

/// <summary>One judge over all seeds; shares are 0..1.</summary>
internal sealed record JudgesReportRow(
    string Judge, OverSeeds Calls, OverSeeds CallsSaved, OverSeeds Agreement, OverSeeds Accuracy, OverSeeds Precision,
    OverSeeds Recall, OverSeeds FalseAcceptRate, OverSeeds UndecidedRate, OverSeeds CalibrationError);

/// <summary>The comparison of judges over its seeds.</summary>
internal sealed record JudgesReport(
    JudgesSettings Settings, IReadOnlyList<JudgesReportRow> Rows, IReadOnlyList<JudgeComparisonResult> Seeds)
{
    private static readonly (string Name, Func<JudgesReportRow, string> Cell)[] s_columns =
    [
        ("judge", row => row.Judge),
        ("calls", row => row.Calls.Number("0")),
        ("calls saved, %", row => row.CallsSaved.Percent()),
        ("same verdict, %", row => row.Agreement.Percent()),
        ("accuracy, %", row => row.Accuracy.Percent()),
        ("precision, %", row => row.Precision.Percent()),
        ("recall, %", row => row.Recall.Percent()),
        ("wrong ones accepted, %", row => row.FalseAcceptRate.Percent()),
        ("undecided, %", row => row.UndecidedRate.Percent()),
        ("calibration error", row => row.CalibrationError.Number("0.000")),
    ];

    /// <summary>What was judged, in one sentence.</summary>
    public string Summary => string.Create(
        CultureInfo.InvariantCulture,
        $"{Seeds.Average(seed => seed.Responses):0} responses of {Settings.Actor} a seed to {Settings.Count} held-out "
        + $"tasks, {100 * Settings.Stories:0} % of them stories; "
        + $"{100 * Seeds.Average(seed => seed.Satisfied):0.0} % of the responses satisfy their task. "
        + $"Judge: {Settings.Judge}. {Seeds.Count} seeds, mean ± standard deviation.");

    public static JudgesReport Of(JudgesSettings settings, IReadOnlyList<JudgeComparisonResult> seeds) => new(
        settings,
        [.. seeds[0].Rows.Select((first, j) =>
        {
            OverSeeds Over(Func<JudgeComparisonRow, double?> figure) =>
                OverSeeds.Of(seeds.Select(seed => figure(seed.Rows[j])));
            return new JudgesReportRow(
                first.Name,
                Over(row => row.Calls),
                Over(row => row.CallsSaved),
                Over(row => row.Agreement),
                Over(row => row.Quality.Accuracy),
                Over(row => row.Quality.Precision),
                Over(row => row.Quality.Recall),
                Over(row => row.Quality.FalseAcceptRate),
                Over(row => row.Quality.UndecidedRate),
                Over(row => row.Reliability.ExpectedCalibrationError));
        })],
        seeds);

    public string ToJson() => JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n";

    public string ToMarkdown()
    {
        StringBuilder text = new(Summary);
        text.Append("\n\n| ").AppendJoin(" | ", s_columns.Select(column => column.Name)).Append(" |\n|");
        text.AppendJoin('|', s_columns.Select((_, i) => i == 0 ? " --- " : " ---: ")).Append("|\n");
        foreach (JudgesReportRow row in Rows)
        {
            text.Append("| ").AppendJoin(" | ", s_columns.Select(column => column.Cell(row))).Append(" |\n");
        }

        return text.ToString();
    }

    public Figures ToFigures()
    {
        Figures table = new();
        foreach ((string name, _) in s_columns)
        {
            table.Column(name.Replace(", %", "\n%", StringComparison.Ordinal), right: name != "judge");
        }

        foreach (JudgesReportRow row in Rows)
        {
            table.Row([.. s_columns.Select(column => column.Cell(row))]);
        }

        return table;
    }
}
