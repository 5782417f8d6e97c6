using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// SELF (Lu et al. 2023): the model criticises its samples and refines those that fail, keeps what passes its own
/// filter, and learns that by SFT, together with the lessons in criticising and refining. There is no preference term.
/// With refinement none it is SFT on the samples that passed, rejection sampling.
/// docs/baselines.md says what differs.
/// </summary>
internal sealed class SelfMethod(MethodContext run) : IIterationMethod
{
    private readonly Gate _gate = run.Recipe.Search.ToGate();

    public Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken) =>
        OneModel.BeginAsync(run, start, cancellationToken);

    public async Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        string stage = StageNames.Data(iteration);
        DataProduct data = await run.Data.MakeAsync(iteration, prompts.Count, async () =>
        {
            ModelCaller model = await run.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<(Evolved? Result, string? Failure)> evolved = await run.Runner.EachAsync(
                stage, prompts, (i, prompt, token) =>
                    EvolveAsync(iteration, i, prompt, model, token), cancellationToken).ConfigureAwait(false);
            return Build(prompts, evolved);
        }).ConfigureAwait(false);
        string trained = await run.Training.RunAsync(
            StageNames.Actor(iteration),
            models.Actor,
            new TrainingData.Supervised([.. data.ActorRows!, .. OneModel.Lessons(run)], run.Recipe.IterationSft),
            cancellationToken)
            .ConfigureAwait(false);
        return new ModelPair(trained, trained);
    }

    private async Task<Evolved> EvolveAsync(
        int iteration, int item, Prompt prompt, ModelCaller model, CancellationToken cancellationToken)
    {
        IJudge judge = run.JudgeOf(model);
        RefinementSampler refiner = new(model, run.Templates, run.Recipe.Refine);
        IReadOnlyList<PlayedResponse> responses = await ActorSamples.DrawAsync(
            run.Recipe, iteration, item, prompt, model, judge, cancellationToken)
            .ConfigureAwait(false);
        if (run.Recipe.Refinement == RefinementKind.None)
        {
            return new Evolved(responses, []);
        }

        string?[] refined = await Task.WhenAll(responses.DistinctBy(response => response.Text).Select(async response =>
        {
            if (response.Valuation is not { Critique: { } critique }
                || _gate.VerdictOn(response.Valuation) != Verdict.No)
            {
                return null;
            }

            string key = string.Create(
                CultureInfo.InvariantCulture, $"it{iteration}/refine/p{item}/{StableHash.Of(response.Text):x16}");
            Refinement refinement = await refiner.RefineAsync(
                key, prompt.Instruction, response.Text!, critique, cancellationToken).ConfigureAwait(false);
            if (refinement.Response is null)
            {
                return null;
            }

            Valuation valuation = await judge.JudgeAsync(
                $"{key}/judge", prompt.Instruction, refinement.Response, cancellationToken).ConfigureAwait(false);
            return _gate.Passes(valuation) ? refinement.Response : null;
        })).ConfigureAwait(false);
        return new Evolved(responses, [.. refined.OfType<string>()]);
    }

    // Every sample that passed as it was, and every refinement that passed, each once a prompt.
    private DataProduct Build(IReadOnlyList<Prompt> prompts, IReadOnlyList<(Evolved? Result, string? Failure)> evolved)
    {
        Counts counts = new();
        List<SupervisedRow> rows = [];
        for (int i = 0; i < prompts.Count; i++)
        {
            counts.Add("prompts");
            if (evolved[i].Result is not { } result)
            {
                counts.Fail(prompts[i].Id, evolved[i].Failure!);
                continue;
            }

            ActorSamples.Count(prompts[i], result.Responses, _gate, counts);
            string[] passed = [
                .. result.Responses.Where(response => _gate.Passes(response.Valuation))
                    .Select(response => response.Text!)];
            counts.Add("refined and passed", result.Refined.Count);
            rows.AddRange(passed.Concat(result.Refined).Distinct(StringComparer.Ordinal)
                .Select(response => new SupervisedRow(prompts[i].Id, RowKinds.Response, prompts[i].Text, response)
                {
                    Context = prompts[i].Context,
                }));
        }

        counts.Add("rows", rows.Count);
        return new DataProduct(counts.ToStatistics(), [], []) { ActorRows = rows };
    }

    private sealed record Evolved(IReadOnlyList<PlayedResponse> Responses, IReadOnlyList<string> Refined);
}
