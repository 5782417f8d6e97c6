using Spar.Engine.Training;

namespace Spar.Engine.Tests.Training;

/// <summary>
/// Ranks as threads of this process. A message is copied when both sides have asked for it and somebody waits, as late as
/// may be: whoever touches its floats before that spoils it.
/// </summary>
internal sealed unsafe class RankThreads(int count)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(int From, int To, int Tag), Queue<Message>> _sent = [];
    private readonly Dictionary<(int From, int To, int Tag), Queue<Message>> _expected = [];
    private readonly Barrier _all = new(count);
    private readonly CancellationTokenSource _failed = new();
    private byte[] _broadcast = [];
    private int _yes;

    /// <summary>Runs something on every rank.</summary>
    public void Run(Action<IRankGroup> work)
    {
        List<Exception> faults = [];
        Thread[] threads =
        [
            .. Enumerable.Range(0, count).Select(rank => new Thread(() =>
            {
                try
                {
                    work(new Member(this, rank));
                }
                catch (Exception fault)
                {
                    _failed.Cancel();
                    lock (faults)
                    {
                        faults.Add(fault);
                    }
                }
            })),
        ];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            Assert.True(thread.Join(TimeSpan.FromMinutes(2)), "a rank waits for ever");
        }

        Assert.Empty(faults);
        Assert.All(_sent.Values.Concat(_expected.Values), Assert.Empty);
    }

    private void Match()
    {
        lock (_lock)
        {
            foreach ((var way, Queue<Message> sent) in _sent)
            {
                while (sent.Count > 0 && _expected.TryGetValue(way, out Queue<Message>? expected) && expected.Count > 0)
                {
                    Message from = sent.Dequeue(), to = expected.Dequeue();
                    Assert.Equal(from.Count, to.Count);
                    new Span<float>((float*)from.Data, from.Count).CopyTo(new((float*)to.Data, to.Count));
                    from.Done = to.Done = true;
                }
            }
        }
    }

    private Message Put(Dictionary<(int, int, int), Queue<Message>> queues, (int, int, int) way, nint data, int floats)
    {
        lock (_lock)
        {
            if (!queues.TryGetValue(way, out Queue<Message>? queue))
            {
                queues[way] = queue = [];
            }

            Message message = new() { Data = data, Count = floats };
            queue.Enqueue(message);
            return message;
        }
    }

    private sealed class Message
    {
        public volatile bool Done;

        public required nint Data { get; init; }

        public required int Count { get; init; }
    }

    private sealed class Member(RankThreads ranks, int rank) : IRankGroup
    {
        private readonly List<Message> _messages = [];

        public int Rank => rank;

        public int Count => ranks._all.ParticipantCount;

        public long BeginSend(int to, int tag, nint data, int floats) =>
            Add(ranks.Put(ranks._sent, (rank, to, tag), data, floats));

        public long BeginReceive(int from, int tag, nint data, int floats) =>
            Add(ranks.Put(ranks._expected, (from, rank, tag), data, floats));

        public bool IsDone(long transfer) => _messages[(int)transfer].Done;

        public void Wait(long transfer)
        {
            while (!IsDone(transfer))
            {
                ranks._failed.Token.ThrowIfCancellationRequested();
                Thread.Yield();
                ranks.Match();
            }
        }

        public void Broadcast(int from, Span<byte> data)
        {
            if (rank == from)
            {
                ranks._broadcast = data.ToArray();
            }

            ranks._all.SignalAndWait(ranks._failed.Token);
            ranks._broadcast.CopyTo(data);
            ranks._all.SignalAndWait(ranks._failed.Token);
        }

        public bool Any(bool here)
        {
            Interlocked.Or(ref ranks._yes, here ? 1 : 0);
            ranks._all.SignalAndWait(ranks._failed.Token);
            bool any = ranks._yes == 1;
            ranks._all.SignalAndWait(ranks._failed.Token);
            ranks._yes = 0;
            ranks._all.SignalAndWait(ranks._failed.Token);
            return any;
        }

        private long Add(Message message)
        {
            _messages.Add(message);
            return _messages.Count - 1;
        }
    }
}
