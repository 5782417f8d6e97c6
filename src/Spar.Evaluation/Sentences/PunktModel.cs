using System.Text.Json;

namespace Spar.Evaluation.Sentences;

/// <summary>How a word type was seen in the training text of a Punkt model.</summary>
[Flags]
internal enum OrthographicContext
{
    None = 0,
    UpperAtStart = 2,
    UpperInside = 4,
    UpperUnknown = 8,
    LowerAtStart = 16,
    LowerInside = 32,
    LowerUnknown = 64,
    Upper = UpperAtStart | UpperInside | UpperUnknown,
    Lower = LowerAtStart | LowerInside | LowerUnknown,
}

/// <summary>The parameters of the English Punkt model (Kiss and Strunk, 2006). Word types are lower-case.</summary>
internal sealed class PunktModel
{
    private readonly HashSet<string> _abbreviations;
    private readonly HashSet<(string, string)> _collocations;
    private readonly HashSet<string> _sentenceStarters;
    private readonly Dictionary<string, OrthographicContext> _contexts;

    private PunktModel(JsonElement root)
    {
        _abbreviations = root.GetProperty("abbrev_types").EnumerateArray().Select(e => e.GetString()!).ToHashSet();
        _collocations = root.GetProperty("collocations")
            .EnumerateArray()
            .Select(e => (e[0].GetString()!, e[1].GetString()!))
            .ToHashSet();
        _sentenceStarters = root.GetProperty("sent_starters").EnumerateArray().Select(e => e.GetString()!).ToHashSet();
        _contexts = root.GetProperty("ortho_context")
            .EnumerateObject()
            .ToDictionary(p => p.Name, p => (OrthographicContext)p.Value.GetInt32());
    }

    /// <summary>The English model that is built in; read once.</summary>
    public static PunktModel English => Loaded.Value;

    private static Lazy<PunktModel> Loaded { get; } = new(Load);

    /// <summary>Whether a type (without its final dot) is a known abbreviation.</summary>
    public bool IsAbbreviation(string type) => _abbreviations.Contains(type);

    /// <summary>Whether two types follow each other so often that a dot between them ends no sentence.</summary>
    public bool IsCollocation(string first, string second) => _collocations.Contains((first, second));

    /// <summary>Whether a type often begins a sentence.</summary>
    public bool IsSentenceStarter(string type) => _sentenceStarters.Contains(type);

    /// <summary>Where and in which case a type was seen; none for an unknown type.</summary>
    public OrthographicContext Context(string type) => _contexts.GetValueOrDefault(type);

    private static PunktModel Load()
    {
        using Stream stream = EmbeddedData.Open("Sentences/english.json.gz");
        using JsonDocument document = JsonDocument.Parse(stream);
        return new PunktModel(document.RootElement);
    }
}
