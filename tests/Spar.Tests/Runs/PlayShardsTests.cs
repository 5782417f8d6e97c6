using Spar.Exports;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Runs;

/// <summary>Play that is cut into shards and united again is what one process would have played.</summary>
public sealed class PlayShardsTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task Shards_in_any_order_and_merged_twice_make_the_run_of_one_process(int count)
    {
        string one = _directory.File("one"), cut = _directory.File("cut");
        await TestRuns.RunAsync(one, TestRuns.Small, new FakeWorld());
        for (int iteration = 1; iteration <= TestRuns.Small.Iterations; iteration++)
        {
            SessionEnd? end = await SessionAsync(cut, new PlayScope(null, EndsBefore: true));
            Assert.Equal(new SessionEnd(StageNames.Play(iteration), 0, TestRuns.Small.PromptsPerIteration), end);
            int played = 0;
            foreach (int number in Enumerable.Range(1, count).Reverse())
            {
                end = await SessionAsync(cut, new PlayScope(new PlayShard(number, count), false));
                Assert.Equal(end!.Items, end.Played);
                played += end.Played;
            }

            Assert.Equal(TestRuns.Small.PromptsPerIteration, played);
            IReadOnlyList<MergedShard> merged = PlayShards.Merge(cut, PlayShards.In(cut), TimeProvider.System);
            Assert.Equal(played, merged.Sum(shard => shard.Taken));
            IReadOnlyList<MergedShard> again = PlayShards.Merge(
                cut, [.. PlayShards.In(cut).Reverse()], TimeProvider.System);
            Assert.All(again, shard => Assert.Equal((0, 0L), (shard.Taken, shard.Calls)));
        }

        FakeWorld world = new();
        using (RunStore store = Open(cut, PlayScope.Whole))
        {
            Assert.Null(await SessionAsync(store, PlayScope.Whole, world));
        }

        Assert.Equal(TestRuns.Dump(one), TestRuns.Dump(cut));
        Assert.Equal(Export(one), Export(cut));
    }

    [Fact]
    public async Task A_share_that_was_lost_is_played_by_whoever_goes_on()
    {
        string one = _directory.File("one"), cut = _directory.File("cut");
        Recipe recipe = TestRuns.Small with { Iterations = 1 };
        await TestRuns.RunAsync(one, recipe, new FakeWorld());
        await SessionAsync(cut, new PlayScope(null, true), recipe);
        await SessionAsync(cut, new PlayScope(new PlayShard(2, 3), false), recipe);
        Assert.Single(PlayShards.Merge(cut, PlayShards.In(cut), TimeProvider.System));
        Assert.Equal(
            new SessionEnd(StageNames.Play(1), 2, 6), await SessionAsync(cut, new PlayScope(null, true), recipe));
        Assert.Null(await SessionAsync(cut, PlayScope.Whole, recipe));
        Assert.Equal(TestRuns.Dump(one), TestRuns.Dump(cut));
    }

    [Fact]
    public async Task A_shard_whose_preparation_was_killed_in_its_midst_is_prepared_again()
    {
        string cut = _directory.File("cut");
        await SessionAsync(cut, new PlayScope(null, true));
        PlayShard shard = new(1, 2);
        string own = PlayShards.DirectoryOf(cut, shard);
        using (RunStore run = Open(cut, PlayScope.Whole))
        {
            using (RunStore killed = RunStore.Open(own, run.Identity))
            {
                StageAdoption.Adopt(run, killed, stage => stage == StageNames.Actor(0));
            }

            PlayShards.Prepare(run, shard, StageNames.Play(1), TimeProvider.System);
            using RunStore prepared = RunStore.OpenForReading(own);
            string[] trainings = [.. prepared.Stages().Where(StageNames.IsTraining)];
            Assert.NotEmpty(trainings);
            Assert.All(trainings, stage => Assert.Equal(
                Path.GetFullPath(run.FindProduct<TrainedProduct>(stage)!.Resolve(run.Directory)),
                Path.GetFullPath(prepared.FindProduct<TrainedProduct>(stage)!.Resolve(own))));
        }

        SessionEnd? end = await SessionAsync(cut, new PlayScope(shard, false));
        Assert.Equal(end!.Items, end.Played);
    }

    [Fact]
    public async Task A_shard_only_plays()
    {
        string cut = _directory.File("cut");
        using (RunStore store = Open(cut, PlayScope.Whole))
        {
            // A run that has only begun.
        }

        SparException fault = await Assert.ThrowsAsync<SparException>(
            () => SessionAsync(cut, new PlayScope(new PlayShard(1, 2), false)));
        Assert.Contains("has not ended in the run that this is a shard of", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Shards_of_other_recipes_and_other_answers_are_refused()
    {
        string cut = _directory.File("cut"), other = _directory.File("other");
        await SessionAsync(cut, new PlayScope(null, true));
        Recipe changed = TestRuns.Small with { Seed = 8 };
        await SessionAsync(other, new PlayScope(null, true), changed);
        await SessionAsync(other, new PlayScope(new PlayShard(1, 2), false), changed);
        SparException fault = Assert.Throws<SparException>(
            () => PlayShards.Merge(cut, PlayShards.In(other), TimeProvider.System));
        Assert.Contains("no shard of this run", fault.Message, StringComparison.Ordinal);

        PlayScope scope = new(new PlayShard(1, 2), false);
        await SessionAsync(cut, scope);
        PlayShards.Merge(cut, PlayShards.In(cut), TimeProvider.System);
        using (RunStore store = Open(cut, scope))
        {
            (int item, PlayRecord record) = store.ReadItems<PlayRecord>(StageNames.Play(1)).First();
            store.KeepItem(StageNames.Play(1), item, record with { Negative = 99 });
        }

        fault = Assert.Throws<SparException>(() => PlayShards.Merge(cut, PlayShards.In(cut), TimeProvider.System));
        Assert.Contains("different answers to the same calls (1 items, 0 calls; the first: item 0 of play-1)", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2/4", 2, 4)]
    [InlineData("1/1", 1, 1)]
    [InlineData("0/4", 0, 0)]
    [InlineData("5/4", 0, 0)]
    [InlineData("2", 0, 0)]
    [InlineData("a/b", 0, 0)]
    [InlineData("-1/4", 0, 0)]
    [InlineData("1/2/3", 0, 0)]
    public void Shares_are_read_as_people_write_them(string text, int number, int count) =>
        Assert.Equal(count == 0 ? null : new PlayShard(number, count), PlayShard.Parse(text));

    private static RunStore Open(string directory, PlayScope scope, Recipe? recipe = null)
    {
        RunIdentity identity = TestRuns.IdentityOf(recipe ?? TestRuns.Small);
        return scope.Shard is { } shard
            ? PlayShards.Open(directory, shard, identity, TimeProvider.System)
            : RunStore.Open(directory, identity);
    }

    private static async Task<SessionEnd?> SessionAsync(string directory, PlayScope scope, Recipe? recipe = null)
    {
        using RunStore store = Open(directory, scope, recipe);
        return await SessionAsync(store, scope, new FakeWorld(), recipe);
    }

    private static async Task<SessionEnd?> SessionAsync(
        RunStore store, PlayScope scope, FakeWorld world, Recipe? recipe = null)
    {
        SelfPlayRun run = new()
        {
            Recipe = recipe ?? TestRuns.Small,
            Templates = TestRuns.Compact,
            Host = world,
            Trainer = new FakeTrainer(world),
            Teacher = new Teacher.Program(world),
            Prompts = world,
            Store = store,
            Evaluator = new FakeEvaluator(),
            Scope = scope,
        };
        await run.RunAsync(TestContext.Current.CancellationToken);
        return run.Ended;
    }

    private static string Export(string directory)
    {
        string output = directory + ".export";
        using RunStore store = RunStore.OpenForReading(directory);
        RunExport.Write(store, ExportFormat.LlamaFactory, output);
        return string.Join(
            '\n', Directory.GetFiles(output).Order(StringComparer.Ordinal)
                .Select(file => $"{Path.GetFileName(file)} {File.ReadAllText(file)}"));
    }
}
