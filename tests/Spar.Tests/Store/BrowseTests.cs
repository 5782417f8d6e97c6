using Spar.Calls;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Store;

/// <summary>Looking around in a run's calls.</summary>
public sealed class BrowseTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly RunStore _store;

    public BrowseTests()
    {
        _store = RunStore.Open(_directory.Path, new RunIdentity(new Dictionary<string, string> { ["seed"] = "1" }));
        foreach (string key in (string[])["it1/judge/p0/v0", "it1/respond/p0/k0", "it1/respond/p0/k1", "it1/respond/p10/k0", "it1/respond/p2/k0", "it10/x", "lone"])
        {
            _store.Keep(key, 1, new Answer($"of {key}", 1, 2, "stop", key == "lone" ? 0.25 : null));
        }

        _store.Flush();
    }

    public void Dispose()
    {
        _store.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Calls_come_in_pages_by_key()
    {
        Assert.Equal(["it1/respond/p0/k0", "it1/respond/p0/k1"], _store.Calls("it1/respond/p0/", "", 10).Select(call => call.Key));
        Assert.Equal(["it1/judge/p0/v0", "it1/respond/p0/k0"], _store.Calls("it1/", "", 2).Select(call => call.Key));
        Assert.Equal(["it1/respond/p0/k1", "it1/respond/p10/k0"], _store.Calls("it1/", "it1/respond/p0/k0", 2).Select(call => call.Key));
        Assert.Equal(7, _store.Calls("", "", 100).Count);
        Assert.Empty(_store.Calls("it2", "", 100));
        Assert.Equal(new KeptCall("lone", "of lone", 1, 2, "stop", 0.25), _store.FindCall("lone"));
        Assert.Null(_store.FindCall("it1"));
    }

    [Fact]
    public void Keys_are_folders_and_names()
    {
        Assert.Equal(["it1/", "it10/", "lone"], _store.CallFolders("", "", 10));
        Assert.Equal(["judge/", "respond/"], _store.CallFolders("it1/", "", 10));
        Assert.Equal(["p0/", "p10/", "p2/"], _store.CallFolders("it1/respond/", "", 10));
        Assert.Equal(["p10/"], _store.CallFolders("it1/respond/", "p0/", 1));
        Assert.Equal(["k0", "k1"], _store.CallFolders("it1/respond/p0/", "", 10));
        Assert.Empty(_store.CallFolders("none/", "", 10));
    }

    [Fact]
    public void Items_and_calls_are_counted_on_from_an_earlier_look()
    {
        StoreMark mark = _store.Mark();
        Assert.Equal((7, 0), (mark.Calls, mark.Items));
        Assert.Equal(7, CallRoles.Between(_store, 0, mark.Calls).Sum(role => role.Calls));
        _store.Keep("it1/respond/p3/k0", 1, new Answer("x", 1, 2, "stop"));
        _store.KeepItem("play-1", 0, new ItemFailure("first", "x"));
        _store.KeepItem("other-1", 0, new ItemFailure("second", "x"));
        _store.KeepItem("play-1", 0, new ItemFailure("again", "x"));
        _store.Flush();
        Assert.Equal([new RoleCalls("actor", 1, 1, 2)], CallRoles.Between(_store, mark.Calls, _store.Mark().Calls));
        (IReadOnlyList<(string Stage, int Item, ItemFailure Record)> items, long upTo) = _store.ItemsSince<ItemFailure>("play-", 0, 10);
        Assert.Equal([("play-1", 0, "again")], items.Select(entry => (entry.Stage, entry.Item, entry.Record.Item)));
        Assert.Equal(upTo, _store.Mark().Items);
        Assert.Empty(_store.ItemsSince<ItemFailure>("play-", upTo, 10).Items);
        Assert.Equal("again", _store.FindItem<ItemFailure>("play-1", 0)!.Item);
        Assert.Null(_store.FindItem<ItemFailure>("play-1", 1));
        Assert.Equal(1, _store.CountItems("play-1"));
    }

    [Theory]
    [InlineData("it1/respond/p0/k0", "actor")]
    [InlineData("it1/tree/p0/n1/judge/v0", "judge")]
    [InlineData("it1/tree/p0/n1/refine/try0", "refiner")]
    [InlineData("eval/base/p0/judge/v0", "evaluation")]
    [InlineData("it1/write/p0", "other")]
    public void A_key_tells_the_part(string key, string role) => Assert.Equal(role, CallRoles.Of(key));
}
