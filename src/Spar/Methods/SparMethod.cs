using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// The method: play, then DPO of the actor on refined pairs and RFT of the refiner on the search traces. Without iterative training, every
/// iteration plays with M_0 and R_0, and the last one trains on what all of them gave.
/// </summary>
internal sealed class SparMethod(MethodParts parts) : IIterationMethod
{
    private readonly Recipe _recipe = parts.Recipe;
    private readonly PlayStage _play = new(parts.Recipe, parts.Templates, parts.Runner, parts.Store, parts.Session, parts.Observer);

    private readonly DriftWatch _drift = new(parts.Recipe.Drift, parts.Recipe.Search.ToGate(), parts.Truth, parts.Runner, parts.Store, parts.Observer);

    public async Task<ModelPair?> IterateAsync(int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        await _play.RunAsync(
            iteration,
            prompts,
            async () => (
                await parts.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false),
                await parts.Models.OpenAsync(models.Refiner, cancellationToken).ConfigureAwait(false),
                await parts.Models.OpenJudgeAsync(models.Refiner, _recipe, parts.Templates, parts.Verifier, cancellationToken).ConfigureAwait(false)),
            cancellationToken).ConfigureAwait(false);

        DriftAction? drift = await _drift.MeasureAsync(iteration).ConfigureAwait(false);
        if (drift == DriftAction.Stop)
        {
            return null;
        }

        DataProduct data = await parts.Runner.RunAsync(StageNames.Data(iteration), 0, () => Task.FromResult(BuildData(
            parts.Store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record),
            _recipe,
            parts.Templates,
            parts.Session.SeedOf($"it{iteration}/data"),
            unanimous: drift == DriftAction.Reweight))).ConfigureAwait(false);
        if (!_recipe.IterativeTraining)
        {
            if (iteration < _recipe.Iterations)
            {
                return models;
            }

            DataProduct[] all = [.. Enumerable.Range(1, iteration).Select(i => parts.Store.FindProduct<DataProduct>(StageNames.Data(i))!)];
            data = new DataProduct(StageStatistics.None, [.. all.SelectMany(product => product.Pairs)], [.. all.SelectMany(product => product.RefinerRows)]);
        }

        return new ModelPair(
            await parts.TrainAsync(StageNames.Actor(iteration), models.Actor, data.Pairs, _recipe.Dpo, cancellationToken).ConfigureAwait(false),
            await parts.TrainAsync(StageNames.Refiner(iteration), models.Refiner, data.RefinerRows, _recipe.Rft, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>An iteration's training data: a pure function of its play and the seed.</summary>
    /// <param name="records">The play.</param>
    /// <param name="recipe">What the chosen side is, the gate, the quotas.</param>
    /// <param name="templates">How the refiner is asked.</param>
    /// <param name="seed">Decides which candidates are taken.</param>
    /// <param name="unanimous">Whether pairs are made only where the judge was not at odds with itself over the chosen response.</param>
    internal static DataProduct BuildData(IEnumerable<PlayRecord> records, Recipe recipe, TemplateSet templates, ulong seed, bool unanimous = false)
    {
        Gate gate = recipe.Search.ToGate();
        List<PreferencePair> pairs = [];
        RefinerRows refinerRows = new(recipe.Quotas, gate, templates, seed);
        int disputed = 0;
        foreach (PlayRecord record in records)
        {
            if (PreferencePairs.OfPlay(record, recipe.Refinement, gate, seed) is { } found)
            {
                if (unanimous && found.Disputed)
                {
                    disputed++;
                }
                else
                {
                    pairs.Add(found.Pair);
                }
            }

            refinerRows.Add(record);
        }

        Counts counts = new();
        counts.Add("pairs", pairs.Count);
        if (unanimous)
        {
            counts.Add("pairs dropped: disputed", disputed);
        }

        IReadOnlyList<SupervisedRow> rows = refinerRows.Take(counts);
        return new DataProduct(counts.ToStatistics(), pairs, rows);
    }
}
