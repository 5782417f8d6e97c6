using System.Text.Json;
using Spar.Judging;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

public sealed class CalibrationTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Quality_and_reliability_are_counted()
    {
        (Valuation, bool)[] judged =
        [
            (new Valuation(5, 0, "c"), true), (new Valuation(4, 1, "c"), true), (new Valuation(4, 1, "c"), false),
            (new Valuation(1, 4, "c"), false),
            (new Valuation(0, 5, "c"), true), (new Valuation(2, 2, "c"), false), (new Valuation(0, 0, null), true),
        ];
        JudgeQuality quality = JudgeQuality.Of(judged, Gate.Majority);
        Assert.Equal((7, 4, 3), (quality.Count, quality.Right, quality.Wrong));
        Assert.Equal(3 / 7.0, quality.Accuracy);
        Assert.Equal(2 / 3.0, quality.Precision);
        Assert.Equal(2 / 4.0, quality.Recall);
        Assert.Equal(1 / 3.0, quality.FalseAcceptRate);
        Assert.Equal(2 / 7.0, quality.UndecidedRate);
        Assert.Null(JudgeQuality.Of([], Gate.Majority).Accuracy);

        Reliability reliability = Reliability.Of(judged);
        Assert.Equal(
            [(0.0, 1, 1), (0.2, 1, 0), (0.5, 1, 0), (0.8, 2, 0.5), (0.9, 1, 1)],
            reliability.Bins.Select(bin => (bin.From, bin.Count, bin.Verified)));
        Assert.Equal((1.0 + 0.2 + 0.5 + (2 * 0.3) + 0) / 6, reliability.ExpectedCalibrationError!.Value, 12);
        Assert.Null(new Reliability([]).ExpectedCalibrationError);
    }

    [Fact]
    public async Task Every_iteration_is_measured_and_kept()
    {
        RunResults results = await TestRuns.RunAsync(
            _directory.Path, TestRuns.Small with { PromptsPerIteration = 20 }, new FakeWorld(),
            truth: new WordVerifier(4));
        Assert.Equal([1, 2], results.Calibration!.Select(one => one.Iteration));
        Assert.Null(results.StoppedByDrift);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        foreach (IterationCalibration one in results.Calibration!)
        {
            PlayRecord[] records = [
                .. store.ReadItems<PlayRecord>(StageNames.Play(one.Iteration)).Select(entry => entry.Record)];
            SearchTree[] trees = [.. records.Select(record => record.Tree).OfType<SearchTree>()];
            Assert.Equal((20, 60, trees.Length), (one.Prompts, one.Responses.Count, one.Searched));
            Assert.Equal(trees.Count(tree => tree.Outcome == SearchOutcome.Success), one.Found);
            Assert.Equal(
                trees.Count(tree => tree.Found is not null && WordVerifier.Number(tree.Best.Response) >= 4),
                one.Verified);
            Assert.Equal((double)(one.Found - one.Verified) / one.Searched, one.Drift!.Value, 12);
            Assert.True(one.Responses.Accuracy > 0.5);
            Assert.Equal(one.Drift > 0.1 ? DriftAction.Warn : null, one.Taken);
            Assert.Equal(
                one.Responses.Count + one.Refinements.Count - Undecided(records),
                one.Reliability.Bins.Sum(bin => bin.Count));
        }

        JsonElement json = JsonDocument.Parse(
            File.ReadAllText(_directory.File(RunResults.FileName))).RootElement.GetProperty("calibration")[0];
        Assert.Equal(
            results.Calibration![0].Responses.Accuracy,
            json.GetProperty("responses").GetProperty("accuracy").GetDouble());
        Assert.Equal(results.Calibration[0].VerifiedSuccess, json.GetProperty("verifiedSuccess").GetDouble());
        Assert.Equal(
            results.Calibration[0].ChosenFalseAcceptRate, json.GetProperty("chosenFalseAcceptRate").GetDouble());
        Assert.True(json.GetProperty("reliability").GetProperty("bins").GetArrayLength() > 1);

        // What verifiers measure, the loop does not see.
        await TestRuns.RunAsync(
            _directory.File("unmeasured"), TestRuns.Small with { PromptsPerIteration = 20 }, new FakeWorld());
        Assert.Equal(
            TestRuns.Dump(_directory.File("unmeasured")),
            string.Join(
                '\n',
                TestRuns.Dump(_directory.Path).Split('\n')
                    .Where(line => !line.StartsWith("calibration-", StringComparison.Ordinal)
                        && !line.StartsWith("unmeasured", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task Drift_stops_the_run_before_it_trains_on_it()
    {
        Recipe recipe = TestRuns.Small with { Drift = new DriftSettings { Threshold = 0, Action = DriftAction.Stop } };
        RunResults results = await TestRuns.RunAsync(
            _directory.Path, recipe, new FakeWorld(), truth: new WordVerifier(8));
        Assert.Equal(["base", "sft"], results.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(1, results.StoppedByDrift);
        using (RunStore store = RunStore.OpenForReading(_directory.Path))
        {
            Assert.Equal("calibration-1", store.Stages()[^1]);
        }

        FakeWorld world = new();
        Assert.Equal(
            1, (await TestRuns.RunAsync(_directory.Path, recipe, world, truth: new WordVerifier(8))).StoppedByDrift);
        Assert.Equal(0, world.Calls);
        Assert.Contains(
            "drift.action",
            (await Assert.ThrowsAsync<SparException>(
                () => TestRuns.RunAsync(_directory.File("x"), recipe, new FakeWorld()))).Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public async Task Drift_drops_disputed_pairs()
    {
        Recipe recipe =
            TestRuns.Small with
            {
                Drift = new DriftSettings { Threshold = 0, Action = DriftAction.Reweight },
                PromptsPerIteration = 30,
                Iterations = 1
            };
        await TestRuns.RunAsync(_directory.Path, recipe, new FakeWorld(), truth: new WordVerifier(8));
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        SearchTree[] found = [
            .. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(entry => entry.Record.Tree).OfType<SearchTree>()
                .Where(tree => tree.Found is not null)];
        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.Equal(
            found.Where(tree => tree.Best.Value == 1).Select(tree => tree.Best.Response),
            data.Pairs.Select(pair => pair.Chosen));
        Assert.Equal(found.Length - data.Pairs.Count, data.Statistics.Counts["pairs dropped: disputed"]);
        Assert.InRange(data.Pairs.Count, 1, found.Length - 1);
    }

    [Fact]
    public async Task Adaptive_voting_makes_the_same_pairs()
    {
        Recipe recipe = TestRuns.Small with { Votes = 5, PromptsPerIteration = 30, Iterations = 1 };
        await TestRuns.RunAsync(_directory.File("all"), recipe, new FakeWorld());
        await TestRuns.RunAsync(
            _directory.File("some"),
            recipe with { Judging = new JudgingSettings { Valuation = ValuationMethod.Adaptive } }, new FakeWorld());
        (PreferencePair[] all, long allCalls) = Read("all");
        (PreferencePair[] some, long someCalls) = Read("some");
        Assert.NotEmpty(all);
        Assert.Equal(all, some);
        Assert.True(someCalls < 0.9 * allCalls, $"{someCalls} of {allCalls}");

        (PreferencePair[], long) Read(string run)
        {
            using RunStore store = RunStore.OpenForReading(_directory.File(run));
            return ([.. DataProduct.Find(store, 1)!.Pairs],
                store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts["judging calls"]);
        }
    }

    [Fact]
    public async Task A_verifier_decides_what_it_knows_in_a_run()
    {
        await TestRuns.RunAsync(
            _directory.Path, TestRuns.Small with { Iterations = 1, PromptsPerIteration = 20 }, new FakeWorld(),
            verifier: new WordVerifier(6));
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        IReadOnlyDictionary<string,
        long> counts = store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts;
        Assert.Equal(0, counts["judging calls"]);
        Assert.True(counts["verified by rule"] > 20);
        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.NotEmpty(data.Pairs);
        Assert.All(data.Pairs, pair =>
            Assert.True(WordVerifier.Number(pair.Chosen) >= 6 && WordVerifier.Number(pair.Rejected) < 6));
        Assert.All(data.RefinerRows, row => Assert.Equal(RowKinds.Refinement, row.Kind));
    }

    [Fact]
    public async Task Other_models_can_judge()
    {
        Recipe recipe = TestRuns.Small with { Iterations = 1 };
        string[] calls = await CallsAsync("external", new JudgingSettings { Judges = ["other"] });
        Assert.Contains(calls, key => key.StartsWith("it1/judge/", StringComparison.Ordinal)
            && key.EndsWith("/v2", StringComparison.Ordinal));
        calls = await CallsAsync("panel", new JudgingSettings { Judges = [JudgingSettings.Refiner, "other"] });
        Assert.Contains(calls, key => key.StartsWith("it1/judge/", StringComparison.Ordinal)
            && key.EndsWith("/j1/v2", StringComparison.Ordinal));

        async Task<string[]> CallsAsync(string run, JudgingSettings judging)
        {
            await TestRuns.RunAsync(_directory.File(run), recipe with { Judging = judging }, new FakeWorld());
            using RunStore store = RunStore.OpenForReading(_directory.File(run));
            return [.. store.Dump("SELECT key FROM calls")];
        }
    }

    private static int Undecided(PlayRecord[] records) =>
        records.SelectMany(record => record.Responses).Count(response => response.Valuation!.Value is null) +
        records.SelectMany(record => record.Tree?.Nodes.Skip(1) ?? [])
            .Count(node => node.SameAs is null && node.Valuation is { Value: null });

    /// <summary>Words of at least a number are right.</summary>
    private sealed class WordVerifier(int least) : IConstraintVerifier
    {
        public static int Number(string response) =>
            int.Parse(response["word ".Length..], System.Globalization.CultureInfo.InvariantCulture);

        public Verification Verify(string instruction, string response) => new(
            Number(response) >= least
                ? VerificationOutcome.Followed : VerificationOutcome.NotFollowed, $"number {response}");
    }
}
