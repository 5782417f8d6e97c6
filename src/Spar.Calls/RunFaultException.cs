using Spar.Ground;

namespace Spar.Calls;

/// <summary>
/// A fault of the run as a whole rather than of one call: a setting, a template, the store, a model that cannot do
/// what is asked of it. No other call
/// would fare better, so it is not counted as a failed call and ends the run.
/// </summary>
/// <param name="message">What is wrong, where, and what to do.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public class RunFaultException(string message, Exception? innerException = null)
    : UserFaultException(message, innerException);
