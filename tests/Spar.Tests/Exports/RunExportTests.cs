using System.Text.Json;
using Spar.Exports;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Exports;

public sealed class RunExportTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Llama_factory_gets_lists_of_messages_and_their_index()
    {
        using RunStore store = await RunAsync();
        string[] files = [
            .. RunExport.Write(store, ExportFormat.LlamaFactory, _directory.File("out"))
                .Select(file => Path.GetFileName(file.Path))
                .Where(file => file.EndsWith(".json", StringComparison.Ordinal))];
        Assert.Equal(
            ["actor-0.json", "refiner-0.json", "actor-1.json", "refiner-1.json", "actor-2.json", "refiner-2.json",
                "statistics.json", "dataset_info.json"], files);

        JsonElement info = Read("dataset_info.json");
        Assert.Equal(6, info.EnumerateObject().Count());
        foreach (JsonProperty set in info.EnumerateObject())
        {
            bool preference = set.Name is "actor-1" or "actor-2";
            Assert.Equal("sharegpt", set.Value.GetProperty("formatting").GetString());
            Assert.Equal("role", set.Value.GetProperty("tags").GetProperty("role_tag").GetString());
            Assert.Equal(preference, set.Value.TryGetProperty("ranking", out _));
            Assert.Equal(preference, set.Value.GetProperty("columns").TryGetProperty("chosen", out _));
            foreach (JsonElement row in Read(set.Value.GetProperty("file_name").GetString()!).EnumerateArray())
            {
                JsonElement messages = row.GetProperty("messages");
                Assert.Equal("user", messages[0].GetProperty("role").GetString());
                Assert.Equal(preference ? 1 : 2, messages.GetArrayLength());
                JsonElement answer = preference ? row.GetProperty("chosen") : messages[1];
                Assert.Equal("assistant", answer.GetProperty("role").GetString());
                Assert.Equal(preference, row.TryGetProperty("rejected", out _));
            }
        }

        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.Equal(
            data.Pairs.Select(pair => (pair.Prompt, pair.Chosen, pair.Rejected)),
            Read("actor-1.json").EnumerateArray().Select(row => (
                row.GetProperty("messages")[0].GetProperty("content").GetString()!,
                row.GetProperty("chosen").GetProperty("content").GetString()!,
                row.GetProperty("rejected").GetProperty("content").GetString()!)));
    }

    [Theory]
    [InlineData(ExportFormat.Trl, JsonValueKind.Array)]
    [InlineData(ExportFormat.TrlText, JsonValueKind.String)]
    public async Task Trl_gets_one_row_a_line(ExportFormat format, JsonValueKind kind)
    {
        using RunStore store = await RunAsync();
        ExportedFile[] files =
        [
            .. RunExport.Write(store, format, _directory.File("out"))
                .Where(file => Path.GetFileName(file.Path).Count(letter => letter == '.') == 1
                    && file.Path.EndsWith(".jsonl", StringComparison.Ordinal)),
        ];
        Assert.Equal(6, files.Length);
        foreach (ExportedFile file in files)
        {
            string[] lines = File.ReadAllLines(file.Path);
            Assert.Equal(file.Rows, lines.Length);
            bool preference = Path.GetFileName(file.Path) is "actor-1.jsonl" or "actor-2.jsonl";
            foreach (JsonElement row in lines.Select(line => JsonDocument.Parse(line).RootElement))
            {
                Assert.Equal(
                    preference ? ["prompt", "chosen", "rejected"] : ["prompt", "completion"],
                    row.EnumerateObject().Select(column => column.Name));
                Assert.All(row.EnumerateObject(), column => Assert.Equal(kind, column.Value.ValueKind));
            }
        }
    }

    [Fact]
    public async Task Beside_the_rows_stands_where_each_comes_from()
    {
        using RunStore store = await RunAsync();
        RunExport.Write(store, ExportFormat.LlamaFactory, _directory.File("out"));
        DataProduct data = DataProduct.Find(store, 1)!;
        Assert.Equal(data.Pairs.Select(pair => (pair.PromptId, "pair")), Origins("actor-1"));
        Assert.Equal(data.RefinerRows.Select(row => (row.PromptId, row.Kind)), Origins("refiner-1"));

        IEnumerable<(string, string)> Origins(string name) =>
            File.ReadLines(_directory.File("out", $"{name}.rows.jsonl"))
                .Select(line => JsonDocument.Parse(line).RootElement)
                .Select(row => (row.GetProperty("prompt_id").GetString()!, row.GetProperty("kind").GetString()!));
    }

    [Fact]
    public async Task The_recipes_settings_come_in_the_trainers_words()
    {
        using RunStore store = await RunAsync();
        RunExport.Write(store, ExportFormat.LlamaFactory, _directory.File("out"));
        string[] yaml = File.ReadAllLines(_directory.File("out", "actor-2.yaml"));
        Assert.Contains("model_name_or_path: saves/actor-1", yaml);
        Assert.Contains("stage: dpo", yaml);
        Assert.Contains("dataset: actor-2", yaml);
        Assert.Contains("pref_beta: 0.1", yaml);
        Assert.Contains("pref_ftx: 0.1", yaml);
        Assert.Contains("learning_rate: 2.0e-07", yaml);
        Assert.Contains("lr_scheduler_type: linear", yaml);
        yaml = File.ReadAllLines(_directory.File("out", "actor-0.yaml"));
        Assert.Contains("model_name_or_path: base", yaml);
        Assert.Contains("stage: sft", yaml);
        Assert.Contains("learning_rate: 0.1", yaml);
        Assert.Contains("lr_scheduler_type: constant_with_warmup", yaml);
        Assert.DoesNotContain(yaml, line => line.StartsWith("pref_", StringComparison.Ordinal));

        RunExport.Write(store, ExportFormat.Trl, _directory.File("out"));
        string[] arguments = File.ReadAllLines(_directory.File("out", "actor-1.args"));
        Assert.Contains("--beta 0.1", arguments);
        Assert.Contains("--loss_weights 1.0 0.1", arguments);
        Assert.Contains("--max_length 2048", arguments);

        // TRL loads a folder; which of its files, the card says.
        Assert.Contains("--dataset_name .", arguments);
        Assert.Contains("--dataset_config actor-1", arguments);
        Assert.Contains("- config_name: actor-1\n  data_files: actor-1.jsonl\n", File.ReadAllText(_directory.File("out", "README.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExportFormat.LlamaFactory)]
    [InlineData(ExportFormat.Trl)]
    public async Task Statistics_and_card_tell_of_every_data_set(ExportFormat format)
    {
        using RunStore store = await RunAsync();
        Dictionary<string, int> rows = RunExport.Write(store, format, _directory.File("out"))
            .Where(file => file.Rows > 0 && !file.Path.EndsWith(".rows.jsonl", StringComparison.Ordinal))
            .ToDictionary(file => Path.GetFileName(file.Path), file => file.Rows);
        JsonElement statistics = Read("statistics.json");
        Assert.Equal(rows.Keys.Order(), statistics.EnumerateObject().Select(set => set.Name).Order());
        foreach (JsonProperty set in statistics.EnumerateObject())
        {
            Assert.Equal(rows[set.Name], set.Value.GetProperty("rows").GetInt32());
            Assert.Equal(
                rows[set.Name], set.Value.GetProperty("kinds").EnumerateObject().Sum(kind => kind.Value.GetInt32()));
            JsonElement words = set.Value.GetProperty("promptWords");
            Assert.InRange(
                words.GetProperty("median").GetInt32(),
                words.GetProperty("least").GetInt32(),
                words.GetProperty("most").GetInt32());
        }

        string[] card = File.ReadAllLines(_directory.File("out", "README.md"));
        Assert.Equal("---", card[0]);
        string[] front = [.. card.Skip(1).TakeWhile(line => line != "---")];
        Assert.Equal(
            rows.Keys.Order(),
            front.Where(line => line.StartsWith("  data_files: ", StringComparison.Ordinal))
                .Select(line => line["  data_files: ".Length..]).Order());
        Assert.All(rows, set => Assert.Contains(
            card, line => line.StartsWith($"| {set.Key} |", StringComparison.Ordinal)
                && line.Contains($"| {set.Value} |", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pairs_of_a_cut_off_response_are_left_out_and_counted_once(bool external)
    {
        using RunStore store = RunStore.Open(_directory.File("run"), TestRuns.IdentityOf(TestRuns.Small));
        StageTiming timing = new("data-1", "2026-01-01T00:00:00Z", 1, 0, 0);
        KeptData data = new(StageStatistics.None)
        {
            Pairs =
            [
                new PreferencePair("a", "say a", "a", "b"),
                new PreferencePair("b", "say b", "b.", "b and b") { RejectedCutOff = true },
            ],
            RefinerRows = [],
        };
        store.KeepProduct("data-1", data, timing);
        if (external)
        {
            Counts counts = new();
            counts.Add($"rows left out: {TrainerRows.RejectedCutOff}", 1);
            store.KeepProduct(
                "actor-1", new TrainedProduct(counts.ToStatistics(), "base", null, null, []),
                timing with { Stage = "actor-1" });
        }

        store.Flush();
        ExportedFile[] files = [.. RunExport.Write(store, ExportFormat.Trl, _directory.File("out"))];
        Assert.Equal(1, files.Single(file => file.Path.EndsWith("actor-1.jsonl", StringComparison.Ordinal)).Rows);
        Assert.Equal(1, files.Single(file => file.Path.EndsWith("actor-1.rows.jsonl", StringComparison.Ordinal)).Rows);
        JsonElement leftOut = Read("statistics.json").GetProperty("actor-1.jsonl").GetProperty("leftOut");
        JsonProperty reason = Assert.Single(leftOut.EnumerateObject());
        Assert.Equal(("rows left out: rejected response cut off", 1), (reason.Name, reason.Value.GetInt32()));
    }

    [Fact]
    public async Task A_checkpoint_has_a_card_that_is_no_part_of_its_digest_and_says_where_nothing_lies()
    {
        using RunStore store = await RunAsync();
        string folder = _directory.File("run", "checkpoints", "actor-2");
        string card = File.ReadAllText(Path.Combine(folder, "README.md"));
        TrainedProduct product = store.FindProduct<TrainedProduct>("actor-2")!;
        DataProduct data = DataProduct.Find(store, 2)!;
        Assert.Contains(product.Digest!, card, StringComparison.Ordinal);
        Assert.Contains($"- rows: {data.Pairs.Count}\n", card, StringComparison.Ordinal);
        Assert.Contains("| dpo.beta | 0.1 |", card, StringComparison.Ordinal);
        Assert.Contains("| held-out prompts fully satisfied | ", card, StringComparison.Ordinal);
        Assert.Equal("models/mine", RunIdentity.PublicNameOf("/home/someone/models/mine sha256:12"));
        File.AppendAllText(Path.Combine(folder, "README.md"), "more");
        Assert.Equal(product.Digest, await CheckpointDigest.OfAsync(folder, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_run_without_data_is_refused()
    {
        using RunStore store = RunStore.Open(_directory.Path, TestRuns.IdentityOf(TestRuns.Small));
        SparException fault = Assert.Throws<SparException>(
            () => RunExport.Write(store, ExportFormat.Trl, _directory.File("out")));
        Assert.Contains("no training data yet", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_pairs_all_reject_cut_off_responses_says_so()
    {
        using RunStore store = RunStore.Open(_directory.File("run"), TestRuns.IdentityOf(TestRuns.Small));
        KeptData data = new(StageStatistics.None)
        {
            Pairs = [new PreferencePair("b", "say b", "b.", "b and b") { RejectedCutOff = true }],
            RefinerRows = [],
        };
        store.KeepProduct("data-1", data, new StageTiming("data-1", "2026-01-01T00:00:00Z", 1, 0, 0));
        store.Flush();
        SparException fault = Assert.Throws<SparException>(
            () => RunExport.Write(store, ExportFormat.Trl, _directory.File("out")));
        Assert.Contains(
            "each of the 1 preference pairs of its first iteration", fault.Message, StringComparison.Ordinal);
    }

    private async Task<RunStore> RunAsync()
    {
        await TestRuns.RunAsync(_directory.File("run"), TestRuns.Small, new FakeWorld());
        return RunStore.OpenForReading(_directory.File("run"));
    }

    private JsonElement Read(string file) =>
        JsonDocument.Parse(File.ReadAllText(_directory.File("out", file))).RootElement;
}
