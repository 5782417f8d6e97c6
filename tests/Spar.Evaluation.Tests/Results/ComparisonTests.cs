using System.Text.Json;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Statistics;
using Spar.Evaluation.Tests.Harness;

namespace Spar.Evaluation.Tests.Results;

public class ComparisonTests
{
    [Fact]
    public void Results_have_the_layout_of_lm_eval()
    {
        using var folder = new TemporaryFolder();
        Write(folder.Root, "1100");
        JsonElement root = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder.Root, "results.json"))).RootElement;
        JsonElement figures = root.GetProperty("results").GetProperty("toy");
        Assert.Equal(0.5, figures.GetProperty("acc,none").GetDouble());
        Assert.Equal(Math.Sqrt(1.0 / 3) / 2, figures.GetProperty("acc_stderr,none").GetDouble(), 1e-12);
        Assert.True(
            figures.GetProperty("acc_ci95_low,none").GetDouble() < figures.GetProperty("acc_ci95_high,none").GetDouble()
        );
        Assert.Equal(4, root.GetProperty("n-samples").GetProperty("toy").GetProperty("effective").GetInt32());
        Assert.Equal(1, root.GetProperty("versions").GetProperty("toy").GetInt32());
        Assert.Equal(0, root.GetProperty("n-shot").GetProperty("toy").GetInt32());
        JsonElement sample = JsonDocument
            .Parse(File.ReadLines(Path.Combine(folder.Root, "samples.jsonl")).First())
            .RootElement;
        Assert.Equal(0, sample.GetProperty("doc_id").GetInt32());
        Assert.Equal("acc", sample.GetProperty("metrics")[0].GetString());
        Assert.Equal(1, sample.GetProperty("acc").GetDouble());
        Assert.Equal("answer 0", sample.GetProperty("resps")[0][0].GetString());
        Assert.Equal("none", sample.GetProperty("filter").GetString());
    }

    [Fact]
    public void Two_results_are_tested_in_pairs_and_flips_are_listed()
    {
        using var a = new TemporaryFolder();
        using var b = new TemporaryFolder();
        Write(a.Root, "1100110011");
        Write(b.Root, "1111111001");
        Comparison comparison = Comparison.Of(StoredResult.Load(a.Root), StoredResult.Load(b.Root));
        PairedTest test = Assert.Single(comparison.Tests);
        Assert.Equal(["s2", "s3", "s6"], test.Gained);
        Assert.Equal(["s8"], test.Lost);
        Assert.Equal(McNemar.PValue(1, 3), test.McNemarPValue);
        Assert.Equal(0.2, test.Difference.Difference, 1e-12);
        Assert.Equal((0.6, 0.8), (Math.Round(test.MeanA, 12), Math.Round(test.MeanB, 12)));
        FigurePair pair = Assert.Single(comparison.Figures);
        Assert.Equal(("toy", "acc,none"), (pair.Key.Task, pair.Key.Measure));
        Assert.Equal("prompt 2", comparison.A.Prompts["s2"]);
    }

    [Fact]
    public void Results_of_other_samples_are_compared_only_leniently()
    {
        using var a = new TemporaryFolder();
        using var b = new TemporaryFolder();
        Write(a.Root, "11");
        Write(b.Root, "1111");
        EvaluationException fault = Assert.Throws<EvaluationException>(() =>
            Comparison.Of(StoredResult.Load(a.Root), StoredResult.Load(b.Root))
        );
        Assert.Contains("\"s2\"", fault.Message);
        Comparison comparison = Comparison.Of(StoredResult.Load(a.Root), StoredResult.Load(b.Root), lenient: true);
        Assert.Equal((0, 2, 2), (comparison.OnlyA.Count, comparison.OnlyB.Count, comparison.Tests[0].Count));
    }

    [Fact]
    public void Results_of_other_benchmarks_are_refused()
    {
        using var a = new TemporaryFolder();
        using var b = new TemporaryFolder();
        Write(a.Root, "11");
        Write(b.Root, "11", "game");
        Assert.Contains(
            "game version 1",
            Assert
                .Throws<EvaluationException>(() => Comparison.Of(StoredResult.Load(a.Root), StoredResult.Load(b.Root)))
                .Message
        );
    }

    [Fact]
    public void A_folder_without_results_is_named() =>
        Assert.Contains("nowhere", Assert.Throws<EvaluationException>(() => StoredResult.Load("nowhere")).Message);

    private static void Write(string folder, string verdicts, string name = "toy")
    {
        double[] values = [.. verdicts.Select(c => c - '0')];
        ScoredSample[] samples =
        [
            .. values.Select(
                (value, i) =>
                    new ScoredSample(
                        $"s{i}",
                        $"prompt {i}",
                        "t",
                        [$"answer {i}"],
                        ["x"],
                        new Dictionary<string, double> { ["acc"] = value }
                    )
            ),
        ];
        ResultsWriter.Write(
            folder,
            new BenchmarkFacts(name, 1, values.Length, values.Length, 0, []),
            new EvaluationScore([Metric.Mean(name, "acc", values)], samples, new Dictionary<string, int>()),
            new RunDescription("m", null, 0, DateTimeOffset.UnixEpoch)
        );
    }
}
