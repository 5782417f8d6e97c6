using System.Text.Json;
using Spar.Engine.Files;
using Spar.Ground;

namespace Spar.Engine.Tokenization;

/// <summary>
/// What <c>tokenizer_config.json</c> adds to a tokenizer: which tokens play which part, and the chat template.
/// </summary>
public sealed record TokenizerConfig
{
    private static readonly string[] s_olderNames = ["sep_token", "cls_token", "mask_token"];

    /// <summary>The token that begins a sequence, or null.</summary>
    public string? BosToken { get; init; }

    /// <summary>The token that ends a turn or sequence, or null.</summary>
    public string? EosToken { get; init; }

    /// <summary>The token that fills up a batch, or null.</summary>
    public string? PadToken { get; init; }

    /// <summary>The token for unknown text, or null.</summary>
    public string? UnkToken { get; init; }

    /// <summary>
    /// Further special tokens by the names under which chat templates know them: <c>sep_token</c>, <c>cls_token</c>,
    /// <c>mask_token</c>, and those of the model's own.
    /// </summary>
    public IReadOnlyDictionary<string, string> OtherTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>Special tokens without a part of their own.</summary>
    public IReadOnlyList<string> AdditionalTokens { get; init; } = [];

    /// <summary>The chat template, Jinja text, or null when the checkpoint has none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Longest sequence in tokens, or null when the file does not say.</summary>
    public int? MaxLength { get; init; }

    /// <summary>The tokens as variables of a chat template: those that are set, by their names.</summary>
    internal IEnumerable<KeyValuePair<string, object?>> NamedTokens
    {
        get
        {
            (string Name, object? Value)[] tokens =
            [
                ("bos_token", BosToken), ("eos_token", EosToken), ("pad_token", PadToken), ("unk_token", UnkToken),
                .. OtherTokens.Select(token => (token.Key, (object?)token.Value)),
                ("additional_special_tokens", AdditionalTokens.Count > 0 ? AdditionalTokens.ToList<object?>() : null),
            ];
            return tokens.Where(token => token.Value is not null).Select(token =>
                KeyValuePair.Create(token.Name, token.Value));
        }
    }

    /// <summary>
    /// Reads the file from a folder; all is null when it is not there. Tokens that it lacks are taken from
    /// <c>special_tokens_map.json</c>. The template may be in the file (newer: in <c>chat_template.jinja</c> beside it,
    /// which wins), as one text or as a list of named ones, of which "default" is taken.
    /// </summary>
    internal static TokenizerConfig Load(string directory)
    {
        string path = Path.Combine(directory, "tokenizer_config.json");
        string map = Path.Combine(directory, "special_tokens_map.json");
        string template = Path.Combine(directory, "chat_template.jinja");
        JsonFile? json = File.Exists(path) ? JsonFile.Read(path) : null;
        JsonFile? older = File.Exists(map) ? JsonFile.Read(map) : null;
        Dictionary<string, string> others = new(StringComparer.Ordinal);
        foreach (string name in s_olderNames)
        {
            if (Token(name) is { } token)
            {
                others[name] = token;
            }
        }

        if (json?["extra_special_tokens"] is { Element.ValueKind: JsonValueKind.Object } extra)
        {
            foreach ((string name, JsonFile value) in extra.Properties())
            {
                others[name] = ReadToken(value) ?? throw value.Fault("must be a token");
            }
        }

        TokenizerConfig config = new()
        {
            BosToken = Token("bos_token"),
            EosToken = Token("eos_token"),
            PadToken = Token("pad_token"),
            UnkToken = Token("unk_token"),
            OtherTokens = others,
            AdditionalTokens = Value("additional_special_tokens") is { IsNull: false } more
                ? [.. more.Items().Select(token => ReadToken(token) ?? throw token.Fault("must be a token"))] : [],
            ChatTemplate = json is { } file ? ReadTemplate(file["chat_template"]) : null,
            MaxLength = json?["model_max_length"] is { Element.ValueKind: JsonValueKind.Number } length
                && length.Element.TryGetInt32(out int tokens) ? tokens : null,
        };

        try
        {
            return File.Exists(template) ? config with { ChatTemplate = File.ReadAllText(template) } : config;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException($"Cannot read '{template}': {e.Message}", e);
        }

        JsonFile? Value(string name) => json?[name] is { IsNull: false } value ? value : older?[name];

        string? Token(string name) => Value(name) is { } value ? ReadToken(value) : null;
    }

    /// <summary>Writes the file in the older layout, which every version of Transformers and vLLM reads.</summary>
    internal void Save(string path) => AtomicFile.Write(path, stream =>
    {
        using Utf8JsonWriter json = new(stream, JsonSettings.ReadableWriter);
        json.WriteStartObject();
        foreach ((string key, object? token) in NamedTokens)
        {
            if (token is string text && (s_olderNames.Contains(key) || !OtherTokens.ContainsKey(key)))
            {
                json.WriteString(key, text);
            }
        }

        WriteList(json, "additional_special_tokens", AdditionalTokens);
        WriteExtra(json);

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

    private static void WriteList(Utf8JsonWriter json, string key, IReadOnlyList<string> tokens)
    {
        if (tokens.Count > 0)
        {
            json.WriteStartArray(key);
            foreach (string token in tokens)
            {
                json.WriteStringValue(token);
            }

            json.WriteEndArray();
        }
    }

    private void WriteExtra(Utf8JsonWriter json)
    {
        KeyValuePair<string, string>[] extra = [.. OtherTokens.Where(token => !s_olderNames.Contains(token.Key))];
        if (extra.Length > 0)
        {
            json.WriteStartObject("extra_special_tokens");
            foreach ((string name, string token) in extra)
            {
                json.WriteString(name, token);
            }

            json.WriteEndObject();
        }
    }

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
