using Spar.Ground;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Spar.Cli.Console;

/// <summary>
/// Rows of figures under headings: a table where the window is wide enough for it, else the table turned by a quarter,
/// else a row after another with a line a figure.
/// </summary>
internal sealed class Figures
{
    private readonly List<(string Heading, bool Right)> _columns = [];
    private readonly List<string[]> _rows = [];

    /// <summary>Adds a column.</summary>
    /// <param name="heading">Its heading; may have several lines.</param>
    /// <param name="right">Whether it holds numbers.</param>
    /// <returns>The same figures.</returns>
    public Figures Column(string heading, bool right = false)
    {
        _columns.Add((HarmlessText.Of(heading), right));
        return this;
    }

    /// <summary>Adds a row.</summary>
    /// <param name="cells">One plain text a column.</param>
    public void Row(params string[] cells) => _rows.Add([.. cells.Select(HarmlessText.Of)]);

    /// <summary>Writes them.</summary>
    /// <param name="console">Where to; its width decides the form.</param>
    public void WriteTo(IAnsiConsole console)
    {
        Figures turned = Turned();
        console.Write(
            Width() <= console.Profile.Width ? ToTable()
            : turned.Width() <= console.Profile.Width ? turned.ToTable()
            : ToList()
        );
    }

    // What had a column has a row.
    private Figures Turned()
    {
        Figures turned = new();
        foreach (string first in _rows.Select(row => row[0]).Prepend(_columns[0].Heading))
        {
            turned.Column(first, right: turned._columns.Count > 0);
        }

        for (int i = 1; i < _columns.Count; i++)
        {
            turned.Row([_columns[i].Heading.ReplaceLineEndings(" "), .. _rows.Select(row => row[i])]);
        }

        return turned;
    }

    // Borders and one blank on each side of a cell.
    private int Width() =>
        1
        + _columns
            .Select(
                (column, i) =>
                    3
                    + _rows
                        .Select(row => row[i])
                        .Append(column.Heading)
                        .SelectMany(text => text.Split('\n'))
                        .Max(line => line.Length)
            )
            .Sum();

    private IRenderable ToTable()
    {
        Table table = new Table().Border(TableBorder.Rounded);
        foreach ((string heading, bool right) in _columns)
        {
            TableColumn column = new(Markup.Escape(heading));
            table.AddColumn(right ? column.RightAligned() : column);
        }

        if (_columns.All(column => column.Heading.Length == 0))
        {
            table.HideHeaders();
        }

        foreach (string[] row in _rows)
        {
            table.AddRow([.. row.Select(Markup.Escape)]);
        }

        return table;
    }

    private IRenderable ToList() =>
        new Rows(
            _rows.Select(row => new Text(
                string.Join(
                    '\n',
                    row.Select(
                        (cell, i) =>
                            i == 0 ? cell
                            : _columns[i].Heading.Length == 0 ? $"  {cell}"
                            : $"  {_columns[i].Heading.ReplaceLineEndings(" ")}: {cell}"
                    )
                )
            ))
        );
}
