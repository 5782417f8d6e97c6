using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Calls;

namespace Spar.Web.Serving;

/// <summary>
/// Answers in the shapes of the interface: <c>chat.completion</c> and <c>text_completion</c>, whole or in chunks. The
/// fields are those of OpenAI's API reference.
/// </summary>
/// <param name="id">The answer's name.</param>
/// <param name="created">Seconds since 1970.</param>
/// <param name="model">The name that was asked for.</param>
/// <param name="chat">Chat completions; otherwise text completions.</param>
internal sealed class Replies(string id, long created, string model, bool chat)
{
    /// <summary>A whole answer.</summary>
    /// <param name="answers">One a choice.</param>
    public JsonObject Whole(IReadOnlyList<WholeAnswer> answers) => Frame(
        chat ? "chat.completion" : "text_completion",
        [.. answers.Select((answer, i) => Choice(i, answer))],
        Usage(answers.Select(answer => answer.End!)));

    /// <summary>The chunk that begins a choice's answer; text completions have none.</summary>
    /// <param name="choice">The choice.</param>
    public JsonObject? Beginning(int choice) =>
        chat ? Chunk(choice, new JsonObject { ["role"] = "assistant", ["content"] = "" }, null, null) : null;

    /// <summary>The chunk of a piece; null where the shape has no room for it.</summary>
    /// <param name="piece">The piece.</param>
    public JsonObject? Chunk(Piece piece) => piece switch
    {
        Piece.Said said => Chunk(said.Choice, new JsonObject { ["content"] = said.Text }, said.Text, null),
        Piece.Thought thought when chat =>
            Chunk(thought.Choice, new JsonObject { ["reasoning_content"] = thought.Text }, null, null),
        Piece.Ended ended => Chunk(ended.Choice, [], "", ended),
        _ => null,
    };

    /// <summary>The chunk that counts tokens, after the last piece.</summary>
    /// <param name="ends">How each choice ended.</param>
    public JsonObject UsageChunk(IReadOnlyCollection<Piece.Ended> ends) =>
        Frame(ChunkObject, [], Usage(ends));

    private string ChunkObject => chat ? "chat.completion.chunk" : "text_completion";

    private static JsonObject Usage(IEnumerable<Piece.Ended> ends)
    {
        (long input, long output) = (0, 0);
        foreach (Piece.Ended end in ends)
        {
            (input, output) = (input + end.InputTokens, output + end.OutputTokens);
        }

        return new JsonObject
        {
            ["prompt_tokens"] = input,
            ["completion_tokens"] = output,
            ["total_tokens"] = input + output,
        };
    }

    private JsonObject Frame(string kind, JsonArray choices, JsonObject? usage)
    {
        JsonObject frame = new()
        {
            ["id"] = id,
            ["object"] = kind,
            ["created"] = created,
            ["model"] = model,
            ["choices"] = choices,
        };
        if (usage is not null)
        {
            frame["usage"] = usage;
        }

        return frame;
    }

    private JsonObject Choice(int index, WholeAnswer answer)
    {
        JsonObject choice = new() { ["index"] = index };
        if (chat)
        {
            JsonObject message = new() { ["role"] = "assistant", ["content"] = answer.Text, ["refusal"] = null };
            if (answer.Thoughts is { } thoughts)
            {
                message["reasoning_content"] = thoughts;
            }

            choice["message"] = message;
        }
        else
        {
            choice["text"] = answer.Text;
        }

        choice["logprobs"] = LogProbabilities(answer.End!);
        choice["finish_reason"] = answer.End!.Finish;
        return choice;
    }

    private JsonObject Chunk(int index, JsonObject delta, string? text, Piece.Ended? end)
    {
        JsonObject choice = new() { ["index"] = index };
        if (chat)
        {
            choice["delta"] = delta;
        }
        else
        {
            choice["text"] = text;
        }

        choice["logprobs"] = end is null ? null : LogProbabilities(end);
        choice["finish_reason"] = end?.Finish;
        return Frame(ChunkObject, [choice], null);
    }

    private JsonObject? LogProbabilities(Piece.Ended end)
    {
        if (end.LogProbabilities is not { } tokens)
        {
            return null;
        }

        if (chat)
        {
            return new JsonObject
            {
                ["content"] = new JsonArray([.. tokens.Select(token => Token(token, top: true))]),
                ["refusal"] = null,
            };
        }

        int offset = 0;
        JsonArray offsets = [];
        foreach (TokenLogProbability token in tokens)
        {
            offsets.Add(offset);
            offset += token.Text.Length;
        }

        return new JsonObject
        {
            ["tokens"] = new JsonArray([.. tokens.Select(token => (JsonNode)token.Text)]),
            ["token_logprobs"] = new JsonArray([.. tokens.Select(token => (JsonNode)token.LogProbability)]),
            ["top_logprobs"] = new JsonArray([.. tokens.Select(token => new JsonObject(
                token.Top.DistinctBy(top => top.Text)
                    .Select(top => KeyValuePair.Create(top.Text, (JsonNode?)top.LogProbability))))]),
            ["text_offset"] = offsets,
        };
    }

    private static JsonNode Token(TokenLogProbability token, bool top)
    {
        JsonObject json = new()
        {
            ["token"] = token.Text,
            ["logprob"] = token.LogProbability,
            ["bytes"] = new JsonArray([.. token.Bytes.ToArray().Select(one => (JsonNode)one)]),
        };
        if (top)
        {
            json["top_logprobs"] = new JsonArray([.. token.Top.Select(one => Token(one, top: false))]);
        }

        return json;
    }

    /// <summary>A fault, as the interface reports it.</summary>
    /// <param name="fault">The fault.</param>
    public static JsonObject Fault(ApiFaultException fault) => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = fault.Message,
            ["type"] = fault.Type,
            ["param"] = fault.Parameter,
            ["code"] = fault.Code ?? fault.Status.ToString(CultureInfo.InvariantCulture),
        },
    };
}
