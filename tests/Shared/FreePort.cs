using System.Net;
using System.Net.Sockets;

namespace Spar.TestSupport;

/// <summary>
/// Ports for servers of tests that begin to listen later, or again. They lie below those that the system gives to
/// outgoing connections (32768 and up), which would otherwise take them meanwhile; each is given once a process.
/// </summary>
internal static class FreePort
{
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int s_next = Environment.ProcessId * 97;

    /// <summary>A port that nobody listens at.</summary>
    public static int Next()
    {
        while (true)
        {
            int port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            try
            {
                using TcpListener probe = new(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
