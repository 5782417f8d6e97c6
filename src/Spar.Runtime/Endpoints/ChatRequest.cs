using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;

namespace Spar.Runtime.Endpoints;

/// <summary>Writes calls as servers of OpenAI's interface take them.</summary>
internal static class ChatRequest
{
    // The most that the interface lets a client ask for.
    private const int TopLogProbabilities = 20;

    /// <summary>Members that a call itself decides, or that would change how its answer comes.</summary>
    public static readonly IReadOnlyList<string> Reserved =
    [
        "model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "seed", "stop", "logprobs",
        "top_logprobs", "n", "best_of", "stream", "stream_options",
    ];

    /// <summary>The body of a call.</summary>
    /// <param name="model">The served model's name.</param>
    /// <param name="messages">The turns, oldest first.</param>
    /// <param name="options">How to answer; what they do not say is the server's to choose.</param>
    /// <param name="limitName">By which name the server takes the limit of new tokens.</param>
    /// <param name="weighs">Whether the likeliest tokens at each place are asked for too.</param>
    /// <param name="more">Members beside them; none of <see cref="Reserved"/>.</param>
    public static ReadOnlyMemory<byte> Write(
        string model, IEnumerable<ChatMessage> messages, ChatOptions options, string limitName, bool weighs,
        IReadOnlyList<(string Name, JsonElement Value)> more)
    {
        ArrayBufferWriter<byte> buffer = new();
        using Utf8JsonWriter json = new(buffer, JsonSettings.CompactWriter);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteStartArray("messages");
        foreach (ChatMessage message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role.Value);
            json.WriteString("content", Whole(message.Text));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (options.MaxOutputTokens is { } limit)
        {
            json.WriteNumber(limitName, limit);
        }

        if (options.Temperature is { } temperature)
        {
            json.WriteNumber("temperature", temperature);
        }

        if (options.TopP is { } topP)
        {
            json.WriteNumber("top_p", topP);
        }

        if (options.Seed is { } seed)
        {
            json.WriteNumber("seed", Seed(seed));
        }

        if (options.Seeds() is { } seeds)
        {
            json.WriteNumber("n", seeds.Count);
        }

        if (options.StopSequences is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop");
            foreach (string stop in stops)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        if (weighs)
        {
            json.WriteBoolean("logprobs", true);
            json.WriteNumber("top_logprobs", TopLogProbabilities);
        }

        foreach ((string name, JsonElement value) in more)
        {
            json.WritePropertyName(name);
            value.WriteTo(json);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>
    /// A seed that every server takes: below 2^31, since some keep it in 32 bits with a sign and others in a floating
    /// point number.
    /// </summary>
    /// <param name="seed">Any seed; one that is small enough stays as it is.</param>
    public static int Seed(long seed) =>
        (int)((seed ^ (seed >>> 31) ^ (seed >>> 62)) & int.MaxValue);

    // A half of a surrogate pair, which an earlier answer may hold, cannot be sent.
    private static string Whole(string text) =>
        text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF')
            ? string.Concat(text.EnumerateRunes().Select(rune => rune.ToString()))
            : text;
}
