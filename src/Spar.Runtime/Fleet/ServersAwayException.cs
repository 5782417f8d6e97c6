using Spar.Ground;

namespace Spar.Runtime.Fleet;

/// <summary>No server of a pool has answered for as long as the user wants to wait.</summary>
/// <param name="message">Which, for how long, and what was wrong last.</param>
public sealed class ServersAwayException(string message) : UserFaultException(message);
