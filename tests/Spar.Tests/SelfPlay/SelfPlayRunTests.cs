using System.Text.Json;
using Spar.Calls;
using Spar.Judging;
using Spar.Runs;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

public sealed partial class SelfPlayRunTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_whole_run_leaves_its_stages_checkpoints_and_results()
    {
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        Log log = new();
        RunResults results = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, world, trainer, log);

        Assert.Equal(["base", "sft", "iteration-1", "iteration-2"], results.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(0, world.Open);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        Assert.Equal(
            [
                "fixed-responses",
                "evaluation-base",
                "actor-sft-data",
                "actor-0",
                "refiner-sft-data",
                "refiner-0",
                "evaluation-sft",
                "play-1",
                "data-1",
                "actor-1",
                "refiner-1",
                "evaluation-iteration-1",
                "play-2",
                "data-2",
                "actor-2",
                "refiner-2",
                "evaluation-iteration-2",
            ],
            store.Stages()
        );
        Assert.Equal(store.Stages(), log.Finished);
        Assert.Equal(store.Stages(), store.Timings().Select(timing => timing.Stage));
        Assert.Equal(6, trainer.Jobs.Count);
        Assert.Equal(
            ["base", "base", "actor-0", "refiner-0", "actor-1", "refiner-1"],
            trainer.Jobs.Select(job => Path.GetFileName(job.StartModel))
        );
        Assert.IsType<TrainingData.Preference>(trainer.Jobs[2].Data);
        Assert.Equal(trainer.Jobs.Count, trainer.Jobs.Select(job => job.Seed).Distinct().Count());

        JsonElement json = JsonDocument.Parse(File.ReadAllText(_directory.File(RunResults.FileName))).RootElement;
        JsonElement row = json.GetProperty("rows")[3];
        Assert.Equal("iteration-2", row.GetProperty("stage").GetString());
        Assert.All(
            ["heldOutPrompt", "heldOutInstruction", "heldOutPromptSearch", "judgeAccuracy", "refineSuccess"],
            key => Assert.InRange(row.GetProperty(key).GetDouble(), 0, 1)
        );
        Assert.Equal(3, row.GetProperty("heldOutCount").GetInt32());
        Assert.Equal(7u, json.GetProperty("seed").GetUInt64());
        Assert.True(json.GetProperty("wallSeconds").GetDouble() > 0);
        Assert.Equal(log.Calls, json.GetProperty("modelCalls").GetInt64());
        Assert.Equal(log.Tokens, json.GetProperty("generatedTokens").GetInt64());
    }

    [Fact]
    public async Task Play_follows_the_rules()
    {
        await TestRuns.RunAsync(
            _directory.Path,
            TestRuns.Small with
            {
                PromptsPerIteration = 30,
                Iterations = 1,
            },
            new FakeWorld()
        );
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(entry => entry.Record)];
        Assert.Equal(
            Enumerable.Range(0, 30).Select(i => $"self-play-1-{i}"),
            records.Select(record => record.PromptId)
        );
        Assert.All(
            records,
            record =>
            {
                Assert.Equal(3, record.Responses.Count);
                bool anyNegative = record.Responses.Any(response =>
                    Gate.Majority.VerdictOn(response.Valuation!) == Verdict.No
                );
                Assert.Equal(anyNegative, record.Negative is not null);
                Assert.Equal(anyNegative, record.Tree is not null);
                if (record.Negative is { } negative)
                {
                    Assert.Equal(Verdict.No, Gate.Majority.VerdictOn(record.Responses[negative].Valuation!));
                    Assert.Equal(record.Responses[negative].Text, record.Tree!.Nodes[0].Response);
                }

                Assert.All(
                    record.Responses.GroupBy(response => response.Text),
                    same => Assert.Single(same.Select(response => response.Valuation!.Yes).Distinct())
                );
            }
        );
        Assert.True(records.Select(record => record.Negative).Distinct().Count() > 2);

        IReadOnlyDictionary<string, long> counts = store
            .FindProduct<PlayProduct>(StageNames.Play(1))!
            .Statistics.Counts;
        Assert.Equal(90, counts["responses"]);
        Assert.Equal(90, counts["voted yes"] + counts["voted no"] + counts["tied"] + counts["undecided"]);
        Assert.Equal(records.Count(record => record.Tree is not null), counts["negatives searched"]);
        Assert.Equal(
            counts["negatives searched"],
            counts["search: success"]
                + counts["search: exhausted"]
                + counts["search: over budget"]
                + counts["search: failed"]
        );
        Assert.Equal(
            records.Sum(record => record.Tree?.Unparsed.Count ?? 0),
            counts["unparsed refinement: no start mark"]
        );
        Assert.True(counts["unparsed judgement: no verdict mark"] > 0);

        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.Equal(counts["search: success"], data.Pairs.Count);
        Assert.NotEmpty(data.Pairs);
        Assert.All(data.Pairs, pair => Assert.NotEqual(pair.Chosen, pair.Rejected));
    }

    [Fact]
    public async Task The_refiner_learns_from_a_balanced_teacher()
    {
        Recipe recipe = TestRuns.Small with { RefinerPrompts = 60, Iterations = 0 };
        await TestRuns.RunAsync(_directory.Path, recipe, new FakeWorld());
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        SupervisedProduct product = store.FindProduct<SupervisedProduct>(StageNames.RefinerSftData)!;
        ILookup<string, SupervisedRow> kinds = product.Rows.ToLookup(row => row.Kind);
        IReadOnlyDictionary<string, long> counts = product.Statistics.Counts;
        Assert.Equal(60, counts["judged yes"] + counts["judged no"] + counts["not judged"]);
        Assert.Equal(counts["not judged"], counts["unparsed judgement: no verdict mark"]);
        Assert.Equal(kinds[RowKinds.JudgementYes].Count(), kinds[RowKinds.JudgementNo].Count());
        Assert.Equal(counts["judged yes"], kinds[RowKinds.JudgementYes].Count());
        Assert.Equal(counts["judged no"], kinds[RowKinds.Refinement].Count());
        Assert.All(
            kinds[RowKinds.JudgementNo],
            row => Assert.EndsWith("judgement: no", row.Response, StringComparison.Ordinal)
        );
        Assert.All(
            kinds[RowKinds.Refinement],
            row => Assert.EndsWith("judgement: no", row.Prompt, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Results_do_not_depend_on_concurrency_or_order()
    {
        HashSet<string> dumps = [];
        foreach (int concurrency in (int[])[1, 2, 7, 64])
        {
            string directory = _directory.File($"{concurrency}");
            await TestRuns.RunAsync(
                directory,
                TestRuns.Small with
                {
                    Concurrency = concurrency,
                },
                new FakeWorld(shuffle: (ulong)concurrency)
            );
            dumps.Add(TestRuns.Dump(directory));
        }

        Assert.Single(dumps);
        string other = _directory.File("other");
        await TestRuns.RunAsync(other, TestRuns.Small with { Seed = 8 }, new FakeWorld());
        Assert.DoesNotContain(TestRuns.Dump(other), dumps);
    }

    [Fact]
    public async Task A_killed_run_ends_like_an_undisturbed_one()
    {
        FakeWorld undisturbed = new();
        await TestRuns.RunAsync(_directory.File("whole"), TestRuns.Small, undisturbed);
        string expected = TestRuns.Dump(_directory.File("whole"));
        int kills = 0;
        for (int at = 1; at <= undisturbed.Calls; at += 17)
        {
            string directory = _directory.File($"killed-{at}");
            FakeWorld world = new();
            world.KillAt(at);
            Assert.Equal(
                "killed",
                (
                    await Assert.ThrowsAsync<SparException>(() =>
                        TestRuns.RunAsync(directory, TestRuns.Small, world, killed: true)
                    )
                ).Message
            );
            world = new FakeWorld();
            world.KillAt(Math.Max(2, (undisturbed.Calls - at) / 2));
            await Assert.ThrowsAsync<SparException>(() =>
                TestRuns.RunAsync(directory, TestRuns.Small, world, killed: true)
            );
            world = new FakeWorld();
            await TestRuns.RunAsync(directory, TestRuns.Small, world);
            Assert.Equal(expected, TestRuns.Dump(directory));
            Assert.True(world.Calls < undisturbed.Calls || at < 100);
            kills++;
        }

        Assert.InRange(kills, 20, 200);
    }

    [Fact]
    public async Task A_finished_run_is_not_run_again()
    {
        RunResults first = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, new FakeWorld());
        FakeWorld world = new();
        Log log = new();
        RunResults second = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, world, observer: log);
        Assert.Equal(0, world.Calls);
        Assert.Equal(17, log.Skipped);
        Assert.Equal(first.Rows, second.Rows);
        Assert.Equal((first.ModelCalls, first.GeneratedTokens), (second.ModelCalls, second.GeneratedTokens));
        Assert.True(second.WallSeconds >= first.WallSeconds);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_changed_checkpoint_is_trained_again(bool gone)
    {
        await TestRuns.RunAsync(_directory.Path, TestRuns.Small, new FakeWorld());
        string expected = TestRuns.Dump(_directory.Path);
        if (gone)
        {
            Directory.Delete(_directory.File("checkpoints", "actor-1"), recursive: true);
        }
        else
        {
            File.AppendAllText(_directory.File("checkpoints", "actor-1", FakeTrainer.WeightsFile), "x");
        }

        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        Log log = new();
        await TestRuns.RunAsync(_directory.Path, TestRuns.Small, world, trainer, log);
        Assert.EndsWith("actor-1", Assert.Single(trainer.Jobs).OutputModel, StringComparison.Ordinal);
        Assert.Contains("checkpoints/actor-1", Assert.Single(log.Warnings), StringComparison.Ordinal);
        Assert.Equal(expected, TestRuns.Dump(_directory.Path));
    }

    [Fact]
    public async Task Without_sft_the_base_model_plays()
    {
        SupervisedSettings none = new() { LearningRate = 0.1, Epochs = 0 };
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        Recipe recipe = TestRuns.Small with
        {
            ActorSft = none,
            RefinerSft = none,
            Rft = none,
            SftPrompts = 0,
            RefinerPrompts = 0,
            Iterations = 1,
        };
        Log log = new();
        RunResults results = await TestRuns.RunAsync(_directory.Path, recipe, world, trainer, log);
        Assert.Equal("base", Assert.Single(trainer.Jobs).StartModel);
        Assert.Equal(results.Rows[0] with { Name = RowName.Sft }, results.Rows[1]);
        Assert.Empty(log.Warnings);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        Assert.Equal("base", store.FindProduct<TrainedProduct>(StageNames.Refiner(1))!.Resolve(_directory.Path));
    }

    [Fact]
    public async Task A_run_goes_on_when_its_base_model_has_moved()
    {
        string here = Directory.CreateDirectory(_directory.File("here")).FullName;
        string there = _directory.File("there");
        await File.WriteAllTextAsync(
            Path.Combine(here, FakeTrainer.WeightsFile),
            "base",
            TestContext.Current.CancellationToken
        );
        SupervisedSettings none = new() { LearningRate = 0.1, Epochs = 0 };
        Recipe recipe = TestRuns.Small with { BaseModel = here, RefinerSft = none, RefinerPrompts = 0, Rft = none };
        FakeWorld undisturbed = new();
        RunResults whole = await TestRuns.RunAsync(_directory.File("whole"), recipe, undisturbed);

        // Killed in the last iteration: the refiner of the one before is the base model.
        FakeWorld world = new();
        world.KillAt(undisturbed.Calls - 20);
        await Assert.ThrowsAsync<SparException>(() =>
            TestRuns.RunAsync(_directory.File("moved"), recipe, world, killed: true)
        );
        Directory.Move(here, there);
        RunResults moved = await TestRuns.RunAsync(
            _directory.File("moved"),
            recipe with
            {
                BaseModel = there,
            },
            new FakeWorld()
        );
        Assert.Equal(JsonSerializer.Serialize(whole.Rows), JsonSerializer.Serialize(moved.Rows));
    }

    [Fact]
    public async Task Cancelling_stops_and_the_run_goes_on_later()
    {
        using CancellationTokenSource source = new();
        FakeWorld world = new();
        Log log = new();
        RunStore store = RunStore.Open(_directory.Path, TestRuns.IdentityOf(TestRuns.Small));
        using (store)
        {
            SelfPlayRun run = new()
            {
                Recipe = TestRuns.Small,
                Templates = TestRuns.Compact,
                Host = world,
                Trainer = new FakeTrainer(world),
                Teacher = new Teacher.Program(world),
                Prompts = world,
                Store = store,
                Evaluator = new FakeEvaluator(),
                Observer = log,
            };
            log.OnStage = stage =>
            {
                if (stage == "play-1")
                {
                    source.Cancel();
                }
            };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.RunAsync(source.Token));
        }

        Assert.Equal(0, world.Open);
        RunResults results = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, new FakeWorld());
        Assert.Equal(4, results.Rows.Count);
    }

    private sealed class Log : IRunObserver
    {
        private readonly Lock _gate = new();

        public List<string> Finished { get; } = [];

        public List<string> Warnings { get; } = [];

        public Action<string>? OnStage { get; set; }

        public int Skipped { get; private set; }

        public long Calls { get; private set; }

        public long Tokens { get; private set; }

        public void StageStarted(string stage, int items) => OnStage?.Invoke(stage);

        public void CallAnswered(Answer answer, bool kept)
        {
            lock (_gate)
            {
                // The teacher's answers have no token counts.
                Calls += kept || answer.OutputTokens == 0 ? 0 : 1;
                Tokens += kept ? 0 : answer.OutputTokens ?? 0;
            }
        }

        public void StageFinished(string stage, StageStatistics statistics, StageTiming timing) => Finished.Add(stage);

        public void StageSkipped(string stage) => Skipped++;

        public void Warn(string message) => Warnings.Add(message);
    }
}
