using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Spar.Calls;
using Spar.Exports;
using Spar.Ground;
using Spar.Runs;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Store;

/// <summary>Stores that other versions of the program wrote, and disks that are full.</summary>
public sealed class StoreVersionTests : IDisposable
{
    // What the first version made.
    private const string First = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE calls (
            key TEXT PRIMARY KEY, prompt_hash INTEGER NOT NULL, text TEXT NOT NULL,
            input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, finish TEXT);
        CREATE TABLE products (stage TEXT PRIMARY KEY, json TEXT NOT NULL);
        CREATE TABLE items (stage TEXT NOT NULL, item INTEGER NOT NULL, json TEXT NOT NULL, PRIMARY KEY (stage, item));
        CREATE TABLE stage_log (
            id INTEGER PRIMARY KEY, stage TEXT NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL,
            calls INTEGER NOT NULL, output_tokens INTEGER NOT NULL);
        CREATE TABLE sessions (id INTEGER PRIMARY KEY, started TEXT NOT NULL, seconds REAL NOT NULL);
        INSERT INTO meta VALUES ('schema', '1');
        INSERT INTO meta VALUES ('identity', '{"seed":"1","promptSet":"compact","search.branch":"3"}');
        INSERT INTO calls VALUES ('it1/respond/p0/k0', 7, 'a word', 3, 2, 'stop');
        """;

    private static readonly RunIdentity s_identity = new(
        new Dictionary<string, string> { ["seed"] = "1", ["prompt_set"] = "compact", ["search.branch"] = "3" });

    private readonly TempDirectory _directory = new();

    private string File(string name) => Path.Combine(_directory.Path, name);

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("ALTER TABLE calls ADD COLUMN probability REAL")]
    [InlineData("ALTER TABLE calls ADD COLUMN probability REAL; ALTER TABLE calls ADD COLUMN log_likelihoods TEXT")]
    public void A_store_of_an_older_version_is_read_as_it_is_and_brought_to_this_one_with_a_copy(string shape)
    {
        Make(First + shape);
        byte[] before = System.IO.File.ReadAllBytes(File("run.db"));
        using (RunStore reading = RunStore.OpenForReading(_directory.Path))
        {
            Assert.Equal("compact", reading.Identity.Values["prompt_set"]);
            Assert.Equal([("it1/respond/p0/k0", null)], reading.CheckCalls());
        }

        Assert.Equal(before, System.IO.File.ReadAllBytes(File("run.db")));

        // What an attempt that was killed left behind does not matter.
        System.IO.File.WriteAllText(File("run.db.schema-1.partial"), "half a copy");
        using (RunStore store = RunStore.Open(_directory.Path, s_identity))
        {
            Assert.Equal(1, store.MigratedFrom);
            Assert.Equal(new Answer("a word", 3, 2, "stop"), store.Find("it1/respond/p0/k0", 7));
            store.Keep("k", 1, new Answer("x", 1, 1, null, 0.5, [1, 2]));
        }

        using (RunStore again = RunStore.Open(_directory.Path, s_identity))
        {
            Assert.Null(again.MigratedFrom);
            Assert.Equal(0.5, again.Find("k", 1)!.Probability);
            Assert.Equal(["3"], again.Dump("SELECT value FROM meta WHERE key = 'schema'"));
        }

        string copy = Directory.CreateDirectory(File("copy")).FullName;
        System.IO.File.Copy(File("run.db.schema-1"), Path.Combine(copy, "run.db"));
        Assert.False(System.IO.File.Exists(File("run.db.schema-1.partial")));
        using RunStore kept = RunStore.OpenForReading(copy);
        Assert.Equal(["1"], kept.Dump("SELECT value FROM meta WHERE key = 'schema'"));
        Assert.Equal(["a word"], kept.Dump("SELECT text FROM calls"));
    }

    [Fact]
    public async Task A_run_that_an_older_version_began_goes_on_to_the_same_bytes()
    {
        await TestRuns.RunAsync(File("run"), TestRuns.Small, new FakeWorld());
        string whole = TestRuns.Dump(File("run"));
        Change(File("run"), """
            ALTER TABLE calls DROP COLUMN log_likelihoods; ALTER TABLE calls DROP COLUMN probability;
            UPDATE meta SET value = '1' WHERE key = 'schema';
            DELETE FROM products WHERE stage IN ('data-2', 'actor-2', 'refiner-2', 'evaluation-iteration-2');
            """);
        Assert.Empty((await RunCheck.OfAsync(File("run"), TestContext.Current.CancellationToken)).Faults);
        await TestRuns.RunAsync(File("run"), TestRuns.Small, new FakeWorld());
        Assert.Equal(whole, TestRuns.Dump(File("run")));
        using RunStore store = RunStore.OpenForReading(File("run"));
        Assert.Contains(RunPruning.Find(store), one => one.Path == "run.db.schema-1");
    }

    [Theory]
    [InlineData(TrainingMethod.Spar)]
    [InlineData(TrainingMethod.Self)]
    public async Task Data_that_has_its_rows_in_the_product_is_exported_taken_over_and_gone_on_from(TrainingMethod method)
    {
        Recipe recipe = TestRuns.Small with { Method = method, IterativeTraining = method != TrainingMethod.Spar };
        await TestRuns.RunAsync(File("run"), recipe, new FakeWorld());
        string[] now = Export("run");
        Change(File("run"), "DELETE FROM items WHERE stage LIKE 'data-%'; UPDATE meta SET value = '2' WHERE key = 'schema'");
        // As the second version wrote them.
        await TestRuns.RunAsync(File("fresh"), recipe, new FakeWorld());
        using (RunStore fresh = RunStore.OpenForReading(File("fresh")))
        {
            foreach (int iteration in (int[])[1, 2])
            {
                DataProduct data = DataProduct.Find(fresh, iteration)!;
                string json = JsonSerializer.Serialize(data, JsonSettings.Compact).Replace("'", "''", StringComparison.Ordinal);
                Change(File("run"), $"UPDATE products SET json = '{json}' WHERE stage = 'data-{iteration}'");
            }
        }

        Assert.Equal(now, Export("run"));
        Assert.Empty((await RunCheck.OfAsync(File("run"), TestContext.Current.CancellationToken)).Faults);

        // The last training once more, out of old rows.
        Change(File("run"), "DELETE FROM products WHERE stage IN ('actor-2', 'refiner-2', 'evaluation-iteration-2')");
        await TestRuns.RunAsync(File("run"), recipe, new FakeWorld());
        Assert.Equal(now, Export("run"));
        Assert.Equal(Checkpoints("fresh"), Checkpoints("run"));

        string[] Export(string run)
        {
            using RunStore store = RunStore.OpenForReading(File(run));
            return [.. RunExport.Write(store, ExportFormat.Trl, File("export")).Select(file => System.IO.File.ReadAllText(file.Path))];
        }

        string Checkpoints(string run) => string.Join('\n', TestRuns.Dump(File(run)).Split('\n').Where(line => line.StartsWith("checkpoints", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("4")]
    [InlineData("next")]
    public void A_store_of_a_later_version_is_refused_and_left_alone(string version)
    {
        Make(First + $"UPDATE meta SET value = '{version}' WHERE key = 'schema'");
        foreach (Action open in (Action[])
            [() => RunStore.Open(_directory.Path, s_identity).Dispose(), () => RunStore.OpenForReading(_directory.Path).Dispose()])
        {
            SparException fault = Assert.Throws<SparException>(open);
            Assert.Contains($"later version of the program (run.db has schema {version}", fault.Message, StringComparison.Ordinal);
            Assert.Contains("Use that version", fault.Message, StringComparison.Ordinal);
        }

        Assert.Empty(Directory.GetFiles(_directory.Path, "run.db.schema-*"));
    }

    [Fact]
    public async Task A_run_whose_disk_is_full_says_so_and_goes_on_to_the_same_bytes_when_it_is_not()
    {
        await TestRuns.RunAsync(File("whole"), TestRuns.Small, new FakeWorld());
        int whole = (int)(new FileInfo(Path.Combine(File("whole"), "run.db")).Length / 4096);
        foreach (int pages in (int[])[whole / 5, whole / 3, whole / 2, whole * 3 / 4])
        {
            string run = File($"full-{pages}");
            SparException fault = await Assert.ThrowsAsync<SparException>(() => TestRuns.RunAsync(
                run, TestRuns.Small, new FakeWorld(), opened: store => store.LimitPages(pages)));
            Assert.Contains("the disk is full. Free some space and run the same command again", fault.Message, StringComparison.Ordinal);
            Assert.Contains(run, fault.Message, StringComparison.Ordinal);
            Assert.Empty((await RunCheck.OfAsync(run, TestContext.Current.CancellationToken)).Faults);
            await TestRuns.RunAsync(run, TestRuns.Small, new FakeWorld());
            Assert.Equal(TestRuns.Dump(File("whole")), TestRuns.Dump(run));
        }
    }

    private void Make(string sql) => Change(_directory.Path, sql);

    private static void Change(string directory, string sql)
    {
        using SqliteConnection connection = new($"Data Source={Path.Combine(directory, "run.db")};Pooling=False");
        connection.Open();
        connection.Execute(sql);
    }
}
