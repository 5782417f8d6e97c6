using System.Text.Json;
using Spar.Engine.Files;
using Spar.Ground;

namespace Spar.Engine.Tokenization;

/// <summary>
/// What <c>tokenizer_config.json</c> adds to a tokenizer: which tokens play which part, and the chat template.
/// </summary>
public sealed record TokenizerConfig
{
    /// <summary>The token that begins a sequence, or null.</summary>
    public string? BosToken { get; init; }

    /// <summary>The token that ends a turn or sequence, or null.</summary>
    public string? EosToken { get; init; }

    /// <summary>The token that fills up a batch, or null.</summary>
    public string? PadToken { get; init; }

    /// <summary>The token for unknown text, or null.</summary>
    public string? UnkToken { get; init; }

    /// <summary>The chat template, Jinja text, or null when the checkpoint has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Longest sequence in tokens, or null when the file does not say.</summary>
    public int? MaxLength { get; init; }

    /// <summary>
    /// Reads the file from a folder; all is null when it is not there. The template may be in the file (newer: in
    /// <c>chat_template.jinja</c> beside it, which wins), as one text or as a list of named ones, of which "default" is
    /// taken.
    /// </summary>
    internal static TokenizerConfig Load(string directory)
    {
        string path = Path.Combine(directory, "tokenizer_config.json");
        string template = Path.Combine(directory, "chat_template.jinja");
        TokenizerConfig config = new();
        if (File.Exists(path))
        {
            JsonFile json = JsonFile.Read(path);
            config = new TokenizerConfig
            {
                BosToken = ReadToken(json["bos_token"]),
                EosToken = ReadToken(json["eos_token"]),
                PadToken = ReadToken(json["pad_token"]),
                UnkToken = ReadToken(json["unk_token"]),
                ChatTemplate = ReadTemplate(json["chat_template"]),
                MaxLength = json["model_max_length"] is { Element.ValueKind: JsonValueKind.Number } length
                    && length.Element.TryGetInt32(out int tokens)
                    ? tokens
                    : null,
            };
        }

        try
        {
            return File.Exists(template) ? config with { ChatTemplate = File.ReadAllText(template) } : config;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"Cannot read '{template}': {e.Message}", e);
        }
    }

    /// <summary>Writes the file in the older layout, which every version of Transformers and vLLM reads.</summary>
    internal void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using Utf8JsonWriter json = new(stream, JsonSettings.ReadableWriter);
        json.WriteStartObject();
        (string Key, string? Token)[] tokens =
            [("bos_token", BosToken), ("eos_token", EosToken), ("pad_token", PadToken), ("unk_token", UnkToken)];
        foreach ((string key, string? token) in tokens)
        {
            if (token is not null)
            {
                json.WriteString(key, token);
            }
        }

        json.WriteBoolean("clean_up_tokenization_spaces", false);
        if (MaxLength is int length)
        {
            json.WriteNumber("model_max_length", length);
        }

        json.WriteString("tokenizer_class", "PreTrainedTokenizerFast");
        if (ChatTemplate is not null)
        {
            json.WriteString("chat_template", ChatTemplate);
        }

        json.WriteEndObject();
        json.Flush();
        stream.WriteByte((byte)'\n');
    });

    // Either the text itself or an object that describes the token.
    private static string? ReadToken(JsonFile json) =>
        json.IsNull ? null : json.Element.ValueKind == JsonValueKind.Object ? json["content"].Text() : json.Text();

    private static string? ReadTemplate(JsonFile json)
    {
        if (json.IsNull || json.Element.ValueKind == JsonValueKind.String)
        {
            return json.IsNull ? null : json.Text();
        }

        foreach (JsonFile named in json.Items())
        {
            if (named["name"].Text() == "default")
            {
                return named["template"].Text();
            }
        }

        throw json.Fault("must have a template named 'default'");
    }
}
