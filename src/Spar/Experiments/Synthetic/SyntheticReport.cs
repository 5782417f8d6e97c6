using System.Globalization;

namespace Spar.Experiments.Synthetic;

/// <summary>Refined beside interfering pairs, by training step: Figure 4 of the paper.</summary>
public static class SyntheticReport
{
    private static readonly (PairKind Kind, string Name)[] s_kinds =
    [
        (PairKind.Refined, "refined pairs"),
        (PairKind.Interfering, "interfering pairs"),
    ];

    /// <summary>Makes the report.</summary>
    /// <param name="problems">The problems, in the order in which they are shown.</param>
    /// <param name="seeds">The seeds.</param>
    /// <param name="curves">One for each problem and seed; those of a problem have the same steps.</param>
    public static ExperimentReport Of(
        IReadOnlyList<SyntheticProblem> problems,
        IReadOnlyList<ulong> seeds,
        IReadOnlyList<PairCurves> curves
    )
    {
        List<ExperimentTable> tables = [];
        List<ExperimentChart> charts = [];
        foreach (SyntheticProblem problem in problems)
        {
            PairCurves[] runs =
            [
                .. seeds.Select(seed => curves.First(curve => curve.Problem == problem.Name && curve.Seed == seed)),
            ];
            Measurements success = new(runs, point => point.Success);
            Measurements interference = new(runs, point => point.Interference);
            string title = $"Figure 4: {problem.Title}";
            tables.Add(
                new ExperimentTable(
                    title,
                    "step",
                    [
                        .. s_kinds.Select(kind => new ExperimentColumn($"success, {kind.Name}")),
                        new("difference", MeasureUnit.Points),
                        .. s_kinds
                            .Where(_ => problem.Interference is not null)
                            .Select(kind => new ExperimentColumn($"{problem.Interference}, {kind.Name}")),
                    ],
                    [
                        .. runs[0]
                            .Refined.Select(
                                (point, i) =>
                                    new ExperimentRow(
                                        point.Step.ToString(CultureInfo.InvariantCulture),
                                        [
                                            .. s_kinds.Select(kind => success.At(kind.Kind, i)),
                                            success.At(PairKind.Refined, i)?.Minus(success.At(PairKind.Interfering, i)),
                                            .. s_kinds
                                                .Where(_ => problem.Interference is not null)
                                                .Select(kind => interference.At(kind.Kind, i)),
                                        ]
                                    )
                            ),
                    ]
                )
            );
            charts.Add(Chart($"{title}: success", "success, %", success));
            if (problem.Interference is { } name)
            {
                charts.Add(Chart($"{title}: {name}", $"{name}, %", interference));
            }

            ExperimentChart Chart(string heading, string label, Measurements measured) =>
                new(
                    heading,
                    "training step",
                    label,
                    MeasureUnit.Percent,
                    [
                        .. s_kinds.Select(kind => new ExperimentLine(
                            kind.Name,
                            [
                                .. runs[0]
                                    .Refined.Select((point, i) => (point.Step, Value: measured.At(kind.Kind, i)))
                                    .Where(point => point.Value is not null)
                                    .Select(point => new ExperimentPoint(point.Step, point.Value!)),
                            ]
                        )),
                    ]
                );
        }

        return new ExperimentReport(
            "synthetic",
            "What refined and interfering pairs teach",
            seeds,
            tables,
            charts,
            [
                "Both kinds begin at the same model and take the same prompts in the same order, the same "
                    + "mistakes, and "
                    + "the same training settings; a difference is refined less interfering, seed by seed.",
            ]
        );
    }

    // One quantity of all seeds' runs.
    private sealed class Measurements(IReadOnlyList<PairCurves> runs, Func<CurvePoint, double?> measure)
    {
        public Measured? At(PairKind kind, int index) => Measured.Of(runs.Select(run => measure(run.Of(kind)[index])));
    }
}
