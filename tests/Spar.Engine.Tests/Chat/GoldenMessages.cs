using System.Text.Json;
using Spar.Engine.Chat;

namespace Spar.Engine.Tests.Chat;

/// <summary>Conversations in golden files.</summary>
internal static class GoldenMessages
{
    /// <summary>The turns of a conversation: its field messages, each with role and content.</summary>
    public static Message[] Of(JsonElement chat) =>
        [
            .. chat.GetProperty("messages")
                .EnumerateArray()
                .Select(turn => new Message(
                    turn.GetProperty("role").GetString()!,
                    turn.GetProperty("content").GetString()!
                )),
        ];
}
