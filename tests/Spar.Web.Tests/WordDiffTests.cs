using FsCheck;
using FsCheck.Fluent;
using Spar.Web.Text;

namespace Spar.Web.Tests;

public class WordDiffTests
{
    [Fact]
    public void Marks_removed_and_added_words()
    {
        WordDiff diff = WordDiff.Between("the cow rests", "the old cow sleeps");
        Assert.Equal([new("the", false), new("cow", false), new("rests", true)], diff.Before);
        Assert.Equal([new("the", false), new("old", true), new("cow", false), new("sleeps", true)], diff.After);
        Assert.Equal(2.0 / 3, diff.KeptShare);
    }

    [Fact]
    public void Case_punctuation_and_line_breaks_count()
    {
        WordDiff diff = WordDiff.Between("a Crab.", "a crab\n.");
        Assert.Equal([new("a", false), new("Crab.", true)], diff.Before);
        Assert.Equal([new("a", false), new("crab", true), new("\n", true), new(".", true)], diff.After);
    }

    [Theory]
    [InlineData("", "x", null)]
    [InlineData("\n", "\n", null)]
    [InlineData("a b", "a b", 1.0)]
    [InlineData("a b", "", 0.0)]
    public void Kept_share_of_small_texts(string before, string after, double? kept) =>
        Assert.Equal(kept, WordDiff.Between(before, after).KeptShare);

    [Fact]
    public void Unchanged_words_are_a_common_subsequence_and_nothing_is_lost()
    {
        Gen<string> text = Gen.Elements("a", "b", "c", "\n", "B").ListOf().Select(words => string.Join(' ', words));
        Prop.ForAll(text.ToArbitrary(), text.ToArbitrary(), (before, after) =>
        {
            WordDiff diff = WordDiff.Between(before, after);
            Assert.Equal(Words(before), diff.Before.Select(word => word.Text));
            Assert.Equal(Words(after), diff.After.Select(word => word.Text));
            Assert.Equal(diff.Before.Where(word => !word.Changed), diff.After.Where(word => !word.Changed));
            Assert.Equal(Longest([.. Words(before)], [.. Words(after)]), diff.Before.Count(word => !word.Changed));
        }).QuickCheckThrowOnFailure();
    }

    private static IEnumerable<string> Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static int Longest(string[] a, string[] b)
    {
        int[,] table = new int[a.Length + 1, b.Length + 1];
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                table[i, j] = a[i - 1] == b[j - 1]
                    ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }
        return table[a.Length, b.Length];
    }
}
