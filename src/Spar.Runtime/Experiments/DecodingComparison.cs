using System.Globalization;
using Spar.Experiments;
using Spar.Experiments.Decoding;
using Spar.Runtime.Composition;
using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Seams;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runtime.Experiments;

/// <summary>
/// The decoding strategies at equal compute, with M_0 and R_0 (Figure 5, Tables 9 and 10 of the paper).
/// </summary>
public sealed record DecodingComparison()
    : Experiment(
        "decoding",
        "decoding strategies at equal numbers of generated responses, judging by votes, repairs by two judges "
        + "(Figure 5, Tables 9 and 10)")
{
    /// <inheritdoc/>
    public override async Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken)
    {
        work.Observer.Expect(2 * work.Seeds.Count);
        List<IReadOnlyList<DecodingRecord>> records = [];
        foreach (ulong seed in work.Seeds)
        {
            await work.RunStartAsync(seed, cancellationToken).ConfigureAwait(false);
            RunRecipe recipe = work.File.Start(seed);
            using RunStore store = RunStore.Open(work.RunDirectory(Name, seed), RunIdentities.Of(recipe), work.Time);
            DecodingMeasurement measurement = new()
            {
                Recipe = recipe.Method,
                Templates = TemplateSet.Load(PromptSets.Of(recipe)),
                Host = ModelHosts.Create(work.Threads, recipe.Method.Concurrency, recipe),
                Actor = work.StartModel(ModelRole.Actor, seed),
                Refiner = work.StartModel(ModelRole.Refiner, seed),
                Prompts =
                [
                    .. NanoEvaluator.Tasks(recipe.Nano.HeldOutPrompts, recipe.Nano.Stories)
                        .Select(task => task.Instruction),
                ],
                Truth = ConstraintVerifiers.CreateTruth(),
                Store = store,
                Observer = work.Observer,
                Time = work.Time,
            };
            records.Add(await work.Observer.ShowAsync(
                string.Create(CultureInfo.InvariantCulture, $"{Name}, seed {seed}"),
                measurement.HasEnded,
                () => measurement.RunAsync(cancellationToken),
                _ => "").ConfigureAwait(false));
        }

        return DecodingReport.Of(work.Seeds, records);
    }
}
