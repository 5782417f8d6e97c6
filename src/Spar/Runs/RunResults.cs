using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>A stage of which something is missing because calls failed.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Missing">Items that are missing, whole or in part.</param>
/// <param name="First">The first of them, and why.</param>
public sealed record StageFailures(string Stage, int Missing, ItemFailure First);

/// <summary>What a run came to (results.json in the run directory).</summary>
/// <param name="Rows">In the order of their names.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="WallSeconds">Time in which the run was at work, over all its sessions.</param>
/// <param name="ModelCalls">Answered calls of models, evaluation included; a program that teaches is none.</param>
/// <param name="GeneratedTokens">Tokens that those generated.</param>
/// <param name="Calibration">The judge of each iteration against verifiers; null where nothing was verified.</param>
/// <param name="Integrity">
/// What each iteration rewarded, against trip wires; null where the run has none.
/// </param>
public sealed record RunResults(
    IReadOnlyList<EvaluationRow> Rows,
    ulong Seed,
    double WallSeconds,
    long ModelCalls,
    long GeneratedTokens,
    IReadOnlyList<IterationCalibration>? Calibration = null,
    IReadOnlyList<IterationIntegrity>? Integrity = null)
{
    /// <summary>
    /// Stages of which something is missing because calls failed, as the share of allowed failures let it; null when
    /// nothing is.
    /// </summary>
    public IReadOnlyList<StageFailures>? Failed { get; init; }

    /// <summary>
    /// What was found in the run's files of prompts: rows, those that were left out by reason, splits; null for runs that
    /// read none.
    /// </summary>
    public PromptsFound? Prompts { get; init; }

    /// <summary>The same of the files of lessons that taught M_0 and R_0; null for runs that read none.</summary>
    public PromptsFound? Lessons { get; init; }

    /// <summary>The model calls by the part that they were made for (<see cref="CallRoles"/>).</summary>
    public IReadOnlyList<RoleCalls> Roles { get; init; } = [];

    /// <summary>What each server did for the run; null where nothing was served.</summary>
    public IReadOnlyList<EndpointFigures>? Endpoints { get; init; }

    /// <summary>The file's name in the run directory.</summary>
    public const string FileName = "results.json";

    /// <summary>The iteration in which drift or reward hacking ended the run; null when neither did.</summary>
    public int? StoppedByDrift =>
        Calibration?.FirstOrDefault(calibration => calibration.Taken == DriftAction.Stop)?.Iteration
        ?? Integrity?.FirstOrDefault(integrity => integrity.Taken == DriftAction.Stop)?.Iteration;

    /// <summary>Reads what a run has come to so far from its store.</summary>
    /// <param name="store">The run.</param>
    public static RunResults Of(RunStore store) => Of(store, store.Totals(), CallRoles.Of(store));

    /// <summary>The same where the calls were counted already, so that they need not be counted again.</summary>
    /// <param name="store">The run.</param>
    /// <param name="totals">What it took.</param>
    /// <param name="roles">Its calls by part.</param>
    public static RunResults Of(RunStore store, RunTotals totals, IReadOnlyList<RoleCalls> roles)
    {
        IterationCalibration[] calibrations = [.. store.Stages().Where(StageNames.IsCalibration)
            .Select(stage => store.FindProduct<CalibrationProduct>(stage)!.Calibration)
                .OrderBy(calibration => calibration.Iteration)];
        ILookup<RowName, YardstickResult> yardsticks = store.Stages().Where(StageNames.IsYardstick)
            .Select(stage => store.FindProduct<YardstickProduct>(stage)!)
            .OrderBy(product => product.Result.Name, StringComparer.Ordinal)
            .ToLookup(product => product.Measured, product => product.Result);
        IterationIntegrity[] integrity = [.. store.Stages().Where(StageNames.IsIntegrity)
            .Select(stage => store.FindProduct<IntegrityProduct>(stage)!.Integrity).OrderBy(one => one.Iteration)];
        return new RunResults(
            [.. store.Stages().Where(StageNames.IsEvaluation)
                .Select(stage => store.FindProduct<EvaluationProduct>(stage)!.Row)
                .Select(row => yardsticks.Contains(row.Name)
                    ? row with { Yardsticks = [.. yardsticks[row.Name]] } : row)
                .OrderBy(row => row.Name)],
            ulong.Parse(store.Identity.Values["seed"], CultureInfo.InvariantCulture),
            totals.WallSeconds,
            totals.ModelCalls,
            totals.GeneratedTokens,
            calibrations.Length == 0 ? null : calibrations,
            integrity.Length == 0 ? null : integrity)
        {
            Roles = roles,
            Endpoints = store.Endpoints() is { Count: > 0 } endpoints ? endpoints : null,
            Failed = FailuresOf(store) is { Length: > 0 } failed ? failed : null,
            Prompts = store.FindProduct<PromptsProduct>(StageNames.Prompts)?.Found,
            Lessons = store.FindProduct<PromptsProduct>(StageNames.Lessons)?.Found,
        };
    }

    /// <summary>What a stage lacks because calls failed; null where it lacks nothing.</summary>
    /// <param name="store">The run.</param>
    /// <param name="stage">A stage that has ended.</param>
    public static StageFailures? FailuresOf(RunStore store, string stage)
    {
        AnyProduct product = store.FindProduct<AnyProduct>(stage)!;
        ItemFailure? first = product.Row?.FirstFailure ?? product.Statistics?.Failures.FirstOrDefault();
        int missing = product.Row?.Failed ?? product.Statistics?.Failures.Select(one => one.Id)
            .Distinct(StringComparer.Ordinal).Count() ?? 0;
        return first is null ? null : new StageFailures(stage, missing, first);
    }

    private static StageFailures[] FailuresOf(RunStore store) =>
        [.. store.Stages().Select(stage => FailuresOf(store, stage)).OfType<StageFailures>()];

    // What all products have in common.
    private sealed record AnyProduct(StageStatistics? Statistics = null, EvaluationRow? Row = null);

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSettings.Readable) + "\n";

    /// <summary>Writes the file as a whole or not at all.</summary>
    /// <param name="directory">The run directory.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public void Write(string directory) => AtomicFile.WriteText(Path.Combine(directory, FileName), ToJson());
}
