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
    public async Task A_stage_with_failed_calls_has_not_ended_and_the_same_command_asks_again()
    {
        FakeWorld world = new()
        {
            Fails = prompt => prompt.Contains("self-play 1 3", StringComparison.Ordinal),
        };
        SparException stop = await Assert.ThrowsAsync<SparException>(() =>
            TestRuns.RunAsync(_directory.Path, TestRuns.Small, world)
        );
        Assert.Contains("1 of 6 items of stage play-1 are missing", stop.Message, StringComparison.Ordinal);
        Assert.Contains("--allow-failed 17%", stop.Message, StringComparison.Ordinal);
        using (RunStore store = RunStore.OpenForReading(_directory.Path))
        {
            Assert.Null(store.FindProduct<PlayProduct>(StageNames.Play(1)));
        }

        RunResults results = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, new FakeWorld());
        Assert.Null(results.Failed);
        await TestRuns.RunAsync(_directory.File("whole"), TestRuns.Small, new FakeWorld(shuffle: 5));
        string whole = TestRuns.Dump(_directory.File("whole"));
        Directory.Delete(_directory.File("whole"), recursive: true);
        Assert.Equal(whole, TestRuns.Dump(_directory.Path));
    }

    [Fact]
    public async Task Failed_calls_that_are_allowed_lose_their_items_only_and_are_listed()
    {
        FakeWorld world = new()
        {
            Fails = prompt =>
                prompt.Contains("self-play 1 3", StringComparison.Ordinal) || prompt == "say a word, sft 0 1",
        };
        RunResults results = await TestRuns.RunAsync(_directory.Path, TestRuns.Small, world, allowFailed: 0.25);
        Assert.Equal(
            [(StageNames.ActorSftData, 1), (StageNames.Play(1), 1)],
            results.Failed!.Select(failed => (failed.Stage, failed.Missing)));
        Assert.Contains("self-play-1-3", results.ToJson(), StringComparison.Ordinal);
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

    /// <summary>What fails, and under which method; the last row of each is measured after it all.</summary>
    public static TheoryData<TrainingMethod, string> Failing => new()
    {
        { TrainingMethod.Spar, "say a word, self-play 1 3" },
        { TrainingMethod.Spar, "say a word, sft 0 1" },
        { TrainingMethod.Spar, "say a word, refiner 0 2" },
        { TrainingMethod.Spar, "say a word, self-play 2 0" },
        { TrainingMethod.SelfRewarding, "say a word, self-play 1 3" },
        { TrainingMethod.MetaRewarding, "say a word, self-play 2 3" },
    };

    [Theory]
    [MemberData(nameof(Failing))]
    public async Task What_failed_is_asked_for_again_and_what_was_made_without_it_is_made_anew(
        TrainingMethod method, string failing)
    {
        Recipe recipe = TestRuns.Small with { Method = method };
        FakeWorld broken = new() { Fails = prompt => prompt == failing };
        RunResults lacking = await TestRuns.RunAsync(_directory.File("a"), recipe, broken, allowFailed: 0.3);
        Assert.NotNull(lacking.Failed);

        // As long as it fails, nothing is lost of what there is.
        string before = TestRuns.Dump(_directory.File("a"));
        await TestRuns.RunAsync(_directory.File("a"), recipe, broken, retryFailed: true);
        Assert.Equal(before, TestRuns.Dump(_directory.File("a")));

        // Without being asked to, nobody asks again.
        await TestRuns.RunAsync(_directory.File("a"), recipe, new FakeWorld());
        Assert.Equal(before, TestRuns.Dump(_directory.File("a")));

        RunResults results = await TestRuns.RunAsync(
            _directory.File("a"), recipe, new FakeWorld(), retryFailed: true);
        Assert.Null(results.Failed);
        await TestRuns.RunAsync(_directory.File("whole"), recipe, new FakeWorld());
        Assert.Equal(TestRuns.Dump(_directory.File("whole")), TestRuns.Dump(_directory.File("a")));
    }

    [Fact]
    public async Task A_killed_attempt_at_what_failed_is_brought_to_its_end_by_whoever_goes_on()
    {
        FakeWorld broken = new()
        {
            Fails = prompt => prompt is "say a word, self-play 1 3" or "say a word, self-play 1 4",
        };
        await TestRuns.RunAsync(_directory.File("a"), TestRuns.Small, broken, allowFailed: 0.4);
        await TestRuns.RunAsync(_directory.File("whole"), TestRuns.Small, new FakeWorld());
        string whole = TestRuns.Dump(_directory.File("whole"));
        for (int at = 1; at <= 40; at += 3)
        {
            // Two attempts are killed, at moments that come ever later; the third is not asked to try again, and does.
            string run = _directory.File($"killed-{at}");
            Copy(_directory.File("a"), run);
            FakeWorld world = new();
            world.KillAt(at);
            await Assert.ThrowsAsync<SparException>(() =>
                TestRuns.RunAsync(run, TestRuns.Small, world, killed: true, retryFailed: true));
            Assert.Empty((await RunCheck.OfAsync(run, TestContext.Current.CancellationToken)).Faults);
            await TestRuns.RunAsync(run, TestRuns.Small, new FakeWorld());
            Assert.Equal(whole, TestRuns.Dump(run));
        }

        static void Copy(string from, string to)
        {
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(to, Path.GetRelativePath(from, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }
        }
    }

    [Fact]
    public async Task A_failed_search_is_counted_and_listed()
    {
        FakeWorld world = new()
        {
            Fails = prompt => prompt.StartsWith("refine\ntask: say a word, self-play 1 ", StringComparison.Ordinal),
        };
        Log log = new();
        await TestRuns.RunAsync(
            _directory.Path, TestRuns.Small with { Iterations = 1 }, world, observer: log, allowFailed: 0.9);
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

    [Fact]
    public async Task A_judge_whose_judgements_cannot_be_read_ends_the_run_early_and_is_quoted()
    {
        FakeWorld world = new()
        {
            Says = (prompt, answer) =>
                prompt.StartsWith("judge\ntask: say a word, self-play", StringComparison.Ordinal)
                    ? "I would rather not say." : answer,
        };
        RunFaultException stop = await Assert.ThrowsAsync<RunFaultException>(() => TestRuns.RunAsync(
            _directory.Path, TestRuns.Small with { PromptsPerIteration = 100 }, world));
        Assert.Contains("Most judgements cannot be read", stop.Message, StringComparison.Ordinal);
        Assert.Contains("no verdict mark", stop.Message, StringComparison.Ordinal);
        Assert.Contains("\"I would rather not say.\"", stop.Message, StringComparison.Ordinal);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        Assert.Null(store.FindProduct<PlayProduct>(StageNames.Play(1)));
        Assert.True(store.CallsOutside().Calls < 500);
    }

    [Fact]
    public async Task Responses_that_are_not_complete_are_no_side_of_a_pair_and_are_counted()
    {
        FakeWorld world = new()
        {
            Says = (prompt, answer) =>
                !prompt.StartsWith("say a word, self-play", StringComparison.Ordinal) ? answer
                : answer == "word 1" ? "<think>\nword 1"
                : answer == "word 2" ? "<think>\nword 2\n</think>\n"
                : $"<think>\nword 0\n</think>\n{answer}",
        };
        await TestRuns.RunAsync(_directory.Path, TestRuns.Small with { PromptsPerIteration = 40, Iterations = 1 }, world);
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        IReadOnlyDictionary<string, long> counts = store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts;
        PlayedResponse[] left =
        [
            .. store.ReadItems<PlayRecord>(StageNames.Play(1)).SelectMany(item => item.Record.Responses)
                .Where(response => response.Incomplete is not null),
        ];
        Assert.Equal(left.Count(one => one.Incomplete == "empty"), counts["responses left out: empty"]);
        Assert.Equal(
            left.Count(one => one.Incomplete == "unfinished thought"), counts["responses left out: unfinished thought"]);
        Assert.All(left, response => Assert.Null(response.Valuation));
        Assert.Equal(counts["responses"], left.Length + counts["voted yes"] + counts["voted no"] + counts["tied"]
            + counts["undecided"]);
        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.NotEmpty(data.Pairs);
        Assert.All(data.Pairs, pair => Assert.DoesNotContain("think", pair.Chosen + pair.Rejected));
        Assert.All(data.Pairs, pair => Assert.DoesNotContain(pair.Rejected, (string[])["", "word 1", "word 2"]));
    }
}
