namespace Spar.Ground.Tests;

// The expected numbers are those of the reference implementation (S. Vigna, splitmix64.c) and of the published
// definitions of FNV-1a and SHA-256,
// computed elsewhere. Kept answers and results hang on every bit: a test that fails here is a program that no longer
// knows its runs.
public sealed class SeededRandomTests
{
    [Fact]
    public void The_sequence_is_SplitMix64()
    {
        SeededRandom random = new(1234567);
        Assert.Equal(
            [6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL],
            [random.NextBits(), random.NextBits(), random.NextBits()]
        );
    }

    [Fact]
    public void A_scrambled_seed_is_mixed_first()
    {
        SeededRandom random = SeededRandom.Scrambled(42);
        Assert.Equal(
            [6332618229526065668UL, 17630415256238047317UL, 8971565426155258802UL],
            [random.NextBits(), random.NextBits(), random.NextBits()]
        );
    }

    [Fact]
    public void Whole_numbers_come_from_all_bits_or_from_the_upper_half()
    {
        SeededRandom all = new(1234567);
        Assert.Equal([350, 173, 532, 249, 889], Enumerable.Range(0, 5).Select(_ => all.Next(1000)));
        SeededRandom upper = SeededRandom.Scrambled(42);
        Assert.Equal([343, 955, 486, 67, 676], Enumerable.Range(0, 5).Select(_ => upper.Next32(1000)));

        // The third draw of seed 0 is one on which the two differ.
        SeededRandom first = new(0);
        SeededRandom second = new(0);
        int[] fromAll = [first.Next(int.MaxValue), first.Next(int.MaxValue), first.Next(int.MaxValue)];
        int[] fromUpper = [second.Next32(int.MaxValue), second.Next32(int.MaxValue), second.Next32(int.MaxValue)];
        Assert.Equal((56766092, 56766091), (fromAll[2], fromUpper[2]));
    }

    [Fact]
    public void A_draw_can_be_computed_without_those_before_it()
    {
        Assert.Equal(0.8966974976375901, SeededRandom.DoubleAt(9, 0));
        Assert.Equal(0.08945914244836006, SeededRandom.DoubleAt(9, 1));
        Assert.Equal(0.34892677851813736, SeededRandom.DoubleAt(9, 1_000_000));
        SeededRandom stream = SeededRandom.Scrambled(77);
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(stream.NextDouble(), SeededRandom.DoubleAt(77, i)));
    }

    [Fact]
    public void Hashes_and_derived_seeds_never_change()
    {
        Assert.Equal(519239752752684033UL, StableHash.Of("abc"));
        Assert.Equal(649535357948278015UL, StableHash.Of("é"));
        Assert.Equal(3896525860631080885UL, StableHash.Seed(3, "a/b"));
        Assert.Equal(6486067356240182308L, StableHash.Sha256Seed(7, "a/b"));
        Assert.Equal(6165095724460347069L, StableHash.Sha256Seed(-7, "a/b"));
    }

    [Fact]
    public void Choosing_keeps_the_order_and_is_fair()
    {
        int[] items = [.. Enumerable.Range(0, 10)];
        int[] taken = new int[10];
        for (ulong seed = 0; seed < 5000; seed++)
        {
            List<int> chosen = new SeededRandom(seed).Choose(items, 3);
            Assert.Equal(3, chosen.Count);
            Assert.Equal(chosen.Order(), chosen);
            chosen.ForEach(item => taken[item]++);
        }

        Assert.All(taken, count => Assert.InRange(count, 1350, 1650));
        Assert.Equal(items, new SeededRandom(1).Choose(items, 10));
        Assert.Equal(items, new SeededRandom(1).Choose(items, 99));
        Assert.Empty(new SeededRandom(1).Choose(items, 0));
    }

    [Fact]
    public void Shuffling_reaches_every_order_equally_often()
    {
        Dictionary<string, int> seen = [];
        for (ulong seed = 0; seed < 6000; seed++)
        {
            List<int> items = [1, 2, 3];
            SeededRandom.Scrambled(seed).Shuffle(items);
            string order = string.Join(' ', items);
            seen[order] = seen.GetValueOrDefault(order) + 1;
        }

        Assert.Equal(6, seen.Count);
        Assert.All(seen.Values, count => Assert.InRange(count, 850, 1150));
    }
}
