using FsCheck;
using FsCheck.Fluent;
using Spar.Evaluation.Statistics;
using Interval = Spar.Evaluation.Statistics.Interval;

namespace Spar.Evaluation.Tests.Statistics;

public class StatisticsTests
{
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(2, 8, 0.109375)]
    [InlineData(10, 10, 1)]
    [InlineData(15, 30, 0.035697803555194696)]
    public void McNemar_is_twice_the_smaller_binomial_tail(int onlyFirst, int onlySecond, double expected) =>
        Assert.Equal(expected, McNemar.PValue(onlyFirst, onlySecond), 1e-12);

    [Fact]
    public void McNemar_stays_finite_for_thousands_of_disagreements() =>
        Assert.InRange(McNemar.PValue(2000, 2500), 1e-15, 1e-12);

    [Fact]
    public void A_mean_lies_in_its_interval_and_equal_seeds_give_equal_intervals() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<NonEmptyArray<bool>>(),
                items =>
                {
                    double[] values = [.. items.Get.Select(item => item ? 1.0 : 0)];
                    Interval interval = Bootstrap.OfMean(values, seed: 3, resamples: 200);
                    Assert.InRange(values.Average(), interval.Low - 1e-12, interval.High + 1e-12);
                    Assert.Equal(interval, Bootstrap.OfMean(values, seed: 3, resamples: 200));
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void An_interval_has_the_width_of_the_normal_approximation()
    {
        double[] values = [.. Enumerable.Range(0, 1000).Select(i => i % 4 == 0 ? 1.0 : 0)];
        Interval interval = Bootstrap.OfMean(values, resamples: 4000);
        double half = 1.96 * Bootstrap.StandardErrorOfMean(values);
        Assert.InRange(interval.Low, 0.25 - (half * 1.1), 0.25 - (half * 0.9));
        Assert.InRange(interval.High, 0.25 + (half * 0.9), 0.25 + (half * 1.1));
    }

    [Fact]
    public void A_paired_bootstrap_sees_a_difference_and_its_absence()
    {
        double[] a = [.. Enumerable.Range(0, 200).Select(i => i % 2 == 0 ? 1.0 : 0)];
        double[] better = [.. a.Select((value, i) => i % 10 == 1 ? 1 : value)];
        PairedDifference difference = Bootstrap.Paired(a, better);
        Assert.Equal(0.1, difference.Difference, 1e-12);
        Assert.True(difference.PValue < 0.001 && difference.Interval.Low > 0);
        Assert.Equal(1, Bootstrap.Paired(a, a).PValue);
    }

    [Fact]
    public void Kappa_is_agreement_beyond_chance()
    {
        Agreement table = new(BothYes: 20, OnlyFirst: 5, OnlySecond: 10, BothNo: 15);
        Assert.Equal(0.7, table.Share, 1e-12);
        Assert.Equal(0.4, table.Kappa!.Value, 1e-12);
        Assert.Null(new Agreement(5, 0, 0, 0).Kappa);
    }

    [Theory]
    [InlineData(75.625, 2, 75.62)]
    [InlineData(2.675, 2, 2.67)]
    [InlineData(0.125, 2, 0.12)]
    [InlineData(0.375, 2, 0.38)]
    [InlineData(1.375, 1, 1.4)]
    [InlineData(0.25, 1, 0.2)]
    [InlineData(0.35, 1, 0.3)]
    [InlineData(-0.35, 1, -0.3)]
    [InlineData(100, 2, 100)]
    [InlineData(0, 2, 0)]
    public void Rounding_decides_on_the_exact_binary_value(double value, int digits, double expected) =>
        Assert.Equal(expected, Rounding.HalfEven(value, digits));
}
