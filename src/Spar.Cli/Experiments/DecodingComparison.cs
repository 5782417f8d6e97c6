using System.Globalization;
using Spar.Cli.Commands;
using Spar.Runtime.Recipes;
using Spar.Engine.Inference;
using Spar.Experiments;
using Spar.Experiments.Decoding;
using Spar.Templates;
using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Endpoints;
using Spar.Runtime.Nano;
using Spar.Store;

namespace Spar.Cli.Experiments;

/// <summary>The decoding strategies at equal compute, with M_0 and R_0 (Figure 5, Tables 9 and 10 of the paper).</summary>
internal sealed record DecodingComparison()
    : Experiment("decoding", "decoding strategies at equal numbers of generated responses, judging by votes, repairs by two judges (Figure 5, Tables 9 and 10)")
{
    /// <inheritdoc/>
    public override async Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken)
    {
        work.Display.Expect(2 * work.Seeds.Count);
        List<IReadOnlyList<DecodingRecord>> records = [];
        foreach (ulong seed in work.Seeds)
        {
            await work.RunStartAsync(seed, cancellationToken);
            RunRecipe recipe = work.File.Start(seed);
            using RunStore store = RunStore.Open(work.RunDirectory(Name, seed), RunIdentities.Of(recipe), work.Time);
            DecodingMeasurement measurement = new()
            {
                Recipe = recipe.Method,
                Templates = TemplateSet.Load(recipe.Method.PromptSet),
                Host = ModelHosts.Create(work.Threads, recipe.Method.Concurrency),
                Actor = work.StartModel("actor", seed),
                Refiner = work.StartModel("refiner", seed),
                Prompts = [.. NanoEvaluator.Tasks(recipe.Nano.HeldOutPrompts, recipe.Nano.Stories).Select(task => task.Instruction)],
                Truth = new NanoVerifier(NanoVerifier.All),
                Store = store,
                Observer = work.Display,
                Time = work.Time,
            };
            records.Add(await work.Display.ShowAsync(
                string.Create(CultureInfo.InvariantCulture, $"{Name}, seed {seed}"), measurement.HasEnded, () => measurement.RunAsync(cancellationToken), _ => ""));
        }

        return DecodingReport.Of(work.Seeds, records);
    }
}
