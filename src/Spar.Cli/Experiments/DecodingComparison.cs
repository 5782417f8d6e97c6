using System.Globalization;
using Spar.Cli.Commands;
using Spar.Cli.Recipes;
using Spar.Engine.Inference;
using Spar.Experiments;
using Spar.Experiments.Decoding;
using Spar.Prompts;
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
            RunFile recipe = work.File.Start(seed);
            using RunStore store = RunStore.Open(work.RunDirectory(Name, seed), recipe.FullIdentity(), work.Time);
            DecodingMeasurement measurement = new()
            {
                Recipe = recipe,
                PromptSet = PromptSet.Load(recipe.PromptSet),
                Host = new EndpointModelHost(new EmbeddedModelHost(new EngineOptions { Threads = work.Threads, MaxSequences = Math.Min(recipe.Concurrency, 512) }), Shared.ApiKey),
                Actor = work.StartModel("actor", seed),
                Refiner = work.StartModel("refiner", seed),
                Prompts = [.. NanoEvaluator.Tasks(recipe.Nano.HeldOutPrompts, recipe.Nano.Stories).Select(task => task.Instruction)],
                Truth = new NanoVerifier(NanoVerifier.All),
                Store = store,
                Observer = work.Display,
                Time = work.Time,
            };
            bool kept = measurement.HasEnded;
            string shown = string.Create(CultureInfo.InvariantCulture, $"{Name}, seed {seed}");
            if (kept)
            {
                work.Display.Kept();
            }
            else
            {
                work.Display.Begin(shown);
            }

            records.Add(await measurement.RunAsync(cancellationToken));
            if (!kept)
            {
                work.Display.End(shown, "");
            }
        }

        return DecodingReport.Of(work.Seeds, records);
    }
}
