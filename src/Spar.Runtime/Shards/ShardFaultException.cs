using Spar.Ground;

namespace Spar.Runtime.Shards;

/// <summary>Shards that did not play what they were to.</summary>
/// <param name="message">Which, and how they ended.</param>
/// <param name="remedy">What to do.</param>
public sealed class ShardFaultException(string message, string remedy) : UserFaultException(message, remedy);
