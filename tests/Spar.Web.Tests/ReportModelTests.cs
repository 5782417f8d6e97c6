using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Web.Reports;

namespace Spar.Web.Tests;

/// <summary>What a report reads out of a run's store, whatever the run's method.</summary>
public sealed class ReportModelTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("spar-tests-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_baselines_run_has_a_full_report()
    {
        DataProduct data = new(
            SampleReports.Counted(
                ("prompts", 20), ("responses", 60), ("voted yes", 31), ("voted no", 25), ("voted tie", 3),
                ("voted undecided", 1), ("pairs", 2)),
            [new PreferencePair("p0", "say a word", "word 9", "word 1"),
                new PreferencePair("p1", "say two", "word 8", "word 2")],
            []);
        ReportModel model = Read("self_rewarding", store =>
        {
            Train(store, "joint-0", margin: null);
            store.KeepProduct(StageNames.Data(1), data, new StageTiming(StageNames.Data(1), "", 12, 240, 900));
            Train(store, "actor-1", margin: 0.25);
            Measure(store, RowName.Iteration(1));
        });
        Assert.True(model.Finished);
        IterationReport iteration = Assert.Single(model.Iterations);
        Assert.Equal(
            (60, new VerdictCounts(31, 25, 3, 1), 240),
            (iteration.Responses, iteration.Verdicts, iteration.ModelCalls));
        Assert.Equal(data.Pairs, model.Pairs.Select(example => example.Pair));
        Assert.Equal(["actor-0", "joint-0"], model.Start.Select(curve => curve.Stage));

        string html = await RunReport.RenderAsync(model);
        Html.AssertBalanced(html);
        string text = Html.Section(html, "self-play");
        Assert.DoesNotContain("No iteration has begun yet", text, StringComparison.Ordinal);
        Assert.Contains("1 60 0 – 2 0", text, StringComparison.Ordinal);
        Assert.Contains("voted undecided 1", text, StringComparison.Ordinal);
        Assert.Contains("0.25", Html.Section(html, "training"), StringComparison.Ordinal);
        Assert.Contains(
            "3 responses (5.0 %) dropped because the judge's votes were tied", Html.Section(html, "warnings"),
            StringComparison.Ordinal);
        Assert.Contains("<ins>9</ins>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_without_pairs_shows_the_responses_that_it_learns()
    {
        DataProduct data = new(
            SampleReports.Counted(("rows", 1)), [],
            [])
        { ActorRows = [new SupervisedRow("p0", RowKinds.Response, "say a word", "word 9")] };
        ReportModel model = Read("self", store =>
        {
            store.KeepProduct(StageNames.Data(1), data, new StageTiming(StageNames.Data(1), "", 1, 1, 1));
            Train(store, "actor-1", margin: null);
        });
        Assert.False(model.Finished);
        string html = await RunReport.RenderAsync(model);
        Assert.Contains(
            "iteration 1 instruction say a word response word 9", Html.Section(html, "pairs"),
            StringComparison.Ordinal);
        Assert.Contains("iteration 1, actor-1", Html.Section(html, "training"), StringComparison.Ordinal);
        Assert.Contains("No preference training yet.", Html.Section(html, "training"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_the_method_shows_its_play_its_pairs_and_its_deepest_search()
    {
        PlayRecord record = new(
            "p0",
            "say a word",
            [new PlayedResponse("word 1", new Valuation(1, 4, "too small"))],
            0,
            new SearchTree(SearchOutcome.Success, 4, [
                SampleReports.Node(0, null, 0.2, "word 1", "too small"), SampleReports.Node(1, 0, 0.4, "word 3", "no"),
                SampleReports.Node(2, 0, 0.4, "word 4", "no"), SampleReports.Node(4, 1, 0.9, "word 9", "yes")], 9, []));
        ReportModel model = Read("spar", store =>
        {
            store.KeepItem(StageNames.Play(1), 0, record);
            StageStatistics counted = SampleReports.Counted(
                ("responses", 1), ("voted no", 1), ("tied", 2), ("negatives searched", 1), ("search: success", 1),
                ("tree nodes", 3), ("unparsed judgement: no verdict mark", 2));
            store.KeepProduct(
                StageNames.Play(1), new PlayProduct(counted), new StageTiming(StageNames.Play(1), "", 2, 9, 9));
            PreferencePair pair = new("p0", "say a word", "word 9", "word 1");
            SupervisedRow[] rows = [
                new("p0", RowKinds.Refinement, "refine", "better"), new("p0", RowKinds.TreeNo, "judge", "no"),
                new("p1", RowKinds.TreeNo, "judge", "no")];
            store.KeepProduct(
                StageNames.Data(1), new DataProduct(StageStatistics.None, [pair], rows),
                new StageTiming(StageNames.Data(1), "", 1, 0, 0));
            Measure(store, RowName.Iteration(1));
        });
        IterationReport iteration = Assert.Single(model.Iterations);
        Assert.Equal(new VerdictCounts(0, 1, 2, 0), iteration.Verdicts);
        Assert.Equal(new SearchCounts(1, 0, 0, 0, 4), iteration.Searches);
        Assert.Equal(
            [(RowKinds.Refinement, 1), (RowKinds.TreeNo, 2)],
            iteration.RefinerRows.Select(row => (row.Key, row.Value)));
        Assert.Equal(
            ("unparsed judgement: no verdict mark", 2),
            Assert.Single(iteration.Unparsed.Select(count => (count.Key, (int)count.Value))));
        Assert.Equal("too small", Assert.Single(model.Pairs).Critique);
        Assert.Equal(record.Tree!.Nodes.Count, Assert.Single(model.Searches).Tree.Nodes.Count);
        Assert.Equal((0.7, "base", 11ul), (model.Gate.Threshold, model.BaseModel, model.Results.Seed));
    }

    // A run with one iteration and a gate of its own.
    private ReportModel Read(string method, Action<RunStore> fill)
    {
        Dictionary<string, string> recipe = new()
        {
            ["seed"] = "11",
            ["base_model"] = "base",
            ["method"] = method,
            ["iterations"] = "1",
            ["search.gate"] = "0.7",
        };
        using (RunStore store = RunStore.Open(_directory, new RunIdentity(recipe)))
        {
            Train(store, "actor-0", margin: null);
            Measure(store, RowName.Base);
            Measure(store, RowName.Sft);
            fill(store);
        }

        using RunStore read = RunStore.OpenForReading(_directory);
        return ReportModel.Of(read);
    }

    private static void Train(RunStore store, string stage, double? margin) => store.KeepProduct(
        stage,
        new TrainedProduct(
            StageStatistics.None, null, $"checkpoints/{stage}", "digest",
            [new TrainingStep(1, 1, 0.5, 1e-6, 10, margin, margin)]),
        new StageTiming(stage, "", 1, 0, 0));

    private static void Measure(RunStore store, RowName row) => store.KeepProduct(
        StageNames.Evaluation(row), new EvaluationProduct(new EvaluationRow(row, 0.5, 0.5, null, null, null, 10)),
        new StageTiming(StageNames.Evaluation(row), "", 1, 0, 0));
}
