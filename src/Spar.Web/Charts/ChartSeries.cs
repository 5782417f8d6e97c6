namespace Spar.Web.Charts;

/// <summary>One line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">
/// Its points by rising X; a category without a value has no point. Values that are not finite are left out of the
/// drawing.
/// </param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>One point of a line.</summary>
/// <param name="X">Step, or index of the category.</param>
/// <param name="Y">Value in the chart's unit.</param>
/// <param name="Low">Lower end of the error bar; null without one.</param>
/// <param name="High">Upper end of the error bar; null without one.</param>
public sealed record ChartPoint(double X, double Y, double? Low = null, double? High = null);
