using Spar.Web.Charts;

namespace Spar.Web.Reports;

/// <summary>
/// A figure or table of the paper (arXiv 2412.11605), filled with the numbers of runs here; or left out, with the reason.
/// </summary>
/// <param name="Name">What the paper calls it, such as "Table 1".</param>
/// <param name="Title">What it shows.</param>
public sealed record PaperPart(string Name, string Title)
{
    /// <summary>Why it is left out; null where it is filled.</summary>
    public string? LeftOut { get; init; }

    /// <summary>Its tables.</summary>
    public IReadOnlyList<PaperTable> Tables { get; init; } = [];

    /// <summary>Its charts.</summary>
    public IReadOnlyList<PaperChart> Charts { get; init; } = [];

    /// <summary>What the paper reports in this place and no cell holds; whole sentences.</summary>
    public string? Paper { get; init; }
}

/// <summary>A table whose cells are written already.</summary>
/// <param name="RowHeader">What a row stands for.</param>
/// <param name="Columns">Its columns, less the first.</param>
/// <param name="Rows">Its rows, each a name and a cell a column.</param>
public sealed record PaperTable(
    string RowHeader, IReadOnlyList<string> Columns, IReadOnlyList<(string Name, IReadOnlyList<string> Cells)> Rows);

/// <summary>A chart, with its data.</summary>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">What runs to the right.</param>
/// <param name="YLabel">What runs up, with its unit.</param>
/// <param name="Series">The lines.</param>
/// <param name="Categories">Names of the places that X counts from 0; null where X is a quantity.</param>
/// <param name="Percent">True where values are percent.</param>
public sealed record PaperChart(
    string Title, string XLabel, string YLabel, IReadOnlyList<ChartSeries> Series, IReadOnlyList<string>? Categories,
    bool Percent);
