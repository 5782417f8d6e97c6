using System.Text.Json;
using Spar.Engine.Files;

namespace Spar.Engine.Checkpoints;

/// <summary>
/// What a checkpoint's <c>generation_config.json</c> says: where a generation ends, and how its makers sample. Nothing
/// of it is assumed where the file is absent or does not say.
/// </summary>
public sealed record GenerationConfig
{
    /// <summary>The file's name in a checkpoint's folder.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Ids that end a generation, in the file's order; may be empty.</summary>
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>False for greedy decoding, true for sampling, null when the file does not say.</summary>
    public bool? DoSample { get; init; }

    /// <summary>Temperature of the sampling, or null.</summary>
    public double? Temperature { get; init; }

    /// <summary>Least probability that the kept tokens have together, or null.</summary>
    public double? TopP { get; init; }

    /// <summary>Number of tokens that are kept, or null.</summary>
    public int? TopK { get; init; }

    /// <summary>Least probability of a kept token in relation to the most likely one, or null.</summary>
    public double? MinP { get; init; }

    /// <summary>Factor by which tokens that stand in the context become less likely, or null.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Reads the file from a checkpoint's folder; all is empty when it is not there.</summary>
    /// <exception cref="EngineException">The file is broken; names the key.</exception>
    public static GenerationConfig Load(string directory)
    {
        string path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
        {
            return new GenerationConfig();
        }

        JsonFile json = JsonFile.Read(path);
        return new GenerationConfig
        {
            EosTokenIds = ReadIds(json["eos_token_id"]),
            DoSample = json["do_sample"] is { IsNull: false } sample ? sample.Bool() : null,
            Temperature = Number("temperature"),
            TopP = Number("top_p"),
            TopK = json["top_k"] is { IsNull: false } top ? top.Int() : null,
            MinP = Number("min_p"),
            RepetitionPenalty = Number("repetition_penalty"),
        };

        double? Number(string key) => json[key] is { IsNull: false } value ? value.Number() : null;
    }

    /// <summary>
    /// Ids of tokens in any spelling that is in use: one number, a list, null; null and -1 stand for none.
    /// </summary>
    internal static IReadOnlyList<int> ReadIds(JsonFile value) => value switch
    {
        { IsNull: true } => [],
        { Element.ValueKind: JsonValueKind.Array } => [.. value.Items().SelectMany(ReadIds)],
        { Element: var element } when element.GetRawText() == "-1" => [],
        _ => [value.Int()],
    };
}
