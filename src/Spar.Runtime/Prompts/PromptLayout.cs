using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Runtime.Prompts;

/// <summary>
/// Reads rows in the layouts that users have: <c>messages</c> (OpenAI), <c>conversations</c> (ShareGPT), <c>prompt</c>
/// (a text or messages, as TRL has them; with <c>instruction_id_list</c> and <c>kwargs</c> IFEval's),
/// <c>instruction</c>, <c>input</c>, <c>system</c>, <c>history</c> (Alpaca), what <c>spar evolve</c> writes, and
/// lm-eval's samples (<c>doc</c>).
/// </summary>
internal static class PromptLayout
{
    private static readonly string[] s_conversations = ["messages", "conversations", "conversation", "prompt"];

    /// <summary>Reads a row.</summary>
    /// <param name="place">File and row, for messages.</param>
    /// <param name="row">The row.</param>
    /// <param name="layout">The field that the prompt is in, doc where the rest is in that.</param>
    /// <exception cref="SparException">
    /// It is in no known layout, has no user turn, an empty prompt, or a turn that is no text.
    /// </exception>
    public static PromptRow Read(string place, JsonElement row, out string layout)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new SparException($"{place}: a row must be a JSON object.");
        }

        string within = "";
        if (Find(row, "doc") is { ValueKind: JsonValueKind.Object } document)
        {
            row = document;
            within = "doc.";
        }

        List<ChatTurn> turns = [];
        if ((Text(place, row, "system") ?? Text(place, row, "system_prompt")) is { Length: > 0 } system)
        {
            turns.Add(new ChatTurn(ChatRoles.System, system));
        }

        string? conversation = s_conversations.FirstOrDefault(name =>
            Find(row, name) is { ValueKind: JsonValueKind.Array }
        );
        if (conversation is not null)
        {
            layout = conversation;
            turns.AddRange(Turns(place, conversation, Find(row, conversation)!.Value));
        }
        else if (Text(place, row, "prompt") is { } prompt)
        {
            layout = "prompt";
            turns.Add(new ChatTurn(ChatRoles.User, prompt));
        }
        else if (Text(place, row, "instruction") is { } instruction)
        {
            layout = "instruction";
            turns.AddRange(History(place, row));
            turns.Add(
                new ChatTurn(
                    ChatRoles.User,
                    Text(place, row, "input") is { Length: > 0 } input ? $"{instruction}\n{input}" : instruction
                )
            );
        }
        else if (Find(row, "chosen") is { ValueKind: JsonValueKind.Array } chosen)
        {
            layout = "chosen";
            turns.AddRange(Turns(place, "chosen", chosen));
        }
        else
        {
            string fields = string.Join(", ", row.EnumerateObject().Take(8).Select(field => field.Name));
            throw new SparException(
                $"{place}: no prompt is there; a row needs prompt, messages, conversations or instruction (it has {(fields.Length == 0 ? "nothing" : fields)})."
            );
        }

        layout = within + layout;
        return Row(place, row, turns);
    }

    private static PromptRow Row(string place, JsonElement row, List<ChatTurn> turns)
    {
        string? response = Text(place, row, "response") ?? Text(place, row, "output");
        while (turns is [.., { Role: ChatRoles.Assistant } last])
        {
            response = last.Text;
            turns.RemoveAt(turns.Count - 1);
        }

        if (turns is not [.., { Role: ChatRoles.User } user])
        {
            throw new SparException($"{place}: there is no user turn to answer.");
        }

        return string.IsNullOrWhiteSpace(user.Text)
            ? throw new SparException($"{place}: the prompt is empty.")
            : new PromptRow(
                place,
                Id(row),
                [.. turns.Take(turns.Count - 1)],
                user.Text,
                string.IsNullOrWhiteSpace(response) ? null : response,
                Instructions(place, row)
            )
            {
                Request = turns.Count == 1 && Find(row, "request") is { ValueKind: JsonValueKind.String } request
                    && JsonText.Of(request) is { Length: > 0 } text ? text : null,
            };
    }

    private static IEnumerable<ChatTurn> Turns(string place, string field, JsonElement list)
    {
        foreach (JsonElement turn in list.EnumerateArray())
        {
            if (
                turn.ValueKind != JsonValueKind.Object
                || (Find(turn, "role") ?? Find(turn, "from")) is not { ValueKind: JsonValueKind.String } named
            )
            {
                throw new SparException(
                    $"{place}: field {field} must be a list of turns with role and content (or from and value)."
                );
            }

            string name = JsonText.Of(named);
            string role =
                ChatRoles.Named(name)
                ?? throw new SparException(
                    $"{place}: a turn has the role {name}; system, user and assistant are played."
                );
            yield return new ChatTurn(role, Content(place, Find(turn, "content") ?? Find(turn, "value")));
        }
    }

    // A text, or parts of which each is a text.
    private static string Content(string place, JsonElement? content) =>
        content switch
        {
            null => "",
            { ValueKind: JsonValueKind.String } text => JsonText.Of(text),
            { ValueKind: JsonValueKind.Array } parts => string.Concat(
                parts
                    .EnumerateArray()
                    .Select(part =>
                        part switch
                        {
                            { ValueKind: JsonValueKind.String } => JsonText.Of(part),
                            { ValueKind: JsonValueKind.Object }
                                when Find(part, "text") is { ValueKind: JsonValueKind.String } text => JsonText.Of(
                                text
                            ),
                            _ => throw new SparException(
                                $"{place}: a turn has a part that is no text; images and other media are not played."
                            ),
                        }
                    )
            ),
            _ => throw new SparException($"{place}: a turn's content must be a text."),
        };

    private static IEnumerable<ChatTurn> History(string place, JsonElement row)
    {
        if (Find(row, "history") is not { ValueKind: JsonValueKind.Array } history)
        {
            yield break;
        }

        foreach (JsonElement pair in history.EnumerateArray())
        {
            string[] said =
                pair.ValueKind == JsonValueKind.Array
                && pair.EnumerateArray().All(text => text.ValueKind == JsonValueKind.String)
                    ? [.. pair.EnumerateArray().Select(JsonText.Of)]
                    : [];
            if (said.Length != 2)
            {
                throw new SparException(
                    $"{place}: field history must be a list of pairs: what the user said, and the answer."
                );
            }

            yield return new ChatTurn(ChatRoles.User, said[0]);
            yield return new ChatTurn(ChatRoles.Assistant, said[1]);
        }
    }

    private static IReadOnlyList<RowInstruction> Instructions(string place, JsonElement row)
    {
        if (Find(row, "instruction_id_list") is not { } ids)
        {
            return [];
        }

        JsonElement? arguments = Find(row, "kwargs");
        if (
            ids.ValueKind != JsonValueKind.Array
            || ids.EnumerateArray().Any(id => id.ValueKind != JsonValueKind.String)
            || arguments is { ValueKind: not JsonValueKind.Array }
            || (arguments is { } list && list.GetArrayLength() != ids.GetArrayLength())
        )
        {
            throw new SparException(
                $"{place}: instruction_id_list must be a list of ids, and kwargs a list with as many objects."
            );
        }

        return
        [
            .. ids.EnumerateArray()
                .Select(
                    (id, i) =>
                        new RowInstruction(
                            JsonText.Of(id),
                            arguments is { } given && given[i].ValueKind == JsonValueKind.Object ? given[i] : s_none
                        )
                ),
        ];
    }

    private static readonly JsonElement s_none = JsonDocument.Parse("{}").RootElement.Clone();

    private static string? Id(JsonElement row) =>
        (Find(row, "id") ?? Find(row, "key") ?? Find(row, "prompt_id")) switch
        {
            { ValueKind: JsonValueKind.String } text => JsonText.Of(text) is { Length: > 0 } id ? id : null,
            { ValueKind: JsonValueKind.Number } number => number.TryGetInt64(out long id)
                ? id.ToString(CultureInfo.InvariantCulture)
                : number.GetRawText(),
            _ => null,
        };

    private static string? Text(string place, JsonElement row, string field) =>
        Find(row, field) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text => JsonText.Of(text),
            _ => throw new SparException($"{place}: field {field} must be a text."),
        };

    private static JsonElement? Find(JsonElement row, string field) =>
        row.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
