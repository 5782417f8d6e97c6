using Microsoft.Data.Sqlite;

namespace Spar.Store;

/// <summary>
/// Writes rows in the order in which they were handed over, many to a transaction: at the latest 50 ms after the first,
/// or when 512 wait. So a row is in the file only if every earlier one is, and callers never wait for the disk unless
/// it falls far behind.
/// </summary>
internal sealed class GroupCommitWriter : IDisposable
{
    private const int BatchRows = 512;
    private const int MostWaiting = 100_000;
    private static readonly TimeSpan s_batchTime = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private readonly ManualResetEventSlim _caughtUp = new(true);
    private readonly Func<Exception, SparException> _explain;
    private readonly SqliteConnection _connection;
    private readonly Action<SqliteConnection>? _beforeCommit;
    private readonly Thread _thread;
    private List<Action<SqliteConnection>> _waiting = [];
    private SparException? _fault;
    private bool _closing;

    /// <summary>Starts the writing thread.</summary>
    /// <param name="connection">An open connection that nobody else uses from now on; not disposed here.</param>
    /// <param name="explain">Words for a fault.</param>
    /// <param name="beforeCommit">Runs at the end of every transaction.</param>
    public GroupCommitWriter(
        SqliteConnection connection, Func<Exception, SparException> explain, Action<SqliteConnection>? beforeCommit)
    {
        (_connection, _explain, _beforeCommit) = (connection, explain, beforeCommit);
        _thread = new Thread(Run) { IsBackground = true, Name = "run store writer" };
        _thread.Start();
    }

    /// <summary>Hands over one row.</summary>
    /// <exception cref="SparException">An earlier write failed.</exception>
    public void Write(Action<SqliteConnection> row)
    {
        bool behind;
        lock (_gate)
        {
            ThrowIfFaulted();
            _waiting.Add(row);
            _caughtUp.Reset();
            behind = _waiting.Count >= MostWaiting;
            if (_waiting.Count == BatchRows)
            {
                _wake.Set();
            }
        }

        if (behind)
        {
            Flush();
        }
    }

    /// <summary>Returns when everything handed over so far is committed.</summary>
    /// <exception cref="SparException">A write failed.</exception>
    public void Flush()
    {
        _wake.Set();
        _caughtUp.Wait();
        lock (_gate)
        {
            ThrowIfFaulted();
        }
    }

    /// <summary>
    /// Commits what waits and ends the thread. A fault is not thrown here: it was, or will be, at the next write.
    /// </summary>
    public void Dispose() => Close();

    /// <summary>Ends the thread and drops what waits, as the end of the process would.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _waiting.Clear();
        }

        Close();
    }

    private void Close()
    {
        lock (_gate)
        {
            if (_closing)
            {
                return;
            }

            _closing = true;
        }

        _wake.Set();
        _thread.Join();
        _wake.Dispose();
        _caughtUp.Dispose();
    }

    private void ThrowIfFaulted()
    {
        if (_fault is not null)
        {
            throw new SparException(_fault.Message, _fault);
        }
    }

    private void Run()
    {
        List<Action<SqliteConnection>> batch = [];
        while (true)
        {
            _wake.WaitOne(s_batchTime);
            bool closing;
            lock (_gate)
            {
                closing = _closing;
                (batch, _waiting) = (_waiting, batch);
            }

            try
            {
                Commit(batch);
            }
            catch (Exception fault)
            {
                // Whatever ends this thread is told to the next caller.
                lock (_gate)
                {
                    _fault = _explain(fault);
                    _waiting.Clear();
                }
            }

            batch.Clear();
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _caughtUp.Set();
                    if (closing)
                    {
                        return;
                    }
                }
            }

            if (_fault is not null)
            {
                return;
            }
        }
    }

    private void Commit(List<Action<SqliteConnection>> batch)
    {
        if (batch.Count == 0)
        {
            return;
        }

        using SqliteTransaction transaction = _connection.BeginTransaction();
        foreach (Action<SqliteConnection> row in batch)
        {
            row(_connection);
        }

        _beforeCommit?.Invoke(_connection);
        transaction.Commit();
    }
}
