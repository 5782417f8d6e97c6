using System.Globalization;
using Spar.Calls;

namespace Spar.Runtime.Fleet;

/// <summary>Tells of waits that servers ask for: the first, and then one in half a minute at most.</summary>
/// <param name="notice">Is told; null for nobody.</param>
/// <param name="time">The clock.</param>
internal sealed class WaitNotices(Action<string>? notice, TimeProvider time)
{
    private static readonly TimeSpan s_worthTelling = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private long? _last;

    /// <summary>A call waits.</summary>
    /// <param name="fault">What the server said.</param>
    /// <param name="wait">For how long.</param>
    public void Tell(TransientFaultException fault, TimeSpan wait)
    {
        if (notice is null || wait < s_worthTelling)
        {
            return;
        }

        lock (_gate)
        {
            if (_last is { } last && time.GetElapsedTime(last) < s_quiet)
            {
                return;
            }

            _last = time.GetTimestamp();
        }

        string asked = fault.RetryAfter > wait
            ? string.Create(CultureInfo.InvariantCulture, $" (it asks for {fault.RetryAfter.Value.TotalSeconds:0} s)")
            : "";
        notice(string.Create(
            CultureInfo.InvariantCulture, $"{fault.Message}. Waiting {wait.TotalSeconds:0} s for the server{asked}."));
    }
}
