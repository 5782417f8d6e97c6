using System.Text.Json;
using Spar.Ground;

namespace Spar.Web.Mock;

/// <summary>A request for a chat completion, as far as a mock server looks at it.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Prompt">The last turn's text.</param>
/// <param name="Sampling">Everything else that an answer depends on, as text.</param>
/// <param name="Choices">Choices wanted, at least 1.</param>
/// <param name="MostTokens">Most tokens of a choice.</param>
internal sealed record MockRequest(string Model, string Prompt, string Sampling, int Choices, int MostTokens)
{
    private static readonly string[] s_sampling = ["seed", "temperature", "top_p"];

    /// <summary>The same for the same question with the same seed.</summary>
    public ulong Identity => StableHash.Of($"{Prompt}\0{Sampling}\0{Choices}");

    /// <summary>Reads a body; null where it is no request, or one for a stream.</summary>
    public static async Task<MockRequest?> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            using JsonDocument document = await JsonDocument
                .ParseAsync(body, default, cancellationToken).ConfigureAwait(false);
            JsonElement root = document.RootElement;
            JsonElement messages = root.GetProperty("messages");
            if (root.TryGetProperty("stream", out JsonElement stream) && stream.ValueKind == JsonValueKind.True)
            {
                return null;
            }

            string before = string.Concat(messages.EnumerateArray().SkipLast(1).Select(turn => turn.GetRawText()));
            string sampling = string.Join(
                ' ',
                s_sampling.Select(name => root.TryGetProperty(name, out JsonElement value) ? value.GetRawText() : "-"));
            return new MockRequest(
                root.GetProperty("model").GetString() ?? "",
                messages[messages.GetArrayLength() - 1].GetProperty("content").GetString() ?? "",
                $"{sampling} {before}",
                root.TryGetProperty("n", out JsonElement n) ? Math.Clamp(n.GetInt32(), 1, 1000) : 1,
                Limit("max_tokens") ?? Limit("max_completion_tokens") ?? int.MaxValue);

            int? Limit(string name) =>
                root.TryGetProperty(name, out JsonElement limit) && limit.ValueKind == JsonValueKind.Number
                    ? Math.Max(1, limit.GetInt32())
                    : null;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException
            or IndexOutOfRangeException or FormatException)
        {
            return null;
        }
    }
}
