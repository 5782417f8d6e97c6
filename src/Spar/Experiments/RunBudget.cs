using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Experiments;

/// <summary>
/// What a run spent to make its models out of M_0 and R_0: neither the start, which all runs of a seed share, nor
/// evaluation is counted.
/// </summary>
/// <param name="ModelCalls">Answered calls of the models; those of the start are not counted.</param>
/// <param name="GeneratedTokens">Tokens that those generated.</param>
/// <param name="TrainingTokens">Tokens that went through training, prompts included, counted once a pass.</param>
/// <param name="Seconds">Time that it took.</param>
public sealed record RunBudget(long ModelCalls, long GeneratedTokens, long TrainingTokens, double Seconds)
{
    /// <summary>Reads it from a run.</summary>
    /// <param name="store">The run.</param>
    public static RunBudget Of(RunStore store)
    {
        string[] stages = [.. store.Stages().Where(stage =>
            !StartStages.Names.Contains(stage) && !StageNames.IsEvaluation(stage)
            && !StageNames.IsYardstick(stage))];
        StageTiming[] timings = [.. store.Timings().Where(timing => stages.Contains(timing.Stage))];
        (long calls, long tokens) = store.CallsOutside("eval/*", "refiner-sft/*", "teacher-model/*");
        return new RunBudget(
            calls,
            tokens,
            stages.Where(StageNames.IsTraining)
                .Sum(stage => store.FindProduct<TrainedProduct>(stage) is { Steps: [.., { } last] } ? last.Tokens : 0),
            timings.Sum(timing => timing.Seconds));
    }
}
