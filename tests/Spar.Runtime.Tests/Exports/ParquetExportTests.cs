using Parquet;
using Parquet.Serialization;
using Spar.Calls;
using Spar.Exports;
using Spar.Judging;
using Spar.Runtime.Exports;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Tests.Exports;

/// <summary>A run as Parquet files, read back and held against its store.</summary>
public sealed class ParquetExportTests : IDisposable
{
    private static readonly StageTiming s_timing = new("data-1", "2026-01-01T00:00:00Z", 1, 0, 0);

    private readonly string _directory = Directory.CreateTempSubdirectory("spar-parquet-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Every_call_is_a_row_and_says_what_it_was_made_for()
    {
        using RunStore store = Open();
        Assert.Contains(
            "no answered call yet", Assert.Throws<SparException>(() => Export(store)).Message, StringComparison.Ordinal);
        store.Keep("it2/judge/p7/abc/v0", 1, new Answer("yes", 5, 2, "stop", 0.75));
        store.Keep("it2/respond/p7/k0", 2, new Answer("a line\nand another \ud83d\ude00", 3, 4, "length"));
        store.Keep("eval/sft/p1/respond/k0", 3, new Answer("", 0, 0));
        store.Flush();
        IReadOnlyList<Dictionary<string, object?>> rows = await ReadAsync(Export(store)[0], 3);
        IReadOnlyList<KeptCall> calls = store.Calls("", "", 10);
        Assert.Equal(calls.Select(call => call.Key), Column(rows, "key"));
        Assert.Equal(calls.Select(call => call.Text), Column(rows, "text"));
        Assert.Equal(calls.Select(call => (object)call.InputTokens), Column(rows, "input_tokens"));
        Assert.Equal(calls.Select(call => (object)call.OutputTokens), Column(rows, "output_tokens"));
        Assert.Equal(calls.Select(call => call.Finish), Column(rows, "finish"));
        Assert.Equal(calls.Select(call => (object?)call.Probability), Column(rows, "probability"));
        Assert.Equal(["evaluation", "judge", "actor"], Column(rows, "role"));
        Assert.Equal(["evaluation-sft", "play-2", "play-2"], Column(rows, "stage"));
        Assert.Equal([null, 2, 2], Column(rows, "iteration"));
        Assert.Equal([null, 7, 7], Column(rows, "item"));
    }

    [Fact]
    public async Task Every_node_and_every_pair_is_a_row()
    {
        using RunStore store = Open();
        store.Keep("it1/respond/p0/k0", 2, new Answer("bad", 3, 4));
        SearchNode[] nodes =
        [
            new(0, null, 0, "bad", null, new Valuation(1, 4, "no cat", ["no verdict"])),
            new(1, 0, 1, "worse", "mend\nrefined: worse", new Valuation(0, 0, null) { Probability = 0.125 }),
            new(3, 1, 2, "good", "mend\nrefined: good", new Valuation(5, 0, "all there") { Verified = true }),
            new(4, 1, 2, "good", "again\nrefined: good", null, SameAs: 3),
        ];
        ChatTurn[] context = [new("system", "be \"brief\"")];
        PlayRecord found = new("id-0", "a cat", [], 0, new SearchTree(SearchOutcome.Success, 3, nodes, 9, [])) { Context = context };
        PlayRecord lost = new("id-1", "a dog", [], 0, new SearchTree(SearchOutcome.OverBudget, null, [nodes[0]], 9, []));
        store.KeepItem("play-1", 0, found);
        store.KeepItem("play-1", 1, lost);
        store.KeepItem("play-1", 2, new PlayRecord("id-2", "a fox", [], null, null));
        PreferencePair pair = new("id-0", "a cat", "good", "bad") { Context = context };
        PreferencePair endless = new("id-1", "a dog", "it ends", "on and on") { RejectedCutOff = true };
        store.KeepProduct(
            "data-1", new KeptData(StageStatistics.None) { Pairs = [pair, endless], RefinerRows = [] }, s_timing);
        store.Flush();
        IReadOnlyList<ExportedFile> files = Export(store);
        IReadOnlyList<Dictionary<string, object?>> rows = await ReadAsync(files[1], 5);
        SearchNode[] all = [.. nodes, nodes[0]];
        Assert.Equal(["id-0", "id-0", "id-0", "id-0", "id-1"], Column(rows, "prompt_id"));
        Assert.Equal(["a cat", "a cat", "a cat", "a cat", "a dog"], Column(rows, "prompt"));
        Assert.Equal("""[{"role":"system","content":"be \"brief\""}]""", rows[0].GetValueOrDefault("context"));
        Assert.Null(rows[4].GetValueOrDefault("context"));
        Assert.Equal(["success", "success", "success", "success", "over_budget"], Column(rows, "outcome"));
        Assert.Equal([1, 1, 1, 1, 1], Column(rows, "iteration"));
        Assert.Equal([0, 0, 0, 0, 1], Column(rows, "item"));
        Assert.Equal(all.Select(node => (object)node.Id), Column(rows, "node"));
        Assert.Equal(all.Select(node => (object?)node.Parent), Column(rows, "parent"));
        Assert.Equal(all.Select(node => (object)node.Depth), Column(rows, "depth"));
        Assert.Equal(all.Select(node => node.Response), Column(rows, "response"));
        Assert.Equal(all.Select(node => node.Refinement), Column(rows, "refinement"));
        Assert.Equal([0.2, 0.125, 1.0, null, 0.2], Column(rows, "value"));
        Assert.Equal(all.Select(node => (object?)node.Valuation?.Yes), Column(rows, "yes"));
        Assert.Equal(all.Select(node => (object?)node.Valuation?.No), Column(rows, "no"));
        Assert.Equal([1, 0, 0, null, 1], Column(rows, "unparsed"));
        Assert.Equal([null, 0.125, null, null, null], Column(rows, "probability"));
        Assert.Equal([null, null, true, null, null], Column(rows, "verified"));
        Assert.Equal(all.Select(node => node.Valuation?.Critique), Column(rows, "critique"));
        Assert.Equal(all.Select(node => (object?)node.SameAs), Column(rows, "same_as"));
        Assert.Equal([true, true, true, false, false], Column(rows, "on_path"));
        IReadOnlyList<Dictionary<string, object?>> pairs = await ReadAsync(files[2], 2);
        Assert.Equal(
            [1, "id-0", "a cat", rows[0].GetValueOrDefault("context"), "good", "bad", false], pairs[0].Values);
        Assert.Equal([1, "id-1", "a dog", "it ends", "on and on", true], pairs[1].Values);
    }

    [Fact]
    public async Task Many_rows_and_long_texts_are_cut_into_row_groups_and_the_same_rows_give_the_same_bytes()
    {
        ParquetTable<int> table = new(
            ParquetColumn<int>.Of("number", i => i), ParquetColumn<int>.Text("text", i => i < 5 ? new string('a', i) : null, nullable: true))
        {
            MostRows = 4,
            MostCharacters = 3,
        };
        string path = Path.Combine(_directory, "rows.parquet");

        // 0, 1 and 2 have three characters; so have 3 alone and 4 alone; then four rows have none.
        int[] numbers = [.. Enumerable.Range(0, 10)];
        IReadOnlyList<Dictionary<string, object?>> rows =
            await ReadAsync(new ExportedFile(path, table.Write(path, numbers)), 10, groups: 5);
        Assert.Equal(numbers.Cast<object>(), Column(rows, "number"));
        Assert.Equal(["", "a", "aa", "aaa", "aaaa", null, null, null, null, null], Column(rows, "text"));
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        table.Write(path, numbers);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
    }

    private static IEnumerable<object?> Column(IEnumerable<Dictionary<string, object?>> rows, string name) =>
        rows.Select(row => row.GetValueOrDefault(name));

    private RunStore Open() => RunStore.Open(
        Path.Combine(_directory, "run"), new RunIdentity(new Dictionary<string, string> { ["seed"] = "1" }));

    private IReadOnlyList<ExportedFile> Export(RunStore store) =>
        ParquetExport.Write(store, Path.Combine(_directory, "tables"));

    private static async Task<IReadOnlyList<Dictionary<string, object?>>> ReadAsync(
        ExportedFile file, int rows, int groups = 1)
    {
        Assert.Equal(rows, file.Rows);
        await using FileStream stream = File.OpenRead(file.Path);
        List<Dictionary<string, object?>> read = [];
        for (int group = 0; group < groups; group++)
        {
            read.AddRange((await ParquetSerializer.DeserializeUntypedAsync(
                stream, null, group, TestContext.Current.CancellationToken)).Data!);
        }

        await using ParquetReader reader =
            await ParquetReader.CreateAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(groups, reader.RowGroupCount);

        Assert.Equal(rows, read.Count);
        return read;
    }
}
