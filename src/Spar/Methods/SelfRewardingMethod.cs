using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Methods;

/// <summary>
/// Self-Rewarding (Yuan et al. 2024): the model scores its own samples, and learns by DPO the one of the highest score
/// against the one of the lowest. The score is the number of its votes for yes. Prompts on which all samples have the
/// same score give no pair. docs/baselines.md says what differs.
/// </summary>
internal sealed class SelfRewardingMethod(MethodContext run) : IIterationMethod
{
    public Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken) =>
        OneModel.BeginAsync(run, start, cancellationToken);

    public async Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        string stage = StageNames.Data(iteration);
        DataProduct data = await run.Data.MakeAsync(iteration, prompts.Count, async () =>
        {
            ModelCaller model = await run.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false);
            IJudge judge = run.JudgeOf(model);
            Gate gate = run.Recipe.Search.ToGate();
            IReadOnlyList<(IReadOnlyList<PlayedResponse>? Result, string? Failure)> drawn = await run.Runner.EachAsync(
                stage, prompts, (i, prompt, token) =>
                    ActorSamples.DrawAsync(run.Recipe, iteration, i, prompt, model, judge, token), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            List<PreferencePair> pairs = [];
            for (int i = 0; i < prompts.Count; i++)
            {
                counts.Add("prompts");
                ActorSamples.Count(prompts[i], drawn[i].Result!, gate, counts);
                if (PreferencePairs.BestAgainstWorst(
                    prompts[i], drawn[i].Result!, run.Session.SeedOf($"it{iteration}/pair/p{i}")) is { } pair)
                {
                    pairs.Add(pair);
                }
            }

            counts.Add("pairs", pairs.Count);
            return new DataProduct(counts.ToStatistics(), pairs, []);
        }).ConfigureAwait(false);
        string trained = await run.Training.RunAsync(
            StageNames.Actor(iteration), models.Actor, new TrainingData.Preference(data.Pairs, run.Recipe.Dpo),
            cancellationToken).ConfigureAwait(false);
        return new ModelPair(trained, trained);
    }
}
