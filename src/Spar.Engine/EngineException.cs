using Spar.Ground;

namespace Spar.Engine;

/// <summary>
/// A fault that the user can mend: a file that is missing, truncated or of the wrong kind, a setting out of range. The
/// message names the thing (file, key, value) and the remedy; it is meant to be shown as it is, without a stack trace.
/// </summary>
/// <param name="message">What is wrong, where, and what to do.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public sealed class EngineException(
    string message, Exception? innerException = null) : UserFaultException(message, innerException);
