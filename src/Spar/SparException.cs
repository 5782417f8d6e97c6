using Spar.Calls;

namespace Spar;

/// <summary>
/// A fault that the user can mend (a recipe key, a run directory, a template). The message names the thing and the
/// remedy and is
/// shown as it is, without a stack trace.
/// </summary>
/// <param name="message">What is wrong, where, and what to do.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public class SparException(string message, Exception? innerException = null)
    : RunFaultException(message, innerException);
