using Spar.Ground;

namespace Spar.Calls;

/// <summary>
/// A server refuses a call for a reason that waiting does not mend: the prompt is too long, the model is not there, the
/// key is wrong.
/// </summary>
/// <param name="message">Who refuses what, in the server's own words.</param>
/// <param name="status">The status of HTTP.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public sealed class RefusedCallException(string message, int status, Exception? innerException = null)
    : UserFaultException(message, innerException)
{
    /// <summary>The status of HTTP that the server answered with, or that its words name.</summary>
    public int Status { get; } = status;
}
