using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Runtime.Endpoints;

/// <summary>A reply that holds no answer.</summary>
/// <param name="why">What is wrong with it.</param>
internal sealed class ReplyFaultException(string why) : Exception(why);

/// <summary>
/// Reads the answers of a chat completion as servers write them: content as a text or in parts, thoughts apart under
/// either name, reasons to end in any word or as an object, usage that is absent, numbers of any kind. What it does not
/// know it overlooks.
/// </summary>
/// <param name="Response">The answer; thoughts that came apart are a content of their own.</param>
/// <param name="Tokens">Its tokens with what was likely in their places; empty where the server does not say.</param>
internal sealed record ChatReply(ChatResponse Response, IReadOnlyList<AnswerToken> Tokens)
{
    /// <summary>Reads the first answer of a reply.</summary>
    /// <param name="reply">The body.</param>
    /// <exception cref="ReplyFaultException">There is no answer in it, or the server broke it off.</exception>
    public static ChatReply Read(JsonElement reply) => Read(reply, Choice(reply), Usage(reply));

    /// <summary>Reads all answers of a reply. The count of tokens, which is that of all, stands with the first.</summary>
    /// <param name="reply">The body.</param>
    /// <param name="count">How many were asked for, at least 1.</param>
    /// <returns>By their place; null where one is missing or has nothing in it that could be used.</returns>
    /// <exception cref="ReplyFaultException">There is no first answer in it, or the server broke it off.</exception>
    public static IReadOnlyList<ChatReply?> ReadAll(JsonElement reply, int count)
    {
        ChatReply?[] answers = new ChatReply?[count];
        answers[0] = Read(reply);
        JsonElement[] all = [.. (reply.Get("choices") ?? default(JsonElement?)).Items()];
        foreach ((int place, JsonElement choice) in all.Index())
        {
            if (choice.ValueKind != JsonValueKind.Object
                || (choice.Get("index").Count() ?? place) is not (> 0 and long at) || at >= count
                || !HasMessage(choice))
            {
                continue;
            }

            try
            {
                answers[at] = Read(reply, choice, null);
            }
            catch (ReplyFaultException)
            {
                // It is asked for alone.
            }
        }

        return answers;
    }

    private static ChatReply Read(JsonElement reply, JsonElement choice, UsageDetails? usage)
    {
        JsonElement message = choice.Get("message") ?? choice.Get("delta") ?? choice;
        List<string> thoughts = [];
        string text = Content(message.Get("content") ?? message.Get("text") ?? default, thoughts);
        foreach (string name in (string[])["reasoning_content", "reasoning", "thinking"])
        {
            if (message.Get(name) is { } thinking && Content(thinking, []) is { } thought
                && !string.IsNullOrWhiteSpace(thought))
            {
                thoughts.Insert(0, thought);
                break;
            }
        }

        string? finish = Finish(choice) ?? reply.Get("done_reason").Text();
        if (text.Length == 0 && message.Get("refusal").Text() is { Length: > 0 } refusal)
        {
            (text, finish) = (refusal, ChatFinishReason.ContentFilter.Value);
        }

        if (message.Get("content") is null && message.Get("text") is null && message.ValueKind != JsonValueKind.Object)
        {
            throw new ReplyFaultException("there is no message in its first choice");
        }

        if (FinishReasons.Read(finish) == FinishReason.Aborted)
        {
            throw new ReplyFaultException($"the server broke the answer off (finish_reason {finish})");
        }

        List<AIContent> contents = [new TextContent(text)];
        if (thoughts.Count > 0)
        {
            contents.Insert(0, new TextReasoningContent(string.Join("\n\n", thoughts)));
        }

        return new ChatReply(
            new ChatResponse(new ChatMessage(ChatRole.Assistant, contents))
            {
                FinishReason = string.IsNullOrEmpty(finish) ? null : new ChatFinishReason(finish),
                Usage = usage,
            },
            [.. TokensOf(choice)]);
    }

    private static JsonElement Choice(JsonElement reply)
    {
        if (reply.ValueKind != JsonValueKind.Object)
        {
            throw new ReplyFaultException("it is no object with choices");
        }

        if (reply.Get("choices") is not { } choices)
        {
            return reply.Get("message") is { ValueKind: JsonValueKind.Object }
                ? reply
                : throw new ReplyFaultException("there are no choices in it");
        }

        JsonElement[] all = [.. ((JsonElement?)choices).Items().Where(item => item.ValueKind == JsonValueKind.Object)];
        JsonElement choice = all.FirstOrDefault(item => item.Get("index").Count() == 0, all.FirstOrDefault());
        return choice.ValueKind != JsonValueKind.Object
            ? throw new ReplyFaultException("its list of choices is empty")
            : !HasMessage(choice)
                ? throw new ReplyFaultException("there is no message in its first choice")
                : choice;
    }

    private static bool HasMessage(JsonElement choice) =>
        choice.Get("message") is not null || choice.Get("delta") is not null || choice.Get("text") is not null;

    // Texts of all parts together; parts that are thoughts go to the thoughts.
    private static string Content(JsonElement content, List<string> thoughts)
    {
        switch (content.ValueKind)
        {
            case JsonValueKind.String:
                return ((JsonElement?)content).Text()!;
            case JsonValueKind.Array:
                return string.Concat(content.EnumerateArray().Select(part => Content(part, thoughts)));
            case JsonValueKind.Object:
                bool thinks = content.Get("type").Text() is { } type
                    && (type.Contains("think", StringComparison.OrdinalIgnoreCase)
                        || type.Contains("reason", StringComparison.OrdinalIgnoreCase));
                JsonElement inner = content.Get("text") ?? content.Get("thinking") ?? content.Get("content")
                    ?? content.Get("value") ?? default;
                string text = Content(inner, thoughts);
                if (!thinks)
                {
                    return text;
                }

                thoughts.Add(text);
                return "";
            default:
                return "";
        }
    }

    // SGLang's native reply has an object with a type; some servers number their reasons, which says nothing.
    private static string? Finish(JsonElement choice)
    {
        JsonElement? finish = choice.Get("finish_reason") ?? choice.Get("done_reason");
        return finish is { ValueKind: JsonValueKind.Object } inner ? inner.Get("type").Text() : finish.Text();
    }

    private static UsageDetails? Usage(JsonElement reply)
    {
        JsonElement usage = reply.Get("usage") ?? default;
        long? input = (usage.Get("prompt_tokens") ?? usage.Get("input_tokens") ?? reply.Get("prompt_eval_count")).Count();
        long? output =
            (usage.Get("completion_tokens") ?? usage.Get("output_tokens") ?? reply.Get("eval_count")).Count();
        return input is null && output is null
            ? null
            : new UsageDetails { InputTokenCount = input, OutputTokenCount = output };
    }

    private static IEnumerable<AnswerToken> TokensOf(JsonElement choice)
    {
        JsonElement logProbs = choice.Get("logprobs") ?? default;
        if (logProbs.Get("content") is { ValueKind: JsonValueKind.Array } tokens)
        {
            return tokens.EnumerateArray().Where(token => token.Get("token") is not null).Select(token =>
                new AnswerToken(
                    token.Get("token").Text() ?? "",
                    [.. token.Get("top_logprobs").Items().Select(Weighed).OfType<(string, double)>()])
                {
                    Bytes = Bytes(token.Get("bytes")),
                });
        }

        // The form of plain completions, which older servers use for chats too.
        JsonElement[] tops = [.. logProbs.Get("top_logprobs").Items()];
        return logProbs.Get("tokens").Items().Select((token, i) => new AnswerToken(
            ((JsonElement?)token).Text() ?? "",
            i < tops.Length && tops[i].ValueKind == JsonValueKind.Object
                ? [.. tops[i].EnumerateObject().Select(top => (top.Name, ((JsonElement?)top.Value).Number()))
                    .Where(top => top.Item2 is not null).Select(top => (top.Name, top.Item2!.Value))]
                : []));
    }

    private static (string, double)? Weighed(JsonElement top) =>
        top.Get("token").Text() is { } token && top.Get("logprob").Number() is { } weight ? (token, weight) : null;

    private static ReadOnlyMemory<byte>? Bytes(JsonElement? bytes)
    {
        // Not as one expression: null would become an empty memory.
        if (bytes is not { ValueKind: JsonValueKind.Array } list
            || !list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetByte(out _)))
        {
            return null;
        }

        return new ReadOnlyMemory<byte>([.. list.EnumerateArray().Select(item => item.GetByte())]);
    }
}
