using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>Reads conversations as clients write them: texts, or parts of texts.</summary>
internal static class Turns
{
    private static readonly string[] s_textParts = ["text", "input_text", "output_text", "refusal"];

    /// <summary>The turns of a conversation.</summary>
    /// <param name="items">Objects with <c>role</c> and <c>content</c>.</param>
    /// <param name="name">The list's name in the request.</param>
    /// <exception cref="ApiFaultException">There is none, or one is no turn of text.</exception>
    public static IReadOnlyList<ChatMessage> Read(IReadOnlyList<JsonElement> items, string name)
    {
        if (items.Count == 0)
        {
            throw new ApiFaultException(400, $"'{name}' must hold at least one turn.", name, "invalid_value");
        }

        return [.. items.Select((item, i) => Turn(item, $"{name}[{i}]"))];
    }

    private static ChatMessage Turn(JsonElement item, string place)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            throw new ApiFaultException(400, $"'{place}' must be an object.", place, "invalid_value");
        }

        RequestBody turn = new(item, $"{place}.");
        ChatRole role = turn.Text("role") switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            null => throw turn.Missing("role"),
            _ => throw turn.Wrong("role", "system, developer, user or assistant"),
        };
        turn.Refuse("tool_calls", "models here call no tools");
        return new ChatMessage(role, Content(turn));
    }

    private static string Content(RequestBody turn) => turn.Find("content") switch
    {
        null => throw turn.Missing("content"),
        { ValueKind: JsonValueKind.String } text => JsonText.Of(text),
        { ValueKind: JsonValueKind.Array } parts => Joined(turn, parts),
        _ => throw turn.Wrong("content", "a text or a list of text parts"),
    };

    private static string Joined(RequestBody turn, JsonElement parts)
    {
        StringBuilder text = new();
        foreach (JsonElement part in parts.EnumerateArray())
        {
            text.Append(
                part.ValueKind == JsonValueKind.Object
                && part.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String
                && s_textParts.Contains(JsonText.Of(type))
                && (part.TryGetProperty("text", out JsonElement said) || part.TryGetProperty("refusal", out said))
                && said.ValueKind == JsonValueKind.String
                    ? JsonText.Of(said)
                    : throw turn.Wrong("content", "a text or a list of text parts: models here read text only"));
        }

        return text.ToString();
    }
}
