using System.Text;
using Spar.Web.Text;

namespace Spar.Web.Charts;

/// <summary>A tick of an axis.</summary>
/// <param name="Position">Its coordinate.</param>
/// <param name="Label">What stands there.</param>
public sealed record Tick(double Position, string Label);

/// <summary>A point with its mark.</summary>
/// <param name="X">Coordinate.</param>
/// <param name="Y">Coordinate.</param>
/// <param name="LowY">Coordinate of the error bar's lower value; null without one.</param>
/// <param name="HighY">Coordinate of the error bar's upper value; null without one.</param>
/// <param name="Tip">The point in words.</param>
public sealed record MarkDrawing(double X, double Y, double? LowY, double? HighY, string Tip);

/// <summary>A value written in the chart.</summary>
/// <param name="Index">Index of its series.</param>
/// <param name="X">Coordinate of the text's start.</param>
/// <param name="Y">Coordinate of the base line.</param>
/// <param name="Text">The value.</param>
public sealed record LabelDrawing(int Index, double X, double Y, string Text);

/// <summary>A series as it is drawn.</summary>
/// <param name="Index">Index of the series; chooses colour, mark and dashes.</param>
/// <param name="Name">Its name.</param>
/// <param name="Path">The line, as SVG path data.</param>
/// <param name="Marks">The points that get a mark.</param>
public sealed record LineDrawing(int Index, string Name, string Path, IReadOnlyList<MarkDrawing> Marks)
{
    /// <summary>
    /// Style classes of the line: a colour, and dashes from the sixth series on, where colours come again.
    /// </summary>
    public string Style => $"c{Index % 5}{(Index >= 5 ? " dashed" : "")}";
}

/// <summary>
/// Where everything in a line chart stands. Coordinates are SVG units in a box of <see cref="Width"/> by
/// <see cref="Height"/>, y downwards.
/// </summary>
public sealed class LineChartDrawing
{
    /// <summary>Width of the box.</summary>
    public const int Width = 440;

    /// <summary>Height of the box.</summary>
    public const int Height = 290;

    /// <summary>Left end of the x axis.</summary>
    public const int Left = 46;

    /// <summary>Right end of the x axis; values of the last points stand to the right of it.</summary>
    public const int Right = 396;

    /// <summary>Top of the y axis.</summary>
    public const int Top = 26;

    /// <summary>Height of the x axis.</summary>
    public const int Bottom = 246;

    // Categories up to which every value finds room.
    private const int MostLabelled = 7;

    // Base lines of a label relative to its point, least distance of two labels, and the distance at which two points
    // crowd each other.
    private const double Above = -7;
    private const double Beside = 4;
    private const double Below = 15;
    private const double LabelGap = 12;
    private const double Near = 22;

    private LineChartDrawing(
        IReadOnlyList<Tick> xTicks, IReadOnlyList<Tick> yTicks, IReadOnlyList<LineDrawing> lines,
        IReadOnlyList<LabelDrawing> labels)
    {
        XTicks = xTicks;
        YTicks = yTicks;
        Lines = lines;
        Labels = labels;
    }

    /// <summary>A chart without points.</summary>
    public static LineChartDrawing Empty { get; } = new([], [], [], []);

    /// <summary>Ticks of the x axis.</summary>
    public IReadOnlyList<Tick> XTicks { get; }

    /// <summary>Ticks of the y axis.</summary>
    public IReadOnlyList<Tick> YTicks { get; }

    /// <summary>The series that have points.</summary>
    public IReadOnlyList<LineDrawing> Lines { get; }

    /// <summary>
    /// Values beside points: every point over categories (the first and last where there are many), the last one over
    /// steps.
    /// </summary>
    public IReadOnlyList<LabelDrawing> Labels { get; }

    /// <summary>True where nothing can be drawn.</summary>
    public bool IsEmpty => Lines.Count == 0;

    /// <summary>Lays a chart out.</summary>
    /// <param name="series">The lines; points that are not finite are left out.</param>
    /// <param name="categories">Names of the categories that X counts from 0; null where X is a step.</param>
    /// <param name="decimals">Decimals of the values.</param>
    /// <param name="percent">
    /// True where values are percent: the axis stays in 0..100 and spans at least 10, so that noise does not look
    /// large.
    /// </param>
    public static LineChartDrawing Of(
        IReadOnlyList<ChartSeries> series, IReadOnlyList<string>? categories, int decimals, bool percent)
    {
        (int Index, string Name, ChartPoint[] Points)[] drawn = [.. series
            .Select((one, index) =>
                (index, one.Name, Points: one.Points.Where(point => double.IsFinite(point.Y)).ToArray()))
            .Where(one => one.Points.Length > 0)];
        if (drawn.Length == 0)
        {
            return Empty;
        }

        ChartPoint[] all = [.. drawn.SelectMany(one => one.Points)];
        double low = all.Min(point => Math.Min(point.Y, point.Low ?? point.Y));
        double high = all.Max(point => Math.Max(point.Y, point.High ?? point.Y));
        if (percent && high - low < 10)
        {
            low = Math.Clamp(((low + high) / 2) - 5, 0, 90);
            high = low + 10;
        }
        Axis y = Axis.Covering(low, high);
        Axis steps = Axis.Covering(all.Min(point => point.X), all.Max(point => point.X), ticks: 6, whole: true);
        double slot = (double)(Right - Left) / Math.Max(1, categories?.Count ?? 1);
        double XOf(double x) => categories is null ? steps.Place(x, Left, Right) : Left + (slot * (x + 0.5));
        double YOf(double value) => y.Place(value, Bottom, Top);

        List<LineDrawing> lines = [];
        List<(int Index, double X, double Y, bool Rising, ChartPoint Point)> labelled = [];
        for (int rank = 0; rank < drawn.Length; rank++)
        {
            (int index, string name, ChartPoint[] points) = drawn[rank];
            // Error bars of several series at one category stand beside each other.
            double aside = points.Any(point => point.Low is not null) ? (rank - ((drawn.Length - 1) / 2.0)) * 5 : 0;
            StringBuilder path = new();
            List<MarkDrawing> marks = [];
            for (int i = 0; i < points.Length; i++)
            {
                ChartPoint point = points[i];
                (double x, double height) = (XOf(point.X) + aside, YOf(point.Y));
                bool gap = categories is not null && i > 0 && point.X - points[i - 1].X > 1;
                path.Append(i == 0 || gap ? 'M' : 'L').Append(Display.Coordinate(x)).Append(' ')
                    .Append(Display.Coordinate(height));
                if (categories is not null || points.Length <= 40 || i == points.Length - 1)
                {
                    string where = categories is null ? $"step {Display.Number(point.X, 0)}" : categories[(int)point.X];
                    string range = point is { Low: { } from, High: { } to }
                        ? $" (95 % interval {Display.Number(from, decimals)} to {Display.Number(to, decimals)})" : "";
                    marks.Add(
                        new MarkDrawing(
                            x, height, point.Low is { } l ? YOf(l) : null, point.High is { } h ? YOf(h) : null,
                        $"{name}, {where}: {Display.Number(point.Y, decimals)}{range}"));
                }
                if (i == points.Length - 1 || (categories is not null && (i == 0 || categories.Count <= MostLabelled)))
                {
                    double next = i + 1 < points.Length ? points[i + 1].Y : point.Y;
                    labelled.Add((index, x, height, next >= point.Y, point));
                }
            }
            lines.Add(new LineDrawing(index, name, path.ToString(), marks));
        }

        List<LabelDrawing> labels = [];
        foreach (var column in labelled.GroupBy(label => categories is null ? Math.Round(label.X / 40) : label.Point.X))
        {
            var members = column.OrderBy(label => label.Y).ToArray();
            double[] wanted = new double[members.Length];
            for (int member = 0; member < members.Length; member++)
            {
                bool crowdedAbove = member > 0 && members[member].Y - members[member - 1].Y < Near;
                bool crowdedBelow = member + 1 < members.Length && members[member + 1].Y - members[member].Y < Near;
                // Beside the last point; else away from the neighbours; else on the side that the line does not leave
                // to.
                bool last = categories is null || (int)members[member].Point.X == categories.Count - 1;
                bool below = crowdedAbove == crowdedBelow ? members[member].Rising : crowdedAbove;
                wanted[member] = members[member].Y + (last ? Beside : below ? Below : Above);
            }
            double[] heights = LabelPlacement.Spread(wanted, LabelGap, Top + 6, Bottom - 3);
            labels.AddRange(members.Select((label, member) =>
                new LabelDrawing(label.Index, label.X + 6, heights[member], Display.Tick(label.Point.Y, decimals))));
        }

        Tick[] xTicks = categories is null
            ? [.. steps.Ticks.Select(tick => new Tick(XOf(tick), Display.Tick(tick, 0)))]
            : [.. categories.Select((name, index) => new Tick(XOf(index), name))];
        Tick[] yTicks = [.. y.Ticks.Select(tick => new Tick(YOf(tick), Display.Tick(tick, y.Decimals)))];
        return new LineChartDrawing(xTicks, yTicks, lines, labels);
    }
}
