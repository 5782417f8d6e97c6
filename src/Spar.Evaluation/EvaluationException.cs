using Spar.Ground;

namespace Spar.Evaluation;

/// <summary>
/// A fault that the user can mend: a data file that is missing or malformed, an unknown instruction, an argument out of
/// range. The message names the thing (file, line, field) and the remedy; it is meant to be shown as it is, without a
/// stack trace.
/// </summary>
/// <param name="message">What is wrong, where, and what to do.</param>
/// <param name="innerException">The fault underneath, if any.</param>
public sealed class EvaluationException(string message, Exception? innerException = null)
    : UserFaultException(message, innerException);
