using Spar.Runs;
using Spar.SelfPlay;

namespace Spar.Experiments;

/// <summary>One run of an experiment: a variant with a seed.</summary>
/// <param name="Variant">The variant's name.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Results">What it came to.</param>
/// <param name="Budget">What it spent.</param>
public sealed record ExperimentRun(string Variant, ulong Seed, RunResults Results, RunBudget Budget);

/// <summary>The runs of an experiment: every variant with every seed.</summary>
/// <param name="variants">Names of the variants in the order in which they are shown.</param>
/// <param name="seeds">The seeds.</param>
/// <param name="runs">One run for each of them.</param>
public sealed class ExperimentRuns(
    IReadOnlyList<string> variants, IReadOnlyList<ulong> seeds, IReadOnlyList<ExperimentRun> runs)
{
    /// <summary>Names of the variants in the order in which they are shown.</summary>
    public IReadOnlyList<string> Variants { get; } = variants;

    /// <summary>The seeds.</summary>
    public IReadOnlyList<ulong> Seeds { get; } = seeds;

    /// <summary>Rows that every run of a variant has, in order.</summary>
    /// <param name="variant">The variant.</param>
    public IReadOnlyList<RowName> Rows(string variant) =>
        [.. Of(variant)[0].Results.Rows.Select(row => row.Name)
            .Where(name => Of(variant).All(run => run.Results.Rows.Any(row => row.Name == name)))];

    /// <summary>Measures a row of each seed's run.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="name">The row; null for the last.</param>
    /// <param name="measure">What of it; null when it was not measured.</param>
    public Measured? Of(string variant, RowName? name, Func<EvaluationRow, double?> measure) =>
        Measured.Of(
            Of(variant)
                .Select(
                    run =>
                        (name is null ? run.Results.Rows[^1] : run.Results.Rows.FirstOrDefault(
                            row => row.Name == name)) is { } row ? measure(row) : null));

    /// <summary>Measures the judge of each seed's last iteration.</summary>
    /// <param name="variant">The variant.</param>
    /// <param name="measure">What of it; null when it was not measured.</param>
    public Measured? InPlay(string variant, Func<IterationCalibration, double?> measure) =>
        Measured.Of(Of(variant).Select(run => run.Results.Calibration is [.., { } last] ? measure(last) : null));

    /// <summary>What the iterations of one seed spent, variant by variant.</summary>
    /// <param name="rows">What a variant is called: "method", "variant".</param>
    public ExperimentTable BudgetTable(string rows) => new(
        "What the iterations of one seed spent",
        rows,
        [new("model calls", MeasureUnit.Count), new("tokens generated", MeasureUnit.Count),
            new("tokens trained on", MeasureUnit.Count), new("time", MeasureUnit.Seconds)],
        [
            .. Variants.Select(variant => new ExperimentRow(
                variant,
                [
                    Spent(variant, spent => spent.ModelCalls), Spent(variant, spent => spent.GeneratedTokens),
                    Spent(variant, spent => spent.TrainingTokens), Spent(variant, spent => spent.Seconds),
                ])),
        ]);

    private Measured? Spent(string variant, Func<RunBudget, double> measure) =>
        Measured.Of(Of(variant).Select(run => (double?)measure(run.Budget)));

    private ExperimentRun[] Of(string variant) =>
        [.. Seeds.Select(seed => runs.First(run => run.Variant == variant && run.Seed == seed))];
}
