namespace Spar.Cli.Arguments;

/// <summary>
/// Options that do not go together, found when each of them alone has been read: the parser's own checks of a command
/// come before its options', and would hide what is wrong with one of them.
/// </summary>
/// <param name="message">What is wrong, with the option's name.</param>
internal sealed class UsageException(string message) : Exception(message);
