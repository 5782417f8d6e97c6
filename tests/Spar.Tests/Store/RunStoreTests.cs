using FsCheck;
using FsCheck.Fluent;
using Spar.Calls;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Store;

public sealed class RunStoreTests : IDisposable
{
    private static readonly RunIdentity s_identity = new(
        new Dictionary<string, string> { ["seed"] = "1", ["votes"] = "5" }
    );
    private static readonly StageTiming s_timing = new("s", "2026-01-01T00:00:00Z", 1.5, 2, 3);
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_is_kept_is_found_by_the_next_session()
    {
        using (RunStore store = Open())
        {
            store.Keep("a", 1, new Answer("text \0 ü \n", 3, 4, "stop"));
            store.Keep("b", ulong.MaxValue, new Answer("", 0, 0, null));
            store.KeepItem("s", 1, new ItemFailure("later", "x"));
            store.KeepItem("s", 0, new ItemFailure("first", "x"));
            store.KeepProduct("s", new PlayProduct(StageStatistics.None), s_timing);
        }

        using RunStore again = Open();
        Assert.Equal(new Answer("text \0 ü \n", 3, 4, "stop"), again.Find("a", 1));
        Assert.Equal(new Answer("", 0, 0, null), again.Find("b", ulong.MaxValue));
        Assert.Null(again.Find("a", 2));
        Assert.Null(again.Find("c", 1));
        Assert.Equal(
            [(0, "first"), (1, "later")],
            again.ReadItems<ItemFailure>("s").Select(entry => (entry.Item, entry.Record.Item))
        );
        Assert.NotNull(again.FindProduct<PlayProduct>("s"));
        Assert.Null(again.FindProduct<PlayProduct>("t"));
        Assert.Equal(["s"], again.Stages());
        Assert.Equal(s_timing, Assert.Single(again.Timings()));
        again.DropProduct("s");
        Assert.Null(again.FindProduct<PlayProduct>("s"));
    }

    [Fact]
    public void Any_text_comes_back_as_it_was()
    {
        // Long enough that SQLite cuts texts at U+0000, and what a model with many languages can give.
        List<string> texts =
        [
            new string('x', 400) + "\0" + new string('y', 400),
            "\0",
            "\uD83D",
            "a\uDE42b",
            "\uD83D\uDE42",
            "\uFEFF\u2028\r\n",
        ];
        Prop.ForAll(
                ArbMap.Default.ArbFor<(string, int, char[])>(),
                input =>
                {
                    (string? text, int times, char[]? units) = input;
                    texts.Add(
                        string.Concat(Enumerable.Repeat(text ?? "", Math.Abs(times % 50))) + new string(units ?? [])
                    );
                }
            )
            .QuickCheckThrowOnFailure();
        using (RunStore store = Open())
        {
            for (int i = 0; i < texts.Count; i++)
            {
                store.Keep($"k{i}", 1, new Answer(texts[i], 1, 1, "stop"));
            }
        }

        using RunStore again = Open();
        Assert.All(texts, (text, i) => Assert.Equal(text, again.Find($"k{i}", 1)!.Text));
    }

    [Fact]
    public void Totals_count_the_models_calls_over_all_sessions()
    {
        FakeTime time = new();
        using (RunStore store = RunStore.Open(_directory.Path, s_identity, time))
        {
            store.Keep("a", 1, new Answer("x", 1, 10, null));
            store.Keep("teacher/a", 1, new Answer("x", 1, 100, null));
            time.Seconds += 2;
            Assert.Equal(new RunTotals(2, 1, 10), store.Totals());
        }

        using (RunStore store = RunStore.Open(_directory.Path, s_identity, time))
        {
            store.Keep("a", 1, new Answer("y", 1, 5, null));
            store.Keep("b", 1, new Answer("x", 1, 5, null));
            time.Seconds += 3;
            Assert.Equal(new RunTotals(5, 2, 10), store.Totals());
        }

        using RunStore reading = RunStore.OpenForReading(_directory.Path);
        Assert.Equal(new RunTotals(5, 2, 10), reading.Totals());
    }

    [Fact]
    public void An_abandoned_store_has_a_prefix_of_what_was_kept()
    {
        using (RunStore store = Open())
        {
            for (int i = 0; i < 3000; i++)
            {
                store.Keep($"k{i}", 1, new Answer("x", 1, 1, null));
            }

            store.Abandon();
        }

        using RunStore again = Open();
        bool[] kept = [.. Enumerable.Range(0, 3000).Select(i => again.Find($"k{i}", 1) is not null)];
        Assert.Equal(kept.OrderDescending(), kept);
    }

    [Fact]
    public async Task Many_threads_may_keep_at_once()
    {
        using (RunStore store = Open())
        {
            await Task.WhenAll(
                Enumerable
                    .Range(0, 8)
                    .Select(t =>
                        Task.Run(() =>
                        {
                            for (int i = 0; i < 500; i++)
                            {
                                store.Keep($"{t}/{i}", 1, new Answer($"{t}/{i}", 1, 1, null));
                                Assert.Null(store.Find($"{t}/{i}/other", 1));
                            }
                        })
                    )
            );
        }

        using RunStore again = Open();
        Assert.All(
            Enumerable.Range(0, 4000),
            i => Assert.Equal($"{i / 500}/{i % 500}", again.Find($"{i / 500}/{i % 500}", 1)!.Text)
        );
    }

    [Fact]
    public void Another_recipes_directory_is_refused_by_key()
    {
        Open().Dispose();
        RunIdentity other = new(
            new Dictionary<string, string>
            {
                ["seed"] = "1",
                ["votes"] = "3",
                ["search.branch"] = "2",
            }
        );
        SparException fault = Assert.Throws<SparException>(() => RunStore.Open(_directory.Path, other));
        Assert.Contains(_directory.Path, fault.Message, StringComparison.Ordinal);
        Assert.Contains(
            "\n  search.branch was not set, is 2\n  votes was 5, is 3\n",
            fault.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("seed", fault.Message, StringComparison.Ordinal);
        Assert.Contains("name another run directory", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_in_use_is_refused_but_can_be_read()
    {
        using RunStore store = Open();
        store.KeepProduct("s", new PlayProduct(StageStatistics.None), s_timing);
        Assert.Contains("in use", Assert.Throws<SparException>(Open).Message, StringComparison.Ordinal);
        using RunStore reading = RunStore.OpenForReading(_directory.Path);
        Assert.Equal(["s"], reading.Stages());
        Assert.Equal("5", reading.Identity.Values["votes"]);
    }

    [Fact]
    public void What_is_no_run_is_refused()
    {
        Assert.Contains(
            "no run",
            Assert.Throws<SparException>(() => RunStore.OpenForReading(_directory.Path)).Message,
            StringComparison.Ordinal
        );

        File.WriteAllText(_directory.File("run.db"), new string('x', 5000));
        Assert.Contains("damaged", Assert.Throws<SparException>(Open).Message, StringComparison.Ordinal);

        File.WriteAllText(_directory.File("file"), "");
        SparException fault = Assert.Throws<SparException>(() => RunStore.Open(_directory.File("file"), s_identity));
        Assert.Contains(_directory.File("file"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_stops_the_run_and_loses_nothing_that_was_kept()
    {
        string text = new('x', 10_000);
        int kept = 0;
        using (RunStore store = Open())
        {
            store.LimitPages(100);
            SparException fault = Assert.Throws<SparException>(() =>
            {
                for (; kept < 1000; kept++)
                {
                    store.Keep($"k{kept}", 1, new Answer(text, 1, 1, null));
                    store.Flush();
                }
            });
            Assert.Contains("the disk is full", fault.Message, StringComparison.Ordinal);
            Assert.Throws<SparException>(() => store.Keep("more", 1, new Answer("x", 1, 1, null)));
        }

        using RunStore again = Open();
        Assert.InRange(kept, 10, 60);
        Assert.All(Enumerable.Range(0, kept), i => Assert.NotNull(again.Find($"k{i}", 1)));
        again.Keep("more", 1, new Answer("x", 1, 1, null));
        again.Flush();
    }

    private RunStore Open() => RunStore.Open(_directory.Path, s_identity);

    private sealed class FakeTime : TimeProvider
    {
        public long Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
