using System.Globalization;
using Spar.Engine.Inference;
using Spar.Experiments;
using Spar.Experiments.Synthetic;
using Spar.Nano.Synthetic;
using Spar.Runtime.Composition;
using Spar.Runtime.Embedded;
using Spar.Runtime.Nano;
using Spar.Runtime.Recipes;
using Spar.Store;

namespace Spar.Runtime.Experiments;

/// <summary>
/// Refined beside interfering pairs on two synthetic tasks, by training step (Figure 4 of the paper).
/// </summary>
public sealed record SyntheticComparison()
    : Experiment(
        "synthetic",
        "refined beside interfering pairs on character sequences and start/end stories, by training step (Figure 4)")
{
    /// <inheritdoc/>
    public override async Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken)
    {
        SyntheticRecipe file = SyntheticRecipe.Read(work.Path);
        (SyntheticProblem Problem, PairSettings Settings, bool FreshLetters)[] problems =
        [
            (NanoSyntheticProblem.Letters, file.Letters, file.FreshLetters),
            (NanoSyntheticProblem.Stories, file.Stories, false),
        ];
        work.Observer.Expect(work.Seeds.Count * problems.Length);
        List<PairCurves> curves = [];
        foreach (ulong seed in work.Seeds)
        {
            foreach ((SyntheticProblem problem, PairSettings settings, bool freshLetters) in problems)
            {
                string shown = string.Create(CultureInfo.InvariantCulture, $"{problem.Name}, seed {seed}");
                RunIdentity identity = settings.Identity(
                    problem, RunIdentities.OfModel(file.BaseModel), seed, freshLetters ? "with fresh letters" : null);
                using RunStore store = RunStore.Open(work.RunDirectory(problem.Name, seed), identity, work.Time);
                string baseModel = freshLetters
                    ? Path.Combine(store.Directory, "checkpoints", "fresh-letters")
                    : file.BaseModel;
                PairComparison comparison = new()
                {
                    Problem = problem,
                    Settings = settings,
                    BaseModel = baseModel,
                    Seed = seed,
                    Host = ModelHosts.Create(work.Threads, new EngineOptions().MaxSequences),
                    Trainer = ModelTrainers.Create(work.Threads),
                    Store = store,
                    Observer = work.Observer,
                    Time = work.Time,
                };
                if (freshLetters && !comparison.HasEnded)
                {
                    FreshEmbeddings.Write(file.BaseModel, baseModel, LetterTask.Characters, seed);
                }

                curves.Add(await work.Observer.ShowAsync(
                    shown, comparison.HasEnded, () => comparison.RunAsync(cancellationToken), Score)
                    .ConfigureAwait(false));
            }
        }

        return SyntheticReport.Of([.. problems.Select(problem => problem.Problem)], work.Seeds, curves);
    }

    private static string Score(PairCurves curves) => string.Create(
        CultureInfo.InvariantCulture,
        $"success {100 * curves.Refined[0].Success:0.0} % before, "
        + $"{100 * curves.Refined[^1].Success:0.0} % with refined pairs, "
        + $"{100 * curves.Interfering[^1].Success:0.0} % with interfering pairs");
}
