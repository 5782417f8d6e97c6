namespace Spar.Engine.Chat;

/// <summary>One turn of a conversation, as chat templates see it.</summary>
/// <param name="Role">Who speaks: system, user or assistant.</param>
/// <param name="Content">What is said.</param>
public sealed record Message(string Role, string Content);
