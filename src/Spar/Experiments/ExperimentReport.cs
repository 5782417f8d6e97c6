using System.Text.Json;
using Spar.Ground;
using Spar.Store;

namespace Spar.Experiments;

/// <summary>What an experiment came to: tables and charts over seeds. The same runs give the same report.</summary>
/// <param name="Name">The experiment's name on the command line.</param>
/// <param name="Title">One line for people.</param>
/// <param name="Seeds">The seeds, in the order of every <see cref="Measured.Values"/>.</param>
/// <param name="Tables">In the order in which they are read.</param>
/// <param name="Charts">In the order in which they are read.</param>
/// <param name="Notes">Whole sentences that a reader of the figures needs.</param>
public sealed record ExperimentReport(
    string Name,
    string Title,
    IReadOnlyList<ulong> Seeds,
    IReadOnlyList<ExperimentTable> Tables,
    IReadOnlyList<ExperimentChart> Charts,
    IReadOnlyList<string> Notes)
{
    /// <summary>The name of the file that an experiment's folder keeps it in.</summary>
    public const string FileName = "results.json";

    /// <summary>Reads what an experiment left in its folder.</summary>
    /// <param name="directory">The experiment's folder.</param>
    /// <exception cref="SparException">There is none in it.</exception>
    public static ExperimentReport Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            return JsonSerializer.Deserialize<ExperimentReport>(File.ReadAllText(path), JsonSettings.Readable) is
            { Tables: not null, Charts: not null, Seeds: not null } report
                ? report
                : throw new JsonException("it lacks tables, charts or seeds");
        }
        catch (Exception fault) when (fault is JsonException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SparException(
                $"The file {path} holds no experiment's results ({fault.Message.Split('\n')[0].TrimEnd('.')}). "
                    + "Name the folder that spar experiment wrote to.",
                fault);
        }
    }

    /// <summary>The report as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n";
}

/// <summary>A table of measurements.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="RowHeader">What a row stands for.</param>
/// <param name="Columns">Its columns, less the first, which holds the rows' names.</param>
/// <param name="Rows">Its rows, each with a cell a column.</param>
public sealed record ExperimentTable(
    string Title, string RowHeader, IReadOnlyList<ExperimentColumn> Columns, IReadOnlyList<ExperimentRow> Rows);

/// <summary>A column.</summary>
/// <param name="Name">Its head.</param>
/// <param name="Unit">How its values are written.</param>
public sealed record ExperimentColumn(string Name, MeasureUnit Unit = MeasureUnit.Percent);

/// <summary>A row.</summary>
/// <param name="Name">What it stands for.</param>
/// <param name="Cells">A measurement a column; null where nothing was measured.</param>
public sealed record ExperimentRow(string Name, IReadOnlyList<Measured?> Cells);

/// <summary>How a measurement is written.</summary>
public enum MeasureUnit
{
    /// <summary>A share of 0..1, written in percent.</summary>
    Percent,

    /// <summary>A difference of shares, written in percentage points with its sign.</summary>
    Points,

    /// <summary>A whole number, written with k or M.</summary>
    Count,

    /// <summary>Seconds.</summary>
    Seconds,

    /// <summary>Any number, written with two decimals.</summary>
    Number,
}

/// <summary>A line chart; the error bars are the spread over seeds.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What runs to the right.</param>
/// <param name="YLabel">What runs up, with its unit.</param>
/// <param name="Unit">Unit of the values.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Categories">Names of the places that X counts from 0; null where X is a quantity.</param>
public sealed record ExperimentChart(
    string Title, string XLabel, string YLabel, MeasureUnit Unit, IReadOnlyList<ExperimentLine> Lines,
    IReadOnlyList<string>? Categories = null);

/// <summary>One line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points by rising X.</param>
public sealed record ExperimentLine(string Name, IReadOnlyList<ExperimentPoint> Points);

/// <summary>One point of a line.</summary>
/// <param name="X">Step, count, or index of the category.</param>
/// <param name="Y">The value.</param>
public sealed record ExperimentPoint(double X, Measured Y);
