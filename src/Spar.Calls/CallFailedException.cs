using Spar.Ground;

namespace Spar.Calls;

/// <summary>
/// A call got no answer, although the endpoint may have tried more than once. It fails the item it was made for, not
/// the run.
/// </summary>
/// <param name="key">The call's name.</param>
/// <param name="innerException">What went wrong.</param>
public sealed class CallFailedException(string key, Exception innerException)
    : UserFaultException(
        innerException is UserFaultException
            ? innerException.Message
            : $"{innerException.GetType().Name}: {innerException.Message}",
        innerException)
{
    /// <summary>The call's name.</summary>
    public string Key { get; } = key;
}
