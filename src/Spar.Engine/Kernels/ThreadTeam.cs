using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Spar.Engine.Kernels;

/// <summary>One body of a parallel loop; a struct, so that a loop allocates nothing.</summary>
internal interface IParallelBody
{
    /// <summary>Does one item of the loop.</summary>
    /// <param name="index">Which item, 0 .. count-1. What is computed may depend on this only.</param>
    /// <param name="worker">
    /// Which thread of the team runs it, 0 .. Threads-1; for choosing scratch memory, never for choosing what is
    /// computed.
    /// </param>
    void Run(int index, int worker);
}

/// <summary>
/// A fixed set of threads that run loops together, with start-up costs of about a microsecond while the team is busy.
/// The calling thread is one of them. Between loops the others spin for some tens of microseconds and then sleep.
/// Items are handed out one by one to whoever is free, so results must not depend on which thread runs an item.
/// A team serves one calling thread at a time, and loops do not nest.
/// </summary>
public sealed unsafe class ThreadTeam : IDisposable
{
    private const int SpinIterations = 1000;
    private const uint Closed = int.MaxValue;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _wake;
    private readonly int[] _asleep;
    private readonly float*[] _scratch;
    private readonly nuint[] _scratchFloats;
    private readonly Lock _scratchLock = new();

    // The job in progress. Upper half of _ticket: number of the job; lower half: the next item, or Closed while the
    // fields change. A thread takes an item by compare-and-swap on the whole ticket, so it can never take an item of
    // one job with the fields of another.
    private ulong _ticket = Closed;
    private delegate*<void*, int, int, void> _invoke;
    private void* _body;
    private int _count;
    private int _completed;
    private Exception? _fault;
    private volatile bool _stopping;

    /// <summary>Starts a team.</summary>
    /// <param name="threads">Threads including the caller's, at least 1; 1 runs every loop on the caller.</param>
    public ThreadTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _scratch = new float*[threads + 1];
        _scratchFloats = new nuint[threads + 1];
        _asleep = new int[threads];
        _wake = new SemaphoreSlim[threads];
        _threads = new Thread[threads];
        for (int worker = 1; worker < threads; worker++)
        {
            int id = worker;
            _wake[worker] = new SemaphoreSlim(0);
            _threads[worker] = new Thread(() => Work(id)) { IsBackground = true, Name = "spar-team-" + id };
            _threads[worker].Start();
        }
    }

    /// <summary>Threads that run a loop, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs <paramref name="body"/> for 0 .. <paramref name="count"/>-1 and returns when all are done.
    /// </summary>
    /// <param name="count">Number of items, at least 0.</param>
    /// <param name="body">Called once an item, from any thread of the team.</param>
    public void For(int count, Action<int> body)
    {
        DelegateBody wrapped = new(body);
        For(count, ref wrapped);
    }

    /// <summary>
    /// Runs <paramref name="body"/> for 0 .. <paramref name="count"/>-1 and returns when all are done.
    /// </summary>
    /// <param name="count">Number of items, at least 0.</param>
    /// <param name="body">
    /// Called once an item with the item and the number of the thread that runs it, which is for choosing scratch
    /// memory only.
    /// </param>
    public void For(int count, Action<int, int> body)
    {
        WorkerDelegateBody wrapped = new(body);
        For(count, ref wrapped);
    }

    /// <summary>
    /// Runs <paramref name="body"/> for 0 .. <paramref name="count"/>-1 without allocating, and returns when all are
    /// done.
    /// </summary>
    /// <typeparam name="TBody">
    /// The loop's body; it must be a local variable or otherwise not move during the call.
    /// </typeparam>
    /// <param name="count">Number of items, at least 0.</param>
    /// <param name="body">Called once an item, from any thread of the team; the threads share it.</param>
    internal void For<TBody>(int count, ref TBody body)
        where TBody : struct, IParallelBody
    {
        if (Threads == 1 || count <= 1)
        {
            for (int i = 0; i < count; i++)
            {
                body.Run(i, 0);
            }

            return;
        }

        TBody local = body; // on this stack frame, which outlives the loop and does not move
        Dispatch(count, &Invoke<TBody>, Unsafe.AsPointer(ref local));
        body = local;
    }

    /// <summary>
    /// Scratch memory of one thread, 64-byte aligned; its content is undefined and it is valid until a larger piece is
    /// asked for.
    /// </summary>
    /// <param name="worker">The thread's number, as its loop body was told.</param>
    /// <param name="floats">Elements needed.</param>
    public float* Scratch(int worker, long floats) => Grow(worker, floats);

    /// <summary>
    /// Scratch memory that the whole team shares, 64-byte aligned; valid until a larger piece is asked for. For the
    /// calling thread to take between loops.
    /// </summary>
    /// <param name="floats">Elements needed.</param>
    public float* SharedScratch(long floats) => Grow(Threads, floats);

    /// <summary>Ends the threads and frees the scratch memory. The team must be idle.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        for (int worker = 1; worker < Threads; worker++)
        {
            _wake[worker].Release();
        }

        for (int worker = 1; worker < Threads; worker++)
        {
            _threads[worker].Join();
            _wake[worker].Dispose();
        }

        for (int i = 0; i < _scratch.Length; i++)
        {
            NativeMemory.AlignedFree(_scratch[i]);
            _scratch[i] = null;
        }
    }

    private static void Invoke<TBody>(void* body, int index, int worker)
        where TBody : struct, IParallelBody
        => Unsafe.AsRef<TBody>(body).Run(index, worker);

    private float* Grow(int slot, long floats)
    {
        nuint needed = checked((nuint)floats);
        if (_scratchFloats[slot] < needed)
        {
            lock (_scratchLock)
            {
                nuint size = needed + (needed / 4) + 64;
                NativeMemory.AlignedFree(_scratch[slot]);
                _scratch[slot] = (float*)NativeMemory.AlignedAlloc(checked(size * sizeof(float)), 64);
                _scratchFloats[slot] = size;
            }
        }

        return _scratch[slot];
    }

    private void Dispatch(int count, delegate*<void*, int, int, void> invoke, void* body)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        ulong job = ((_ticket >> 32) + 1) << 32;
        Interlocked.Exchange(ref _ticket, job | Closed);
        _invoke = invoke;
        _body = body;
        _count = count;
        _completed = 0;
        _fault = null;
        Interlocked.Exchange(ref _ticket, job);

        int helpers = Math.Min(Threads, count) - 1;
        for (int worker = 1; worker <= helpers; worker++)
        {
            if (Volatile.Read(ref _asleep[worker]) == 1 && Interlocked.Exchange(ref _asleep[worker], 0) == 1)
            {
                _wake[worker].Release();
            }
        }

        TakeItems(0);
        int spins = 0;
        SpinWait wait = default;
        while (Volatile.Read(ref _completed) < count)
        {
            if (spins++ < SpinIterations)
            {
                Thread.SpinWait(2);
            }
            else
            {
                wait.SpinOnce(sleep1Threshold: -1);
            }
        }

        if (_fault is { } fault)
        {
            _fault = null;
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(fault);
        }
    }

    /// <summary>Runs items of the job in progress until none is left. Returns whether there were any.</summary>
    private bool TakeItems(int worker)
    {
        int done = 0;
        while (true)
        {
            ulong ticket = Volatile.Read(ref _ticket);
            uint index = (uint)ticket;
            if (index == Closed || index >= (uint)_count)
            {
                break;
            }

            delegate*<void*, int, int, void> invoke = _invoke;
            void* body = _body;
            if (Interlocked.CompareExchange(ref _ticket, ticket + 1, ticket) != ticket)
            {
                continue;
            }

            try
            {
                invoke(body, (int)index, worker);
            }
            catch (Exception fault)
            {
                Interlocked.CompareExchange(ref _fault, fault, null);
            }

            done++;
        }

        if (done > 0)
        {
            Interlocked.Add(ref _completed, done);
        }

        return done > 0;
    }

    private void Work(int worker)
    {
        int idle = 0;
        while (!_stopping)
        {
            if (TakeItems(worker))
            {
                idle = 0;
                continue;
            }

            if (idle++ < SpinIterations)
            {
                Thread.SpinWait(2);
                continue;
            }

            idle = 0;
            Interlocked.Exchange(ref _asleep[worker], 1);
            uint next = (uint)Volatile.Read(ref _ticket);
            bool work = next != Closed && next < (uint)Volatile.Read(ref _count);
            if ((work || _stopping) && Interlocked.Exchange(ref _asleep[worker], 0) == 1)
            {
                continue;
            }

            _wake[worker].Wait();
        }
    }

    private readonly struct DelegateBody(Action<int> body) : IParallelBody
    {
        public void Run(int index, int worker) => body(index);
    }

    private readonly struct WorkerDelegateBody(Action<int, int> body) : IParallelBody
    {
        public void Run(int index, int worker) => body(index, worker);
    }
}
