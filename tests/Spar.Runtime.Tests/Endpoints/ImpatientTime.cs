using System.Collections.Concurrent;
using Spar.Runtime.Fleet;

namespace Spar.Runtime.Tests.Endpoints;

/// <summary>
/// A clock on which every wait of a minute at most is over at once, and moves the clock on to its end; remembers how long
/// each was to be. Longer ones are limits of time, which nothing reaches here.
/// </summary>
internal sealed class ImpatientTime : TimeProvider
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(61);

    private long _ticks;

    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    /// <summary>How far the clock goes: waits that end later do not end. Without end unless set.</summary>
    public TimeSpan Last { get; init; } = TimeSpan.MaxValue;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Elapsed => new(Interlocked.Read(ref _ticks));

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(50) + Elapsed;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Wait wait = new(this, callback, state);
        wait.Change(dueTime, period);
        return wait;
    }

    private sealed class Wait(ImpatientTime time, TimerCallback callback, object? state) : ITimer
    {
        private volatile bool _set;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _set = dueTime >= TimeSpan.Zero && dueTime <= s_longest
                && dueTime != PooledEndpoint.ProbeTime && dueTime <= time.Last - time.Elapsed;
            if (!_set)
            {
                return true;
            }

            if (dueTime > TimeSpan.Zero)
            {
                time.Waits.Enqueue(dueTime);
            }

            long end = time.GetTimestamp() + dueTime.Ticks;
            ThreadPool.UnsafeQueueUserWorkItem(_ => Ring(end), null);
            return true;
        }

        public void Dispose() => _set = false;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Ring(long end)
        {
            if (!_set)
            {
                return;
            }

            _set = false;
            long now;
            while ((now = time.GetTimestamp()) < end
                && Interlocked.CompareExchange(ref time._ticks, end, now) != now)
            {
                // Another wait ended meanwhile.
            }

            callback(state);
        }
    }
}
