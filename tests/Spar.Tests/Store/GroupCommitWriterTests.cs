using Microsoft.Data.Sqlite;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Store;

public sealed class GroupCommitWriterTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly SqliteConnection _connection;
    private int _transactions;

    public GroupCommitWriterTests()
    {
        _connection = new SqliteConnection($"Data Source={_directory.File("rows.db")};Pooling=False");
        _connection.Open();
        Execute("CREATE TABLE rows (place INTEGER PRIMARY KEY AUTOINCREMENT, value INTEGER NOT NULL UNIQUE)");
    }

    public void Dispose()
    {
        _connection.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Rows_are_committed_in_the_order_in_which_they_came_many_to_a_transaction()
    {
        using GroupCommitWriter writer = Start();
        for (int value = 0; value < 2000; value++)
        {
            writer.Write(Insert(value));
        }

        writer.Flush();
        Assert.Equal(Enumerable.Range(0, 2000), Rows());
        Assert.InRange(_transactions, 1, 1000);
    }

    [Fact]
    public void Rows_of_many_threads_are_all_there()
    {
        using GroupCommitWriter writer = Start();
        Parallel.For(0, 1000, value => writer.Write(Insert(value)));
        writer.Flush();
        Assert.Equal(Enumerable.Range(0, 1000), Rows().Order());
    }

    [Fact]
    public void What_waits_is_committed_at_the_end()
    {
        using (GroupCommitWriter writer = Start())
        {
            writer.Write(Insert(1));
        }

        Assert.Equal([1], Rows());
    }

    [Fact]
    public void A_fault_is_told_to_whoever_writes_next_and_earlier_rows_stay()
    {
        using GroupCommitWriter writer = Start();
        writer.Write(Insert(1));
        writer.Flush();

        // The second 1 breaks the table's rule; its whole transaction is undone.
        writer.Write(Insert(2));
        writer.Write(Insert(1));
        SparException fault = Assert.Throws<SparException>(writer.Flush);
        Assert.StartsWith("cannot write: ", fault.Message, StringComparison.Ordinal);
        Assert.Equal(fault.Message, Assert.Throws<SparException>(() => writer.Write(Insert(3))).Message);
        Assert.Equal(1, Rows()[0]);
        Assert.DoesNotContain(3, Rows());
    }

    [Fact]
    public void An_abandoned_writer_keeps_what_was_flushed()
    {
        using GroupCommitWriter writer = Start();
        writer.Write(Insert(1));
        writer.Flush();
        writer.Abandon();
        Assert.Equal([1], Rows());
    }

    private static Action<SqliteConnection> Insert(int value) =>
        connection =>
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "INSERT INTO rows (value) VALUES ($value)";
            command.Parameters.AddWithValue("$value", value);
            command.ExecuteNonQuery();
        };

    private GroupCommitWriter Start() =>
        new(_connection, fault => new SparException($"cannot write: {fault.Message}", fault), _ => _transactions++);

    private void Execute(string sql)
    {
        using SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    // Read by a connection of its own, as the next session would.
    private List<int> Rows()
    {
        using SqliteConnection connection = new(
            $"Data Source={_directory.File("rows.db")};Pooling=False;Mode=ReadOnly"
        );
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM rows ORDER BY place";
        using SqliteDataReader reader = command.ExecuteReader();
        List<int> rows = [];
        while (reader.Read())
        {
            rows.Add(reader.GetInt32(0));
        }

        return rows;
    }
}
