using Spar.Ground;

namespace Spar.Runtime.Launchers;

/// <summary>A launcher that is not there, or refuses a job.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="remedy">What to do.</param>
public sealed class LaunchException(string message, string remedy) : UserFaultException(message, remedy);
