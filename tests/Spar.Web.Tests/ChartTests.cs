using FsCheck;
using FsCheck.Fluent;
using Spar.Seams;
using Spar.Web.Charts;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

public class ChartTests
{
    [Theory]
    [InlineData(0.0, 1.0, 0.2)]
    [InlineData(0.412, 0.867, 0.1)]
    [InlineData(1, 14, 5)]
    [InlineData(-3, 7, 2)]
    public void Axis_ticks_are_round(double low, double high, double step)
    {
        Axis axis = Axis.Covering(low, high);
        Assert.Equal(step, axis.Step, 9);
        Assert.True(axis.Low <= low && axis.High >= high);
    }

    [Fact]
    public void Axis_covers_any_range_with_few_ticks()
    {
        Gen<(double Low, double High, bool Whole)> range =
            from low in Gen.Choose(-100_000, 100_000)
            from span in Gen.Choose(0, 100_000)
            from power in Gen.Choose(-6, 3)
            from whole in Gen.Elements(true, false)
            select (low * Math.Pow(10, power), (low + span) * Math.Pow(10, power), whole);
        Prop.ForAll(range.ToArbitrary(), one =>
        {
            Axis axis = Axis.Covering(one.Low, one.High, 5, one.Whole);
            double[] ticks = [.. axis.Ticks];
            double slack = 1e-6 * axis.Step;
            Assert.InRange(ticks.Length, 2, 8);
            Assert.True(ticks[0] <= one.Low + slack && ticks[^1] >= one.High - slack);
            Assert.Equal(axis.High, ticks[^1], 9 * Math.Abs(slack) + 1e-12);
            Assert.True(!one.Whole || axis.Step == Math.Round(axis.Step));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Axis_knows_the_decimals_of_its_ticks()
    {
        Assert.Equal(0, new Axis(0, 100, 20).Decimals);
        Assert.Equal(1, new Axis(0, 5, 2.5).Decimals);
        Assert.Equal(2, new Axis(0, 1, 0.25).Decimals);
        Assert.Equal(3, new Axis(0, 0.01, 0.002).Decimals);
    }

    [Theory]
    [InlineData(0.25, 2, "0.25")]
    [InlineData(99999, 0, "99999")]
    [InlineData(1.5e9, 0, "1.5e9")]
    [InlineData(0.0000002, 7, "2e-7")]
    [InlineData(0, 7, "0")]
    public void Ticks_stay_short(double value, int decimals, string text) =>
        Assert.Equal(text, Text.Display.Tick(value, decimals));

    [Fact]
    public void Labels_keep_their_distance_order_and_limits()
    {
        Gen<double[]> heights = Gen.Choose(0, 200).Select(value => (double)value).ListOf()
            .Select(list => list.Take(10).ToArray());
        Prop.ForAll(heights.ToArbitrary(), wanted =>
        {
            double[] placed = LabelPlacement.Spread(wanted, 12, 10, 190);
            int[] order = [.. Enumerable.Range(0, wanted.Length).OrderBy(index => wanted[index])];
            for (int rank = 0; rank < order.Length; rank++)
            {
                Assert.InRange(placed[order[rank]], 10 - 1e-9, 190 + 1e-9);
                Assert.True(rank == 0 || placed[order[rank]] - placed[order[rank - 1]] >= 12 - 1e-9);
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Labels_that_do_not_collide_stay() =>
        Assert.Equal([50, 20, 90], LabelPlacement.Spread([50, 20, 90], 12, 0, 100));

    // R: binom::binom.wilson(x, n)
    [Theory]
    [InlineData(5, 10, 0.2365931, 0.7634069)]
    [InlineData(0, 10, 0.0, 0.2775328)]
    [InlineData(10, 10, 0.7224672, 1.0)]
    [InlineData(50, 100, 0.4038315, 0.5961685)]
    public void Wilson_interval_agrees_with_published_values(int successes, int trials, double low, double high)
    {
        (double actualLow, double actualHigh) = BinomialInterval.Wilson95((double)successes / trials, trials);
        Assert.Equal(low, actualLow, 1e-6);
        Assert.Equal(high, actualHigh, 1e-6);
    }

    [Fact]
    public void Wilson_interval_needs_a_share_and_trials()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BinomialInterval.Wilson95(0.5, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => BinomialInterval.Wilson95(1.1, 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => BinomialInterval.Wilson95(double.NaN, 10));
    }

    [Fact]
    public void Line_breaks_where_a_stage_was_not_measured()
    {
        ChartSeries series = new("score", [new(0, 40), new(1, 50), new(3, 60)]);
        LineChartDrawing drawing = LineChartDrawing.Of([series], ["base", "SFT", "1", "2"], 1, percent: true);
        Assert.Equal(2, drawing.Lines[0].Path.Count(letter => letter == 'M'));
        Assert.Equal(["40.0", "50.0", "60.0"], drawing.Labels.Select(label => label.Text));
        Assert.Equal(["base", "SFT", "1", "2"], drawing.XTicks.Select(tick => tick.Label));
    }

    [Fact]
    public void Many_stages_are_labelled_at_the_ends_only()
    {
        ChartSeries series = new(
            "score", [.. Enumerable.Range(0, 9).Select(stage => new ChartPoint(stage, 40 + stage))]);
        LineChartDrawing drawing = LineChartDrawing.Of(
            [series], [.. Enumerable.Range(0, 9).Select(stage => $"{stage}")], 1, percent: true);
        Assert.Equal(["40.0", "48.0"], drawing.Labels.Select(label => label.Text));
        Assert.Equal(9, drawing.Lines[0].Marks.Count);
    }

    [Fact]
    public void Percent_axis_does_not_blow_up_noise_nor_leave_its_range()
    {
        LineChartDrawing drawing = LineChartDrawing.Of(
            [new ChartSeries("judge", [new(0, 99.9), new(1, 100)])], ["SFT", "1"], 1, percent: true);
        Assert.Equal("90", drawing.YTicks[0].Label);
        Assert.Equal("100", drawing.YTicks[^1].Label);
    }

    [Fact]
    public void Everything_stands_inside_the_box()
    {
        Gen<ChartPoint[]> points = Gen.Choose(0, 1000).Select(value => value / 10.0).ListOf()
            .Where(list => list.Count > 0)
            .Select(
                list =>
                    list.Select((value, step) =>
                        new ChartPoint(step, value, Math.Max(0, value - 5), Math.Min(100, value + 5))).ToArray());
        Prop.ForAll(points.ListOf().Select(list => list.Take(5).ToArray()).ToArbitrary(), lines =>
        {
            string[] categories = [
                .. Enumerable.Range(0, lines.Select(line => line.Length).DefaultIfEmpty(0).Max())
                    .Select(index => $"{index}")];
            LineChartDrawing drawing = LineChartDrawing.Of(
                [.. lines.Select(line => new ChartSeries("line", line))], categories, 1, percent: true);
            Assert.Equal(lines.Length == 0, drawing.IsEmpty);
            foreach (MarkDrawing mark in drawing.Lines.SelectMany(line => line.Marks))
            {
                Assert.InRange(mark.X, LineChartDrawing.Left - 12, LineChartDrawing.Right + 12);
                Assert.InRange(mark.Y, LineChartDrawing.Top - 1e-6, LineChartDrawing.Bottom + 1e-6);
                Assert.True(mark.HighY <= mark.Y && mark.Y <= mark.LowY);
            }
            Assert.All(drawing.Labels, label => Assert.InRange(label.Y, LineChartDrawing.Top, LineChartDrawing.Bottom));
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Long_curves_are_shown_as_means_of_neighbouring_steps()
    {
        TrainingCurve curve = new(
            "long", [.. Enumerable.Range(1, 2400).Select(step => new TrainingStep(step, 2400, step, 1, 1))]);
        ChartSeries series = curve.Series("long", step => step.Loss);
        Assert.Equal(TrainingCurve.MaximumPoints, series.Points.Count);
        Assert.Equal(new ChartPoint(10, 5.5), series.Points[0]);
        Assert.Equal(new ChartPoint(2400, 2395.5), series.Points[^1]);
    }
}
