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

// What becomes of calls that fail.
public sealed partial class SelfPlayRunTests
{
    [Fact]
    public async Task Failed_calls_lose_their_items_only_and_are_listed()
    {
        FakeWorld world = new()
        {
            Fails = prompt =>
                prompt.Contains("self-play 1 3", StringComparison.Ordinal) || prompt == "say a word, sft 0 1",
        };
        await TestRuns.RunAsync(_directory.Path, TestRuns.Small, world);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        StageStatistics played = store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics;
        Assert.Equal(3, played.Counts["responses lost"]);
        Assert.Equal(
            ["self-play-1-3, response 0", "self-play-1-3, response 1", "self-play-1-3, response 2"],
            played.Failures.Select(failure => failure.Item)
        );
        Assert.All(
            played.Failures,
            failure => Assert.Equal("HttpRequestException: the endpoint is down", failure.Reason)
        );
        SupervisedProduct lessons = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!;
        Assert.Equal(
            new ItemFailure("sft-0-1", "HttpRequestException: the teacher is down"),
            Assert.Single(lessons.Statistics.Failures)
        );
        Assert.Equal(3, lessons.Rows.Count);
    }

    [Fact]
    public async Task A_failed_search_is_counted_and_listed()
    {
        FakeWorld world = new()
        {
            Fails = prompt => prompt.StartsWith("refine\ntask: say a word, self-play 1 ", StringComparison.Ordinal),
        };
        Log log = new();
        await TestRuns.RunAsync(_directory.Path, TestRuns.Small with { Iterations = 1 }, world, observer: log);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        StageStatistics played = store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics;
        Assert.True(played.Counts["search: failed"] > 0);
        Assert.Equal(played.Counts["search: failed"], played.Counts["negatives searched"]);
        Assert.Equal(played.Counts["search: failed"], played.Failures.Count);

        // No search succeeded, so there are no pairs: the actor stays, and the run says so.
        Assert.Contains(log.Warnings, warning => warning.Contains("actor-1", StringComparison.Ordinal));
        TrainedProduct kept = store.FindProduct<TrainedProduct>(StageNames.Actor(1))!;
        Assert.Equal(("checkpoints/actor-0", 0), (kept.Checkpoint, kept.Steps.Count));
    }

    [Fact]
    public async Task A_stage_whose_items_all_fail_stops_the_run_and_can_be_gone_on_with()
    {
        FakeWorld world = new() { Fails = prompt => prompt.Contains("self-play 2", StringComparison.Ordinal) };
        SparException stop = await Assert.ThrowsAsync<SparException>(() =>
            TestRuns.RunAsync(_directory.Path, TestRuns.Small, world)
        );
        Assert.Contains("All 6 items of stage play-2 failed", stop.Message, StringComparison.Ordinal);
        Assert.Contains("the endpoint is down", stop.Message, StringComparison.Ordinal);
        Assert.Equal(0, world.Open);

        await TestRuns.RunAsync(_directory.Path, TestRuns.Small, new FakeWorld());
        await TestRuns.RunAsync(_directory.File("whole"), TestRuns.Small, new FakeWorld(shuffle: 5));
        string whole = TestRuns.Dump(_directory.File("whole"));
        Directory.Delete(_directory.File("whole"), recursive: true);
        Assert.Equal(whole, TestRuns.Dump(_directory.Path));
    }
}
