namespace Spar.Ground;

/// <summary>
/// A fault that the user can mend: a file, a key, a setting, an endpoint. Every such fault of the project derives from
/// this class; the command line
/// shows its message as it is, without a stack trace.
/// </summary>
public class UserFaultException : Exception
{
    /// <summary>A fault.</summary>
    /// <param name="message">What is wrong and where; names the thing. It may say what to do, too.</param>
    /// <param name="innerException">The fault underneath, if any.</param>
    public UserFaultException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>A fault and its remedy, which ends the message.</summary>
    /// <param name="message">What is wrong and where, as sentences.</param>
    /// <param name="remedy">What to do, as sentences.</param>
    /// <param name="innerException">The fault underneath, if any.</param>
    public UserFaultException(string message, string remedy, Exception? innerException = null)
        : base($"{message} {remedy}", innerException) => Remedy = remedy;

    /// <summary>What to do, where it is kept apart; the message ends with it.</summary>
    public string? Remedy { get; }
}
