using System.Globalization;
using System.Text.Json;
using Spar.Judging;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Reports;

namespace Spar.Cli.Reports;

/// <summary>Reads out of a run's store what its report shows.</summary>
internal static class RunReportModel
{
    private const int PairsAnIteration = 4;

    public static ReportModel Of(RunStore store)
    {
        RunResults results = RunResults.Of(store);
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        int planned = int.Parse(recipe["iterations"], CultureInfo.InvariantCulture);
        int played = Enumerable.Range(1, planned).TakeWhile(iteration => store.FindProduct<PlayProduct>(StageNames.Play(iteration)) is not null).Count();
        List<PlayRecord>[] records = [.. Enumerable.Range(1, played).Select(iteration => store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record).ToList())];
        return new ReportModel
        {
            Title = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(store.Directory))),
            Seed = (long)results.Seed,
            BaseModel = RunIdentity.NameOf(recipe["base_model"]),
            Recipe = string.Join('\n', recipe.Select(entry => $"{entry.Key}: {entry.Value}")),
            WallSeconds = results.WallSeconds,
            ModelCalls = results.ModelCalls,
            GeneratedTokens = results.GeneratedTokens,
            PlannedIterations = planned,
            Calibration = results.Calibration ?? [],
            Finished = results.StoppedByDrift is not null || results.Rows.Any(row => row.Name == RowName.Last(planned)),
            Rows = [.. results.Rows.Select(Row)],
            SupervisedCurves = [.. new[] { StageNames.Actor(0), StageNames.Refiner(0) }.SelectMany(stage => Curve(store, stage))],
            Iterations = [.. records.Select((plays, i) => Iteration(store, i + 1, plays))],
            Pairs = [.. records.SelectMany((plays, i) => plays.Where(play => play.Tree?.Outcome == SearchOutcome.Success).Take(PairsAnIteration).Select(play => Pair(i + 1, play)))],
            Trees = [.. records.SelectMany((plays, i) => plays
                .Where(play => play.Tree is { Outcome: SearchOutcome.Success, Nodes.Count: > 3 }).OrderByDescending(play => play.Tree!.Nodes.Max(node => node.Depth)).Take(1)
                .Select(play => Tree(i + 1, play))).Take(1)],
        };
    }

    private static StageRow Row(EvaluationRow row) => new()
    {
        Stage = row.Name.ToString(),
        HeldOutPrompt = row.HeldOutPrompt,
        HeldOutInstruction = row.HeldOutInstruction,
        HeldOutPromptSearch = row.HeldOutPromptSearch,
        JudgeAccuracy = row.JudgeAccuracy,
        JudgeAccuracyOwn = row.Detail(EvaluationRow.JudgeAccuracyOwn),
        RefineSuccess = row.RefineSuccess,
        HeldOutCount = row.HeldOutCount,
    };

    private static IterationReport Iteration(RunStore store, int number, List<PlayRecord> plays)
    {
        List<PlayedResponse> responses = [.. plays.SelectMany(play => play.Responses)];
        List<SearchTree> trees = [.. plays.Where(play => play.Tree is not null).Select(play => play.Tree!)];
        Gate gate = new(double.Parse(store.Identity.Values["search.gate"], CultureInfo.InvariantCulture));
        long Votes(Verdict verdict) => responses.Count(response => response.Valuation is { } valuation && gate.VerdictOn(valuation) == verdict);
        long Outcomes(SearchOutcome outcome) => trees.Count(tree => tree.Outcome == outcome);
        IReadOnlyDictionary<string, long> counts = store.FindProduct<PlayProduct>(StageNames.Play(number))!.Statistics.Counts;
        DataProduct? data = store.FindProduct<DataProduct>(StageNames.Data(number));
        StageTiming[] timings = [.. store.Timings().Where(timing => Stages(number).Contains(timing.Stage))];
        return new IterationReport
        {
            Number = number,
            Responses = responses.Count,
            Verdicts = new VerdictCounts(Votes(Verdict.Yes), Votes(Verdict.No), Votes(Verdict.Tie), Votes(Verdict.Undecided)),
            Searches = new SearchCounts(Outcomes(SearchOutcome.Success), Outcomes(SearchOutcome.Exhausted), Outcomes(SearchOutcome.OverBudget), Outcomes(SearchOutcome.Failed)),
            MeanTreeSize = trees.Count == 0 ? null : trees.Average(tree => tree.Nodes.Count),
            Pairs = data?.Pairs.Count ?? 0,
            RefinerRows = [.. (data?.RefinerRows ?? []).GroupBy(row => row.Kind).Select(group => new LabelledCount(group.Key, group.Count()))],
            Unparsed = [.. counts.Where(count => count.Key.StartsWith("unparsed", StringComparison.Ordinal)).Select(count => new LabelledCount(count.Key, count.Value))],
            Dpo = [.. Steps(store, StageNames.Actor(number)).Select(step => new DpoPoint(step.Step, step.Loss, step.RewardMargin ?? 0, step.RewardAccuracy ?? 0))],
            LossCurves = [.. Curve(store, StageNames.Refiner(number))],
            ModelCalls = timings.Sum(timing => timing.Calls),
            Seconds = timings.Sum(timing => timing.Seconds),
        };
    }

    private static string[] Stages(int iteration) =>
        [StageNames.Play(iteration), StageNames.Data(iteration), StageNames.Actor(iteration), StageNames.Refiner(iteration)];

    private static IReadOnlyList<TrainingStep> Steps(RunStore store, string stage) => store.FindProduct<TrainedProduct>(stage)?.Steps ?? [];

    private static IEnumerable<LossCurve> Curve(RunStore store, string stage) =>
        Steps(store, stage) is { Count: > 0 } steps ? [new LossCurve(stage, [.. steps.Select(step => new LossPoint(step.Step, step.Loss))])] : [];

    private static PairExample Pair(int iteration, PlayRecord play)
    {
        SearchNode root = play.Tree!.Nodes[0];
        return new PairExample(iteration, play.Prompt, root.Response, play.Tree.Best.Response, root.Valuation?.Critique);
    }

    private static ExampleTree Tree(int iteration, PlayRecord play)
    {
        SearchTree tree = play.Tree!;
        Dictionary<int, int> places = tree.Nodes.Select((node, i) => (node.Id, i)).ToDictionary(entry => entry.Id, entry => entry.i);
        return new ExampleTree(
            iteration,
            play.Prompt,
            JsonNamingPolicy.KebabCaseLower.ConvertName(tree.Outcome.ToString()).Replace('-', ' '),
            [.. tree.Nodes.Select(node => new ExampleNode(node.Parent is int parent ? places[parent] : null, node.Valuation?.Value, node.Response, node.Valuation?.Critique))]);
    }
}
