using System.Text.Json.Nodes;

namespace Spar.Web.Serving;

/// <summary>
/// Answers in the shape of the interface's responses, without state: whole, or as events. The fields are those of
/// OpenAI's API reference.
/// </summary>
/// <param name="id">The answer's name, without the kind before it.</param>
/// <param name="created">Seconds since 1970.</param>
/// <param name="settings">What was asked for.</param>
internal sealed class ResponseReplies(string id, long created, GenerationSettings settings)
{
    private int _events;

    /// <summary>A whole answer.</summary>
    /// <param name="answer">The answer.</param>
    public JsonObject Whole(WholeAnswer answer) => Response(
        answer.End!.Finish == "length" ? "incomplete" : "completed", answer);

    /// <summary>The events that come before the first piece.</summary>
    public IEnumerable<JsonObject> Beginning() =>
    [
        Event("response.created", ("response", Response("in_progress", null))),
        Event("response.in_progress", ("response", Response("in_progress", null))),
        Event("response.output_item.added", ("output_index", 0), ("item", Message("in_progress", null))),
        Event(
            "response.content_part.added", ("item_id", MessageId), ("output_index", 0), ("content_index", 0),
            ("part", Part(""))),
    ];

    /// <summary>The event of some text.</summary>
    /// <param name="text">The text.</param>
    public JsonObject Said(string text) => Event(
        "response.output_text.delta", ("item_id", MessageId), ("output_index", 0), ("content_index", 0),
        ("delta", text));

    /// <summary>The events after the last piece.</summary>
    /// <param name="answer">The whole answer.</param>
    public IEnumerable<JsonObject> Ending(WholeAnswer answer)
    {
        JsonObject whole = Whole(answer);
        return
        [
            Event(
                "response.output_text.done", ("item_id", MessageId), ("output_index", 0), ("content_index", 0),
                ("text", answer.Text)),
            Event(
                "response.content_part.done", ("item_id", MessageId), ("output_index", 0), ("content_index", 0),
                ("part", Part(answer.Text))),
            Event(
                "response.output_item.done", ("output_index", 0),
                ("item", Message((string)whole["status"]!, answer.Text))),
            Event($"response.{whole["status"]}", ("response", whole)),
        ];
    }

    private string MessageId => $"msg_{id}";

    private JsonObject Event(string type, params ReadOnlySpan<(string Name, JsonNode Value)> members)
    {
        JsonObject json = new() { ["type"] = type, ["sequence_number"] = _events++ };
        foreach ((string name, JsonNode value) in members)
        {
            json[name] = value;
        }

        return json;
    }

    private static JsonObject Part(string text) =>
        new() { ["type"] = "output_text", ["text"] = text, ["annotations"] = new JsonArray() };

    private JsonObject Message(string status, string? text) => new()
    {
        ["type"] = "message",
        ["id"] = MessageId,
        ["status"] = status,
        ["role"] = "assistant",
        ["content"] = text is null ? [] : new JsonArray(Part(text)),
    };

    private JsonObject Response(string status, WholeAnswer? answer) => new()
    {
        ["id"] = $"resp_{id}",
        ["object"] = "response",
        ["created_at"] = created,
        ["status"] = status,
        ["error"] = null,
        ["incomplete_details"] =
            status == "incomplete" ? new JsonObject { ["reason"] = "max_output_tokens" } : null,
        ["instructions"] = null,
        ["max_output_tokens"] = settings.Options.MaxOutputTokens,
        ["model"] = settings.Model,
        ["output"] = answer is null ? [] : new JsonArray(Message(status, answer.Text)),
        ["parallel_tool_calls"] = false,
        ["previous_response_id"] = null,
        ["store"] = false,
        ["temperature"] = settings.Options.Temperature,
        ["text"] = new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } },
        ["tool_choice"] = "none",
        ["tools"] = new JsonArray(),
        ["top_p"] = settings.Options.TopP,
        ["truncation"] = "disabled",
        ["usage"] = answer?.End is { } end
            ? new JsonObject
            {
                ["input_tokens"] = end.InputTokens,
                ["input_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
                ["output_tokens"] = end.OutputTokens,
                ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = 0 },
                ["total_tokens"] = end.InputTokens + end.OutputTokens,
            }
            : null,
        ["metadata"] = new JsonObject(),
    };
}
