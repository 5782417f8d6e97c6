using Spar.Evaluation.Statistics;

namespace Spar.Evaluation.Results;

/// <summary>One figure of both results.</summary>
/// <param name="Key">Which figure.</param>
/// <param name="A">The first result's value.</param>
/// <param name="B">The second result's value.</param>
public readonly record struct FigurePair(MeasureKey Key, double A, double B);

/// <summary>A paired test of one measure that both results have for every sample.</summary>
/// <param name="Measure">Name and filter.</param>
/// <param name="Count">Samples.</param>
/// <param name="MeanA">The first result's mean.</param>
/// <param name="MeanB">The second result's mean.</param>
/// <param name="Difference">Paired bootstrap of b - a.</param>
/// <param name="McNemarPValue">Exact McNemar test; null where values are not all 0 or 1.</param>
/// <param name="Gained">Samples wrong in a (below 1) and right in b (1): their ids.</param>
/// <param name="Lost">Samples right in a and wrong in b: their ids.</param>
public sealed record PairedTest(
    string Measure,
    int Count,
    double MeanA,
    double MeanB,
    PairedDifference Difference,
    double? McNemarPValue,
    IReadOnlyList<string> Gained,
    IReadOnlyList<string> Lost
);

/// <summary>Two results of one benchmark side by side.</summary>
/// <param name="A">The first.</param>
/// <param name="B">The second.</param>
/// <param name="Figures">Every figure that both have.</param>
/// <param name="Tests">A paired test for each measure that both have by sample.</param>
/// <param name="OnlyA">Ids of samples that the second lacks; empty unless lenient.</param>
/// <param name="OnlyB">Ids of samples that the first lacks; empty unless lenient.</param>
public sealed record Comparison(
    StoredResult A,
    StoredResult B,
    IReadOnlyList<FigurePair> Figures,
    IReadOnlyList<PairedTest> Tests,
    IReadOnlyList<string> OnlyA,
    IReadOnlyList<string> OnlyB
)
{
    /// <summary>Compares.</summary>
    /// <param name="a">The first.</param>
    /// <param name="b">The second.</param>
    /// <param name="lenient">Compare the samples that both have; otherwise both must have the same.</param>
    /// <param name="seed">Seed of the bootstrap.</param>
    /// <exception cref="EvaluationException">
    /// They are of different benchmarks or versions, or of different samples.
    /// </exception>
    public static Comparison Of(StoredResult a, StoredResult b, bool lenient = false, long seed = 0)
    {
        if (a.Task != b.Task || a.Version != b.Version)
        {
            throw new EvaluationException(
                $"{a.Folder} holds {a.Task} version {a.Version} and {b.Folder} holds {b.Task} version {b.Version}: "
                    + "only results of one benchmark "
                    + "in one version can be compared."
            );
        }

        string[] onlyA = [.. a.Prompts.Keys.Where(id => !b.Prompts.ContainsKey(id))];
        string[] onlyB = [.. b.Prompts.Keys.Where(id => !a.Prompts.ContainsKey(id))];
        if (!lenient && onlyA.Length + onlyB.Length > 0)
        {
            throw new EvaluationException(
                $"The results are of different samples: {onlyA.Length} are in {a.Folder} only, {onlyB.Length} in "
                    + $"{b.Folder} only, such as "
                    + $"\"{onlyA.Concat(onlyB).First()}\". With --lenient, those that both have are compared."
            );
        }

        var figuresB = b.Figures.ToDictionary(pair => pair.Key, pair => pair.Value);
        FigurePair[] figures =
        [
            .. a
                .Figures.Where(pair => figuresB.ContainsKey(pair.Key))
                .Select(pair => new FigurePair(pair.Key, pair.Value, figuresB[pair.Key])),
        ];
        PairedTest[] tests =
        [
            .. a
                .Samples.Keys.Where(b.Samples.ContainsKey)
                .Select(measure => Test(measure, a.Samples[measure], b.Samples[measure], seed))
                .OfType<PairedTest>(),
        ];
        return new Comparison(a, b, figures, tests, onlyA, onlyB);
    }

    private static PairedTest? Test(
        string measure,
        IReadOnlyDictionary<string, double> a,
        IReadOnlyDictionary<string, double> b,
        long seed
    )
    {
        string[] ids = [.. a.Keys.Where(b.ContainsKey)];
        if (ids.Length == 0)
        {
            return null;
        }

        double[] valuesA = [.. ids.Select(id => a[id])];
        double[] valuesB = [.. ids.Select(id => b[id])];
        string[] gained = [.. ids.Where(id => a[id] < 1 && b[id] >= 1)];
        string[] lost = [.. ids.Where(id => a[id] >= 1 && b[id] < 1)];
        bool binary = valuesA.Concat(valuesB).All(value => value is 0 or 1);
        return new PairedTest(
            measure,
            ids.Length,
            valuesA.Average(),
            valuesB.Average(),
            Bootstrap.Paired(valuesA, valuesB, seed),
            binary ? McNemar.PValue(lost.Length, gained.Length) : null,
            gained,
            lost
        );
    }
}
