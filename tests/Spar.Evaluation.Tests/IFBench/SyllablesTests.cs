using System.Diagnostics;
using Spar.Evaluation.IFBench.Verifiers;

namespace Spar.Evaluation.Tests.IFBench;

public class SyllablesTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData(" \n", 0)]
    [InlineData("-!-", 0)]
    [InlineData("r2d2", 0)]
    [InlineData("well-known-2", 0)]
    [InlineData("Table,", 2)]
    [InlineData("table-cat-dog", 4)]
    [InlineData("zxcv", 1)]
    [InlineData("日本", 1)]
    [InlineData("e", 1)]
    public void Syllables_are_counted_part_by_part(string word, int count) =>
        Assert.Equal(count, Syllables.Count(word));

    [Fact]
    public void A_word_of_any_length_takes_time_in_proportion()
    {
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(250_000, Syllables.Count(string.Concat(Enumerable.Repeat("za-", 250_000))));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
    }
}
