using System.Diagnostics;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Planning;

/// <summary>
/// Says what a run will take before it is paid for: two small runs of the same recipe, on different prompts and for one
/// iteration, in a folder that is thrown away. The first is short; it warms up and tells what the second may cost, which
/// has twice as many prompts and, where that is cheap, models that have learnt all of their first lessons. What the
/// second took, grown to the recipe's counts, is the plan; how far the first is from it says how far off it may be.
/// </summary>
public static class RunPlanner
{
    // What a small run cannot know: by how much models get better while the run goes on.
    private const double Drift = 0.08;

    // The first lessons are learnt in full within so many seconds, or within so large a share of the whole run.
    private const double LessonSeconds = 30, LessonShare = 0.1;

    // Times vary with whatever else the machine does, and a few prompts keep it less busy than many.
    private const double TimeSpread = 0.25;

    // Half an interval of nine in ten, in standard errors.
    private const double Deviations = 1.65;

    /// <summary>Plans a run.</summary>
    /// <param name="recipe">A checked recipe.</param>
    /// <param name="prompts">Prompts of each kind in a probe, at least 1.</param>
    /// <param name="threads">Threads to compute with, at least 1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="begun">Is told which stage a probe begins.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">The recipe cannot be run; what the message names would end the run too.</exception>
    public static async Task<RunPlan> PlanAsync(
        RunRecipe recipe, int prompts, int threads, TimeProvider time, Action<string> begun,
        CancellationToken cancellationToken)
    {
        // A probe trains here, whatever trains the run: nothing is submitted for a plan.
        recipe = recipe with { Trainer = null };
        long start = time.GetTimestamp();
        string folder = Directory.CreateTempSubdirectory("spar-probe").FullName;
        try
        {
            ProbeScale small = new(recipe, prompts, wholeStart: false);
            IReadOnlyList<StagePlan> rough = Grow(small, await ProbeAsync(1, small).ConfigureAwait(false), 0, 0);
            double lessons = rough.Where(stage => ProbeScale.IsStart(stage.Stage)).Sum(stage => stage.Seconds.Value);
            bool whole = lessons <= Math.Max(LessonSeconds, LessonShare * rough.Sum(stage => stage.Seconds.Value));
            ProbeScale large = new(recipe, 2 * prompts, whole);
            IReadOnlyList<ProbeStage> probe = await ProbeAsync(2, large).ConfigureAwait(false);
            IReadOnlyList<StagePlan> plan = Grow(large, probe, 0, 0);
            return new RunPlan(
                Grow(
                    large, probe, Spread(rough, plan, stage => stage.Calls.Value),
                    Spread(rough, plan, stage => stage.OutputTokens.Value)),
                Process.GetCurrentProcess().PeakWorkingSet64,
                DiskOf(large, Path.Combine(folder, "2"), probe), 2 * prompts, time.GetElapsedTime(start).TotalSeconds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task<IReadOnlyList<ProbeStage>> ProbeAsync(int number, ProbeScale scale)
        {
            RunRecipe probe = scale.Probe((ulong)number);
            using RunStore store = RunStore.Open(
                Path.Combine(folder, $"{number}"), RunIdentities.Of(probe), time);
            ProbeRecord record = new(store, stage => begun($"probe {number} of 2: {stage}"));
            await RunComposer.Compose(probe, store, threads, record, time, allowFailed: 1).RunAsync(cancellationToken)
                .ConfigureAwait(false);
            return record.Stages;
        }
    }

    /// <summary>What the run's stages take, from a probe.</summary>
    /// <param name="scale">The probe's scale.</param>
    /// <param name="probe">Its stages.</param>
    /// <param name="calls">Half the interval of calls, as a share of them.</param>
    /// <param name="tokens">Half the interval of tokens.</param>
    internal static IReadOnlyList<StagePlan> Grow(
        ProbeScale scale, IReadOnlyList<ProbeStage> probe, double calls, double tokens)
    {
        List<(int Iteration, int Place, StagePlan Plan)> plans = [];
        foreach ((int place, ProbeStage one) in probe.Index())
        {
            foreach ((int iteration, string name) in scale.Stages(one.Stage).Index())
            {
                double growth = scale.GrowthOf(one.Stage)
                    * (one.Calls > 0 ? scale.Left(one.Stage, iteration) : 1);
                plans.Add((iteration, place, new StagePlan(
                    name,
                    Expected.Within(growth * one.Calls, calls),
                    Expected.Within(growth * one.InputTokens, tokens),
                    Expected.Within(growth * one.OutputTokens, tokens),
                    Expected.Within(growth * one.Seconds, tokens + TimeSpread))));
            }
        }

        return [.. plans.OrderBy(plan => plan.Iteration).ThenBy(plan => plan.Place).Select(plan => plan.Plan)];
    }

    // The spread of one stage's two figures says little; that of all stages together says what a probe is worth. The
    // first has half the prompts, so that its deviation is the larger one.
    private static double Spread(
        IReadOnlyList<StagePlan> first, IReadOnlyList<StagePlan> second, Func<StagePlan, double> figure)
    {
        double sum = second.Sum(figure);
        double apart = Math.Sqrt(first.Zip(second).Sum(pair => Math.Pow(figure(pair.First) - figure(pair.Second), 2)));
        return Drift + (sum == 0 ? 0 : Deviations * apart / (Math.Sqrt(3) * sum));
    }

    // Checkpoints weigh the same whatever they learnt; what was answered grows with the run.
    private static double DiskOf(ProbeScale scale, string directory, IReadOnlyList<ProbeStage> stages)
    {
        double checkpoints = SizeOf(Path.Combine(directory, "checkpoints"));
        int trained = stages.Count(stage => StageNames.IsTraining(stage.Stage));
        int all = stages.Where(stage => StageNames.IsTraining(stage.Stage))
            .Sum(stage => scale.Stages(stage.Stage).Count);
        double made = stages.Sum(stage => stage.OutputTokens);
        double grown = stages.Sum(stage =>
            stage.OutputTokens * scale.GrowthOf(stage.Stage) * scale.Stages(stage.Stage).Count);
        return (trained == 0 ? 0 : checkpoints / trained * all)
            + ((SizeOf(directory) - checkpoints) * (made == 0 ? 1 : grown / made));
    }

    private static double SizeOf(string folder) =>
        Directory.Exists(folder)
            ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length)
            : 0;
}
