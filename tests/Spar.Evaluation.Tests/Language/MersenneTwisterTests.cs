using System.Text.Json;
using Spar.Evaluation.Language;
using Spar.TestSupport;

namespace Spar.Evaluation.Tests.Language;

public class MersenneTwisterTests
{
    private static JsonElement Vectors() =>
        JsonDocument
            .Parse(File.ReadAllText(SharedData.Path("data", "ifeval", "langdetect", "random_vectors.json")))
            .RootElement;

    [Fact]
    public void Draws_equal_the_reference_generators()
    {
        JsonElement vectors = Vectors();
        uint seed = vectors.GetProperty("seed").GetUInt32();
        T[] Draw<T>(int count, Func<MersenneTwister, T> one)
        {
            MersenneTwister random = new(seed);
            return Enumerable.Range(0, count).Select(_ => one(random)).ToArray();
        }

        Assert.Equal(vectors.GetProperty("getrandbits32_first_6").Deserialize<uint[]>(), Draw(6, r => r.NextUInt32()));
        Assert.Equal(vectors.GetProperty("random_first_4").Deserialize<double[]>(), Draw(4, r => r.NextDouble()));
        Assert.Equal(
            vectors.GetProperty("choice_index_of_100_first_10").Deserialize<int[]>(),
            Draw(10, r => r.NextBelow(100))
        );
        double[] gauss = vectors.GetProperty("gauss_first_3").Deserialize<double[]>()!;
        Assert.All(gauss.Zip(Draw(3, r => r.NextGauss())), pair => Assert.Equal(pair.First, pair.Second, 1e-15));
    }

    [Fact]
    public void The_spare_normal_value_survives_other_draws()
    {
        JsonElement mixed = Vectors().GetProperty("gauss_then_6_choices_of_37_then_gauss");
        MersenneTwister random = new(0);
        Assert.Equal(mixed[0].GetDouble(), random.NextGauss(), 1e-15);
        Assert.Equal(mixed[1].Deserialize<int[]>(), Enumerable.Range(0, 6).Select(_ => random.NextBelow(37)));
        Assert.Equal(mixed[2].GetDouble(), random.NextGauss(), 1e-15);
    }

    /// <summary>The first outputs for another seed, and one after the state has been renewed twice.</summary>
    [Fact]
    public void Seeds_give_different_sequences_that_go_on()
    {
        MersenneTwister random = new(12345);
        Assert.Equal([1789368711u, 3146859322u, 43676229u], Enumerable.Range(0, 3).Select(_ => random.NextUInt32()));
        for (int i = 3; i < 1999; i++)
        {
            random.NextUInt32();
        }

        Assert.Equal(3083619685u, random.NextUInt32());
    }
}
