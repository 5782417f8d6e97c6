using Spar.Calls;

namespace Spar.Tests.Calls;

public sealed class SeededRandomTests
{
    [Fact]
    public void TheSequenceIsSplitMix64()
    {
        // First outputs of the reference implementation for seed 1234567 (S. Vigna, splitmix64.c).
        SeededRandom random = new(1234567);
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL], [random.NextBits(), random.NextBits(), random.NextBits()]);
    }

    [Fact]
    public void HashesNeverChange()
    {
        // Stored runs hang on these: a change would make every kept answer worthless.
        Assert.Equal(StableHash.Mix(0xCBF29CE484222325), StableHash.Of(""));
        Assert.NotEqual(StableHash.Of("ab"), StableHash.Of("ba"));
        Assert.NotEqual(StableHash.Seed(1, "a"), StableHash.Seed(2, "a"));
        Assert.NotEqual(StableHash.Seed(1, "a"), StableHash.Seed(1, "b"));
    }

    [Fact]
    public void ChoosingKeepsTheOrderAndIsFair()
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
}
