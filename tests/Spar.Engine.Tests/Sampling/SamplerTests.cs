using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Spar.Engine.Sampling;
using Spar.Ground;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Sampling;

public class SamplerTests
{
    [Fact]
    public void Distributions_match_the_reference()
    {
        using JsonDocument file = JsonDocument.Parse(
            File.ReadAllText(SharedData.Path("fixtures", "sampling", "sampling.json"))
        );
        int cases = 0;
        foreach (JsonElement vector in file.RootElement.GetProperty("vectors").EnumerateArray())
        {
            float[] logits = [.. vector.GetProperty("logits").EnumerateArray().Select(e => (float)e.GetDouble())];
            int[] previous = [.. vector.GetProperty("previous_ids").EnumerateArray().Select(e => e.GetInt32())];
            Sampler sampler = new(logits.Length);
            foreach (JsonElement item in vector.GetProperty("cases").EnumerateArray())
            {
                string what = $"{vector.GetProperty("name")} {item.GetProperty("settings")}";
                double[] actual = new double[logits.Length];
                sampler.Distribution(logits, Options(item.GetProperty("settings")), previous, actual);

                int[] kept = [.. item.GetProperty("kept_ids").EnumerateArray().Select(e => e.GetInt32()).Order()];
                Assert.True(kept.SequenceEqual(Enumerable.Range(0, actual.Length).Where(id => actual[id] > 0)), what);
                double[] expected = [.. item.GetProperty("probs").EnumerateArray().Select(e => e.GetDouble())];
                for (int id = 0; id < expected.Length; id++)
                {
                    Assert.True(
                        Math.Abs(expected[id] - actual[id]) <= 1e-6,
                        $"{what} id {id}: {expected[id]} and {actual[id]}"
                    );
                }

                cases++;
            }
        }

        Assert.True(cases > 50);
    }

    [Fact]
    public void Distributions_match_a_plain_sort_on_large_vocabularies()
    {
        Gen<(int Seed, int Vocab, int TopK, double TopP, double MinP)> gen =
            from seed in Gen.Choose(0, int.MaxValue)
            from vocab in Gen.Choose(1, 700)
            from topK in Gen.Choose(0, 50)
            from topP in Gen.Choose(1, 100)
            from minP in Gen.Choose(0, 20)
            select (seed, vocab, topK, topP / 100.0, minP / 100.0);
        Prop.ForAll(
                gen.ToArbitrary(),
                t =>
                {
                    Random random = new(t.Seed);
                    float[] logits = [.. Enumerable.Range(0, t.Vocab).Select(_ => (float)(random.NextDouble() * 8))];
                    SamplingOptions options = new()
                    {
                        Temperature = 0.8,
                        TopK = t.TopK,
                        TopP = t.TopP,
                        MinP = t.MinP,
                    };
                    double[] actual = new double[t.Vocab];
                    new Sampler(t.Vocab).Distribution(logits, options, [], actual);
                    double[] expected = Plain(logits, options);
                    for (int id = 0; id < t.Vocab; id++)
                    {
                        Assert.Equal(expected[id], actual[id], 1e-5);
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Presence_and_frequency_count_what_was_generated_after_the_repetition_penalty()
    {
        float[] logits = [1, 2, -1, 0.5f];
        double[] actual = new double[4];
        SamplingOptions options = new()
        {
            RepetitionPenalty = 2,
            PresencePenalty = 0.5,
            FrequencyPenalty = 0.25,
        };
        new Sampler(4).Distribution(logits, options, [1, 2, 0, 2, 2], actual, promptLength: 1);
        double[] expected = [.. new[] { 0.5 - 0.75, 1, -2 - 1.25, 0.5 }.Select(Math.Exp)];
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First / expected.Sum(), pair.Second, 1e-6));
        Assert.Contains(
            "FrequencyPenalty",
            Assert.Throws<EngineException>(() => new SamplingOptions { FrequencyPenalty = 3 }.Validate()).Message
        );
    }

    [Fact]
    public void Samples_occur_as_often_as_their_probability_says()
    {
        float[] logits = [.. Enumerable.Range(0, 40).Select(i => (float)Math.Sin(i * 1.7) * 2)];
        SamplingOptions options = new()
        {
            Temperature = 0.9,
            TopK = 25,
            TopP = 0.95,
        };
        Sampler sampler = new(logits.Length);
        double[] probabilities = new double[logits.Length];
        sampler.Distribution(logits, options, [], probabilities);

        const int n = 200_000;
        int[] counts = new int[logits.Length];
        for (int i = 0; i < n; i++)
        {
            counts[sampler.Sample(logits, options, [], SeededRandom.DoubleAt(7, i))]++;
        }

        double chiSquare = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (probabilities[id] == 0)
            {
                Assert.Equal(0, counts[id]);
            }
            else
            {
                double expected = n * probabilities[id];
                chiSquare += (counts[id] - expected) * (counts[id] - expected) / expected;
            }
        }

        // At most 24 degrees of freedom: 60 is beyond the 99.99th percentile.
        Assert.True(chiSquare < 60, $"chi-square {chiSquare}");
    }

    [Fact]
    public void Every_draw_in_the_unit_interval_gives_an_id_that_was_kept()
    {
        float[] logits = new float[37];
        Array.Fill(logits, float.NegativeInfinity);
        logits[3] = 0;
        logits[17] = 0;
        logits[36] = 0;
        Sampler sampler = new(logits.Length);
        Assert.Equal(3, sampler.Sample(logits, new SamplingOptions(), [], 0));
        Assert.Equal(17, sampler.Sample(logits, new SamplingOptions(), [], 0.5));
        Assert.Equal(36, sampler.Sample(logits, new SamplingOptions(), [], Math.BitDecrement(1.0)));
    }

    [Fact]
    public void Greedy_takes_the_lowest_id_on_ties_and_sees_the_repetition_penalty()
    {
        float[] logits = [.. Enumerable.Repeat(1f, 50)];
        logits[20] = logits[40] = 3;
        Sampler sampler = new(logits.Length);
        Assert.Equal(20, sampler.Sample(logits, SamplingOptions.Greedy, [], 0));
        Assert.Equal(
            40,
            sampler.Sample(logits, SamplingOptions.Greedy with { RepetitionPenalty = 1.1 }, [20, 20, 5], 0)
        );
        Assert.Equal(20, sampler.Sample(logits, SamplingOptions.Greedy with { RepetitionPenalty = 1.1 }, [5], 0));
    }

    [Fact]
    public void Logits_that_are_not_numbers_are_an_error()
    {
        float[] logits = new float[20];
        logits[11] = float.NaN;
        Assert.Throws<EngineException>(() => new Sampler(20).Sample(logits, new SamplingOptions(), [], 0.5));
        Array.Fill(logits, float.NaN);
        Assert.Throws<EngineException>(() => new Sampler(20).Sample(logits, SamplingOptions.Greedy, [], 0.5));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Assert.Contains(
            "TopP",
            Assert.Throws<EngineException>(() => new SamplingOptions { TopP = 0 }.Validate()).Message
        );
        Assert.Contains(
            "Temperature is -1",
            Assert.Throws<EngineException>(() => new SamplingOptions { Temperature = -1 }.Validate()).Message
        );
        new SamplingOptions().Validate();
    }

    [Fact]
    public void Draws_depend_on_seed_and_number_and_are_uniform()
    {
        Assert.NotEqual(SeededRandom.DoubleAt(1, 0), SeededRandom.DoubleAt(2, 0));
        Assert.NotEqual(SeededRandom.DoubleAt(1, 0), SeededRandom.DoubleAt(1, 1));
        int[] buckets = new int[16];
        double correlation = 0;
        for (int i = 0; i < 160_000; i++)
        {
            double draw = SeededRandom.DoubleAt((ulong)(i / 100), i % 100);
            buckets[(int)(draw * 16)]++;
            correlation += (draw - 0.5) * (SeededRandom.DoubleAt((ulong)(i / 100) + 1, i % 100) - 0.5);
        }

        Assert.All(buckets, n => Assert.InRange(n, 9_500, 10_500));
        Assert.InRange(correlation / 160_000 * 12, -0.02, 0.02);
    }

    private static SamplingOptions Options(JsonElement settings)
    {
        SamplingOptions options = new();
        foreach (JsonProperty setting in settings.EnumerateObject())
        {
            options = setting.Name switch
            {
                "temperature" => options with { Temperature = setting.Value.GetDouble() },
                "top_k" => options with { TopK = setting.Value.GetInt32() },
                "top_p" => options with { TopP = setting.Value.GetDouble() },
                "min_p" => options with { MinP = setting.Value.GetDouble() },
                "repetition_penalty" => options with { RepetitionPenalty = setting.Value.GetDouble() },
                _ => throw new InvalidOperationException(setting.Name),
            };
        }

        options.Validate();
        return options;
    }

    /// <summary>The filters written as plainly as possible: whole sorts in float64.</summary>
    private static double[] Plain(float[] logits, SamplingOptions o)
    {
        double[] p = [.. logits.Select(l => l / o.Temperature)];
        int[] byLogit = [.. Enumerable.Range(0, p.Length).OrderByDescending(i => p[i])];
        if (o.TopK > 0)
        {
            foreach (int id in byLogit.Skip(o.TopK))
            {
                p[id] = double.NegativeInfinity;
            }
        }

        double[] Normalised()
        {
            double max = p.Max();
            double sum = p.Sum(x => Math.Exp(x - max));
            return [.. p.Select(x => Math.Exp(x - max) / sum)];
        }

        double[] probabilities = Normalised();
        double running = 0;
        foreach (int id in byLogit)
        {
            if (running >= o.TopP)
            {
                p[id] = double.NegativeInfinity;
            }

            running += probabilities[id];
        }

        probabilities = Normalised();
        double least = o.MinP * probabilities.Max();
        for (int id = 0; id < p.Length; id++)
        {
            p[id] = probabilities[id] < least ? double.NegativeInfinity : p[id];
        }

        return Normalised();
    }
}
