using System.Globalization;
using Spar.Judging;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Text;

namespace Spar.Web.Reports;

/// <summary>
/// Everything that a run's report shows, in the run's own records. What is not known yet is empty, and the report says
/// so.
/// </summary>
public sealed record ReportModel
{
    private const int ExamplesAnIteration = 4;

    /// <summary>What the run is called.</summary>
    public required string Title { get; init; }

    /// <summary>Names or paths of the models that the run starts from.</summary>
    public required string BaseModel { get; init; }

    /// <summary>What decides the run's results, a line a key.</summary>
    public required string Recipe { get; init; }

    /// <summary>Iterations that the recipe asks for.</summary>
    public required int PlannedIterations { get; init; }

    /// <summary>The run's gate.</summary>
    public required Gate Gate { get; init; }

    /// <summary>Rows, calibration and totals so far.</summary>
    public required RunResults Results { get; init; }

    /// <summary>Training before the first iteration, stage by stage.</summary>
    public IReadOnlyList<TrainingCurve> Start { get; init; } = [];

    /// <summary>What happened in each iteration that has begun, in order.</summary>
    public IReadOnlyList<IterationReport> Iterations { get; init; } = [];

    /// <summary>Examples of what the actor learns from.</summary>
    public IReadOnlyList<PairExample> Pairs { get; init; } = [];

    /// <summary>Examples of responses that the actor learns, of methods without pairs.</summary>
    public IReadOnlyList<ResponseExample> Responses { get; init; } = [];

    /// <summary>Searches to draw as examples; one is enough for most readers.</summary>
    public IReadOnlyList<SearchExample> Searches { get; init; } = [];

    /// <summary>How much of rejected responses chosen ones keep, iteration by iteration.</summary>
    public IReadOnlyList<KeptWords> Kept { get; init; } = [];

    /// <summary>When, by what and how the run was made; null where nobody says.</summary>
    public RunOrigin? Origin { get; init; }

    /// <summary>Figures and tables of the paper that experiments fill.</summary>
    public IReadOnlyList<PaperPart> Experiments { get; init; } = [];

    /// <summary>False while the run is going on.</summary>
    public bool Finished => Results.StoppedByDrift is not null
        || Results.Rows.Any(row => row.Name == RowName.Last(PlannedIterations));

    /// <summary>Reads it out of a run's store.</summary>
    /// <param name="store">A run of any method, at work or at its end.</param>
    public static ReportModel Of(RunStore store)
    {
        ReportModel model = WithoutExamples(store, RunResults.Of(store));
        Examples[] examples = [.. model.Iterations.Select(iteration => Examples.Of(store, iteration))];
        return model with
        {
            Pairs = [.. examples.SelectMany(example => example.Pairs)],
            Responses = [.. examples.SelectMany(example => example.Responses)],
            Searches = [.. examples.Select(example => example.Search).OfType<SearchExample>().Take(1)],
            Kept = [.. examples.Select(example => example.Kept)],
            Origin = RunOrigin.Of(store, model.Results),
        };
    }

    /// <summary>The trainings before the first iteration, by their stages' names.</summary>
    internal static IReadOnlyList<string> StartStages { get; } =
        [StageNames.Actor(0), StageNames.Refiner(0), StageNames.Backward, StageNames.Joint];

    /// <summary>All but the examples, for which every prompt would have to be read.</summary>
    /// <param name="store">A run of any method, at work or at its end.</param>
    /// <param name="results">Its results.</param>
    internal static ReportModel WithoutExamples(RunStore store, RunResults results)
    {
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        int planned = int.Parse(recipe["iterations"], CultureInfo.InvariantCulture);
        return new ReportModel
        {
            Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(store.Directory))),
            BaseModel = RecipeTrainings.StartsIn(recipe),
            Recipe = string.Join('\n', recipe.Select(entry => $"{entry.Key}: {entry.Value}")),
            PlannedIterations = planned,
            Gate = new Gate(double.Parse(recipe["search.gate"], CultureInfo.InvariantCulture)),
            Results = results,
            Start = [.. StartStages.Select(stage => TrainingCurve.Find(store, stage)).OfType<TrainingCurve>()],
            Iterations =
            [
                .. Enumerable.Range(1, planned).Select(number => IterationReport.Find(store, number))
                    .TakeWhile(found => found is not null).OfType<IterationReport>(),
            ],
        };
    }

    private sealed record Examples(
        IReadOnlyList<PairExample> Pairs, IReadOnlyList<ResponseExample> Responses, SearchExample? Search,
        KeptWords Kept)
    {
        // Goes through the play once, and holds no more of it than is shown.
        public static Examples Of(RunStore store, IterationReport iteration)
        {
            IReadOnlyList<PreferencePair> pairs = iteration.Data?.Pairs ?? [];
            PreferencePair[] shown = [.. pairs.Take(ExamplesAnIteration)];
            string?[] critiques = new string?[shown.Length];
            HashSet<string> searched = [.. shown.Select(pair => pair.PromptId)];
            HashSet<string> prompts = [.. pairs.Select(pair => pair.PromptId)];
            Gate gate = new(double.Parse(store.Identity.Values["search.gate"], CultureInfo.InvariantCulture));
            PlayRecord? deepest = null;
            List<double?> samples = [];
            foreach ((_, PlayRecord play) in store.ReadItems<PlayRecord>(StageNames.Play(iteration.Number)))
            {
                if (play.Tree is { Outcome: SearchOutcome.Success, Nodes.Count: > 3 }
                    && (deepest is null || Depth(play) > Depth(deepest)))
                {
                    deepest = play;
                }

                if (searched.Remove(play.PromptId))
                {
                    foreach ((int i, PreferencePair pair) in shown.Index().Where(one => one.Item.PromptId == play.PromptId))
                    {
                        critiques[i] = play.Responses.FirstOrDefault(response => response.Text == pair.Rejected)
                            ?.Valuation?.Critique;
                    }
                }

                if (play.Negative is { } negative && prompts.Contains(play.PromptId))
                {
                    samples.Add(KeptOf(play, negative, gate));
                }
            }

            bool refined = store.Identity.Values.GetValueOrDefault("method", "spar") == "spar"
                && store.Identity.Values.GetValueOrDefault("refinement", "tree") != "none";
            return new Examples(
                [.. shown.Select((pair, i) => new PairExample(iteration.Number, pair, critiques[i]))],
                [.. (iteration.Data?.ActorRows ?? []).Take(ExamplesAnIteration)
                    .Select(row => new ResponseExample(iteration.Number, row))],
                deepest is null ? null : new SearchExample(iteration.Number, deepest.Instruction, deepest.Tree!),
                new KeptWords(
                    iteration.Number,
                    pairs.Count,
                    refined ? Mean(pairs.Select(pair => WordDiff.Between(pair.Rejected, pair.Chosen).KeptShare)) : null,
                    Mean(samples)));
        }

        private static int Depth(PlayRecord play) => play.Tree!.Nodes.Max(node => node.Depth);

        // Of the negative, how much another sample keeps that passed; the samples are those of prompts that pairs are of.
        private static double? KeptOf(PlayRecord play, int negative, Gate gate) =>
            play.Responses.FirstOrDefault(other => other.Text is not null
                && gate.VerdictOn(other.Valuation?.Value) == Verdict.Yes) is { } passed
                ? WordDiff.Between(play.Responses[negative].Text ?? "", passed.Text!).KeptShare
                : null;

        private static double? Mean(IEnumerable<double?> shares)
        {
            double[] known = [.. shares.OfType<double>()];
            return known.Length == 0 ? null : known.Average();
        }
    }
}

/// <summary>One preference pair.</summary>
/// <param name="Iteration">The iteration that made it, from 1.</param>
/// <param name="Pair">The pair.</param>
/// <param name="Critique">The judge's words on the rejected response; null where there are none.</param>
public sealed record PairExample(int Iteration, PreferencePair Pair, string? Critique);

/// <summary>One response that the actor learns.</summary>
/// <param name="Iteration">The iteration that made it, from 1.</param>
/// <param name="Row">The prompt and the response.</param>
public sealed record ResponseExample(int Iteration, SupervisedRow Row);

/// <summary>One search.</summary>
/// <param name="Iteration">The iteration that made it, from 1.</param>
/// <param name="Instruction">What was asked.</param>
/// <param name="Tree">The tree.</param>
public sealed record SearchExample(int Iteration, string Instruction, SearchTree Tree);
