using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// The method: play, then DPO of the actor on refined pairs and RFT of the refiner on the search traces. Without
/// iterative training, every iteration plays with M_0 and R_0, and the last one trains on what all of them gave.
/// </summary>
internal sealed class SparMethod(MethodContext run) : IIterationMethod
{
    private readonly Recipe _recipe = run.Recipe;
    private readonly PlayStage _play = new(
        run.Recipe, run.Templates, run.Runner, run.Store, run.Session, run.Observer, run.Scope, run.Elsewhere, run.Time,
        run.Mender);

    private readonly DriftWatch _drift = new(
        run.Recipe.Drift, run.Recipe.Search.ToGate(), run.Truth, run.Runner, run.Store, run.Observer);

    private readonly IntegrityWatch _integrity = new(
        run.Recipe.Drift, run.Recipe.Search.ToGate(), run.TripWires, run.Runner, run.Store, run.Observer);

    public async Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        await _play.RunAsync(
            iteration,
            prompts,
            async () => (
                await run.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false),
                await run.Models.OpenAsync(models.Refiner, cancellationToken).ConfigureAwait(false),
                new WatchedJudge(
                    await run.OpenJudgeAsync(models.Refiner, cancellationToken).ConfigureAwait(false), run.Watch)),
            cancellationToken).ConfigureAwait(false);

        DriftAction? drift = await _drift.MeasureAsync(iteration).ConfigureAwait(false);
        DriftAction? hacking = await _integrity.MeasureAsync(iteration).ConfigureAwait(false);
        if (drift == DriftAction.Stop || hacking == DriftAction.Stop)
        {
            return null;
        }

        DataProduct data = await run.Data.WriteAsync(iteration, rows => BuildData(
            run.Store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record),
            _recipe,
            run.Templates,
            run.Session.SeedOf($"it{iteration}/data"),
            rows,
            unanimous: drift == DriftAction.Reweight,
            hacking == DriftAction.Reweight ? run.TripWires : null)).ConfigureAwait(false);
        if (!_recipe.IterativeTraining)
        {
            if (iteration < _recipe.Iterations)
            {
                return models;
            }

            DataProduct[] all = [.. Enumerable.Range(1, iteration).Select(i => DataProduct.Find(run.Store, i)!)];
            data = new DataProduct(
                StageStatistics.None, new JoinedRows<PreferencePair>([.. all.Select(product => product.Pairs)]),
                new JoinedRows<SupervisedRow>([.. all.Select(product => product.RefinerRows)]));
        }

        return new ModelPair(
            await run.Training.RunAsync(
                StageNames.Actor(iteration), models.Actor, new TrainingData.Preference(data.Pairs, _recipe.Dpo),
                cancellationToken).ConfigureAwait(false),
            await run.Training.RunAsync(
                StageNames.Refiner(iteration), models.Refiner, new TrainingData.Supervised(
                    data.RefinerRows, _recipe.Rft), cancellationToken).ConfigureAwait(false));
    }

    /// <summary>
    /// An iteration's training data: a pure function of its play and the seed. Goes through the play twice, for which of
    /// the refiner's rows are within their quota is known only when all of them are counted.
    /// </summary>
    /// <param name="records">The play; the same each time that it is gone through.</param>
    /// <param name="recipe">What the chosen side is, the gate, the quotas.</param>
    /// <param name="templates">How the refiner is asked.</param>
    /// <param name="seed">Decides which candidates are taken.</param>
    /// <param name="rows">Gets the rows.</param>
    /// <param name="unanimous">
    /// Whether pairs are made only where the judge was not at odds with itself over the chosen response.
    /// </param>
    /// <param name="wires">Pairs whose chosen response trips one of them are dropped; null drops none.</param>
    internal static StageStatistics BuildData(
        IEnumerable<PlayRecord> records, Recipe recipe, TemplateSet templates, ulong seed, DataWriter rows,
        bool unanimous = false, ITripWires? wires = null)
    {
        Gate gate = recipe.Search.ToGate();
        RefinerRows refinerRows = new(recipe.Quotas, gate, templates, seed);
        int pairs = 0;
        int disputed = 0;
        int tripped = 0;
        foreach (PlayRecord record in records)
        {
            if (PreferencePairs.OfPlay(record, recipe.Refinement, gate, seed) is { } found)
            {
                if (unanimous && found.Disputed)
                {
                    disputed++;
                }
                else if (wires is not null && wires.Trip(found.Pair.Prompt, found.Pair.Chosen).Count > 0)
                {
                    tripped++;
                }
                else
                {
                    pairs++;
                    rows.Add(found.Pair);
                }
            }

            refinerRows.Count(record);
        }

        Counts counts = new();
        counts.Add("pairs", pairs);
        if (unanimous)
        {
            counts.Add("pairs dropped: disputed", disputed);
        }

        if (wires is not null)
        {
            counts.Add("pairs dropped: chosen response trips a wire", tripped);
        }

        bool any = false;
        foreach ((string kind, int candidates, int taken) in refinerRows.Choose())
        {
            counts.Add($"{kind}: candidates", candidates);
            counts.Add($"{kind}: rows", taken);
            rows.Expect(kind, taken);
            any |= taken > 0;
        }

        foreach (PlayRecord record in any ? records : [])
        {
            foreach (SupervisedRow row in refinerRows.Take(record))
            {
                rows.AddForRefiner(row);
            }
        }

        return counts.ToStatistics();
    }
}
