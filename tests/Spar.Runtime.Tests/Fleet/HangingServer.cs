using System.Net;
using System.Text;
using Spar.Runtime.Tests.Endpoints;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Fleet;

/// <summary>Never replies to its first request, and to others at once.</summary>
internal sealed class HangingServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _work;

    /// <param name="hangs">Is completed when the first request is there.</param>
    public HangingServer(TaskCompletionSource hangs)
    {
        Address = new Uri($"http://127.0.0.1:{FreePort.Next()}/v1");
        _listener.Prefixes.Add($"{Address.GetLeftPart(UriPartial.Authority)}/");
        _listener.Start();
        _work = ServeAsync(hangs);
    }

    public Uri Address { get; }

    public void Dispose()
    {
        _listener.Close();
        _work.Wait();
    }

    private async Task ServeAsync(TaskCompletionSource hangs)
    {
        try
        {
            HttpListenerContext first = await _listener.GetContextAsync();
            hangs.SetResult();
            while (true)
            {
                HttpListenerContext next = await _listener.GetContextAsync();
                await next.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(LoopbackServer.Says("well").Body));
                next.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}

/// <summary>A clock whose timers ring when the test says so; short waits ring at once.</summary>
internal sealed class StoppableTime : TimeProvider
{
    private readonly List<Timer> _timers = [];

    /// <summary>The longest time that a timer was set to.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>Rings every timer that is set.</summary>
    public void RingAll()
    {
        Timer[] timers;
        lock (_timers)
        {
            timers = [.. _timers];
            _timers.Clear();
        }

        foreach (Timer timer in timers)
        {
            timer.Ring();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Timer timer = new(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(StoppableTime time, Action ring) : ITimer
    {
        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime > TimeSpan.FromMinutes(1))
            {
                lock (time._timers)
                {
                    time.Longest = dueTime > time.Longest ? dueTime : time.Longest;
                    time._timers.Add(this);
                }
            }
            else if (dueTime >= TimeSpan.Zero)
            {
                ThreadPool.UnsafeQueueUserWorkItem(_ => ring(), null);
            }

            return true;
        }

        public void Dispose()
        {
            lock (time._timers)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
