using System.Text.Json;
using System.Text.Json.Serialization;

namespace Spar.Templates;

/// <summary>The marks by which a model's outputs are taken apart (<c>format.json</c> of a prompt set).</summary>
/// <param name="Verdict">Stands before the yes or no that ends a judgement, such as "final judgement:".</param>
/// <param name="ResponseStart">Stands before the refined response.</param>
/// <param name="ResponseEnd">Stands after the refined response; null when the response goes on to the end of the text.</param>
public sealed record OutputFormat(string Verdict, string ResponseStart, string? ResponseEnd)
{
    private static readonly JsonSerializerOptions _strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Reads format.json.</summary>
    /// <param name="file">What to call it in messages.</param>
    /// <param name="json">Its text.</param>
    /// <exception cref="SparException">It is not JSON, has an unknown key, or lacks a mark.</exception>
    public static OutputFormat Parse(string file, string json)
    {
        OutputFormat? format;
        try
        {
            format = JsonSerializer.Deserialize<OutputFormat>(json, _strict);
        }
        catch (JsonException fault)
        {
            throw new SparException($"{file} cannot be read: {fault.Message} It holds the keys verdict, responseStart and responseEnd.", fault);
        }

        if (string.IsNullOrWhiteSpace(format?.Verdict))
        {
            throw new SparException($"{file} lacks the key verdict: the mark before yes or no in a judgement.");
        }

        if (string.IsNullOrWhiteSpace(format.ResponseStart))
        {
            throw new SparException($"{file} lacks the key responseStart: the mark before a refined response.");
        }

        return format.ResponseEnd is { } end && string.IsNullOrWhiteSpace(end)
            ? throw new SparException($"{file}: responseEnd is empty. Use null where the response goes on to the end of the text.")
            : format;
    }
}
