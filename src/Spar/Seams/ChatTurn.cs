namespace Spar.Seams;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">One of <see cref="ChatRoles"/>.</param>
/// <param name="Text">What was said.</param>
public sealed record ChatTurn(string Role, string Text);

/// <summary>The roles of turns, by the names that chat templates know them by.</summary>
public static class ChatRoles
{
    /// <summary>Sets the stage.</summary>
    public const string System = "system";

    /// <summary>Asks.</summary>
    public const string User = "user";

    /// <summary>Answers.</summary>
    public const string Assistant = "assistant";

    /// <summary>The role that a layout calls by one of its usual names; null for any other.</summary>
    /// <param name="name">Such as human, gpt, user.</param>
    public static string? Named(string name) => name.ToLowerInvariant() switch
    {
        "system" or "developer" => System,
        "user" or "human" or "prompter" => User,
        "assistant" or "gpt" or "chatgpt" or "bot" or "model" or "bard" or "bing" => Assistant,
        _ => null,
    };
}
