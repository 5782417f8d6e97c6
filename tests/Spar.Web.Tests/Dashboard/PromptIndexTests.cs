using Spar.Judging;
using Spar.Store;
using Spar.Web.Dashboard;

namespace Spar.Web.Tests.Dashboard;

/// <summary>What prompts are found by.</summary>
public sealed class PromptIndexTests : IDisposable
{
    private readonly PlayedRun _run = new(120);

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Pages_follow_each_other_without_gaps()
    {
        using RunStore store = RunStore.OpenForReading(_run.Directory);
        using PromptIndex index = Whole(store);
        List<long> items = [];
        PromptQuery query = new() { Count = 50 };
        while (index.Find(query) is { Count: > 0 } page)
        {
            items.AddRange(page.Select(prompt => prompt.Item));
            query = query with { AfterIteration = (int)page[^1].Iteration, AfterItem = (int)page[^1].Item };
        }

        Assert.Equal(Enumerable.Range(0, 120).Select(item => (long)item), items);
        Assert.Equal(60, index.Find(new PromptQuery { Outcome = "success", Count = 1000 }).Count);
        Assert.Equal(60, index.Find(new PromptQuery { Verdicts = "all passed", Count = 1000 }).Count);
        Assert.Empty(index.Find(new PromptQuery { Outcome = "success", Verdicts = "all passed" }));
        Assert.Equal([7], index.Find(new PromptQuery { Words = "number7", Count = 1000 }).Select(prompt => prompt.Item).Where(item => item < 8));
        Assert.Equal(60, index.Find(new PromptQuery { Words = "good lobster", Iteration = 1, Count = 1000 }).Count);
    }

    [Fact]
    public void A_prompt_that_is_played_again_takes_the_place_of_what_it_was()
    {
        using RunStore store = RunStore.OpenForReading(_run.Directory);
        using (Whole(store))
        {
            // Left as another dashboard leaves it.
        }

        _run.Play(1, 3, "octopus");
        _run.Store.Flush();
        using PromptIndex again = Whole(store);
        Assert.Equal(120, again.Prompts);
        Assert.Equal([3L], again.Find(new PromptQuery { Words = "octopus" }).Select(prompt => prompt.Item));
        Assert.DoesNotContain(again.Find(new PromptQuery { Words = "lobster", Count = 1000 }), prompt => prompt.Item == 3);
    }

    [Fact]
    public void A_file_that_is_no_index_of_this_run_is_made_anew()
    {
        File.WriteAllText(Path.Combine(_run.Directory, PromptIndex.FileName), "no database");
        using RunStore store = RunStore.OpenForReading(_run.Directory);
        using (PromptIndex index = Whole(store))
        {
            Assert.Equal(120, index.Prompts);
        }

        using PlayedRun other = new(2, seed: 2);
        File.Copy(Path.Combine(_run.Directory, PromptIndex.FileName), Path.Combine(other.Directory, PromptIndex.FileName));
        using RunStore others = RunStore.OpenForReading(other.Directory);
        using PromptIndex mine = Whole(others);
        Assert.Equal(2, mine.Prompts);
    }

    [Fact]
    public void Where_the_run_directory_takes_no_file_the_index_is_a_temporary_one()
    {
        string beside = Path.Combine(_run.Directory, PromptIndex.FileName);
        Directory.CreateDirectory(Path.Combine(beside, "occupied"));
        using RunStore store = RunStore.OpenForReading(_run.Directory);
        using PromptIndex index = Whole(store);
        Assert.Equal(120, index.Prompts);
    }

    private static PromptIndex Whole(RunStore store)
    {
        PromptIndex index = new(store, Gate.Majority);
        while (index.Advance())
        {
            // A hundred rows each.
        }

        return index;
    }
}
