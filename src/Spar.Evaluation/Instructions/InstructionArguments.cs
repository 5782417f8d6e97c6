using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.Text;
using Spar.Ground;

namespace Spar.Evaluation.Instructions;

/// <summary>How a count is compared with the number asked for.</summary>
internal enum Relation
{
    AtLeast,
    LessThan,
}

/// <summary>
/// The arguments of one instruction, by name. An argument whose value is null counts as absent. So does, as in IFEval's
/// reference, one that is zero, false or empty, where a check needs a value that is none of these; other checks take
/// zero and the empty text as they are.
/// </summary>
public sealed class InstructionArguments
{
    private const int LongestShown = 80;

    private readonly Dictionary<string, JsonElement> _values = [];

    /// <summary>Takes the arguments from a JSON object.</summary>
    /// <param name="arguments">An object from argument name to number, text or list of texts; it is copied.</param>
    /// <exception cref="EvaluationException">The JSON value is no object.</exception>
    public InstructionArguments(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
        {
            string kind = arguments.ValueKind.ToString().ToLowerInvariant();
            throw new EvaluationException($"instruction arguments are a JSON object from name to value, not {kind}");
        }

        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            if (argument.Value.ValueKind == JsonValueKind.Null)
            {
                _values.Remove(argument.Name);
            }
            else
            {
                _values[argument.Name] = argument.Value.Clone();
            }
        }
    }

    private InstructionArguments()
    {
    }

    /// <summary>No arguments.</summary>
    public static InstructionArguments None { get; } = new();

    /// <summary>
    /// Takes the arguments from JSON text, for instance <c>{"num_words": 300, "relation": "at least"}</c>.
    /// </summary>
    /// <param name="json">A JSON object.</param>
    /// <exception cref="EvaluationException">The text is no JSON object.</exception>
    public static InstructionArguments Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return new InstructionArguments(document.RootElement);
        }
        catch (JsonException fault)
        {
            throw new EvaluationException($"instruction arguments are no JSON: {JsonFaults.Describe(fault)}", fault);
        }
    }

    /// <summary>An argument as it was given.</summary>
    /// <param name="name">Its name, such as <c>num_words</c>.</param>
    /// <returns>Its value; null where it is absent or null.</returns>
    public JsonElement? Find(string name) => _values.TryGetValue(name, out JsonElement value) ? value : null;

    /// <summary>Whether an argument was given.</summary>
    internal bool Has(string name) => _values.ContainsKey(name);

    /// <summary>An argument as it was given.</summary>
    internal JsonElement Json(string name) => Require(name);

    /// <summary>These arguments, if there are none but those named.</summary>
    /// <exception cref="EvaluationException">There is another one.</exception>
    internal InstructionArguments Only(params string[] names)
    {
        string? other = _values.Keys.FirstOrDefault(name => !names.Contains(name));
        return other is null
            ? this
            : throw new EvaluationException($"argument '{other}' is unknown; " + (names.Length == 0
                ? "the instruction takes none"
                : $"the instruction takes {string.Join(", ", names)}"));
    }

    /// <summary>A whole number of at least 1; zero counts as absent.</summary>
    internal int Count(string name)
    {
        JsonElement value = RequireTruthy(name);
        return WholeNumber(value) is int number and >= 1
            ? number
            : throw Unfit(name, value, "a whole number of at least 1");
    }

    /// <summary>A whole number of at least <paramref name="least"/>, zero like any other.</summary>
    internal int Integer(string name, int least = 0)
    {
        JsonElement value = Require(name);
        string range = least == int.MinValue ? "" : $" of at least {least}";
        return WholeNumber(value) is int number && number >= least
            ? number
            : throw Unfit(name, value, "a whole number" + range);
    }

    /// <summary>A finite number, whole or not, zero like any other.</summary>
    internal double Number(string name)
    {
        JsonElement value = Require(name);
        return value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number)
            && double.IsFinite(number)
            ? number
            : throw Unfit(name, value, "a number");
    }

    /// <summary>A text; the empty one counts as absent.</summary>
    internal string Text(string name) => AsText(name, RequireTruthy(name));

    /// <summary>A text, the empty one like any other.</summary>
    internal string TextOrEmpty(string name) => AsText(name, Require(name));

    /// <summary>A text, or the first of a list of texts; the empty text and the empty list count as absent.</summary>
    internal string TextOrFirst(string name)
    {
        JsonElement value = RequireTruthy(name);
        return AsText(name, value.ValueKind == JsonValueKind.Array ? value[0] : value);
    }

    /// <summary>A list of texts that is not empty.</summary>
    internal List<string> Texts(string name)
    {
        JsonElement value = RequireTruthy(name);
        return value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? value.EnumerateArray().Select(JsonText.AsWritten).ToList()
            : throw Unfit(name, value, "a list of texts");
    }

    /// <summary>The texts of an argument that is a text or a list; none where it is neither.</summary>
    internal IEnumerable<string> Strings(string name) => Json(name).ValueKind switch
    {
        JsonValueKind.String => [JsonText.AsWritten(Json(name))],
        JsonValueKind.Array => Json(name).EnumerateArray()
            .Where(item => item.ValueKind == JsonValueKind.String).Select(JsonText.AsWritten),
        _ => [],
    };

    /// <summary>The relation <c>at least</c> or <c>less than</c>.</summary>
    internal Relation Relation(string name) => Text(name) switch
    {
        "at least" => Instructions.Relation.AtLeast,
        "less than" => Instructions.Relation.LessThan,
        string other => throw new EvaluationException(
            $"argument '{name}' is '{other}'; it must be 'at least' or 'less than'"),
    };

    private static string AsText(string name, JsonElement value) => value.ValueKind == JsonValueKind.String
        ? JsonText.AsWritten(value)
        : throw Unfit(name, value, "a text");

    private static EvaluationException Unfit(string name, JsonElement value, string wanted)
    {
        string found = value.GetRawText();
        string shown = found.Length > LongestShown ? found[..LongestShown] + "..." : found;
        return new EvaluationException($"argument '{name}' is {shown}; it must be {wanted}");
    }

    private static int? WholeNumber(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number)
            && number is >= int.MinValue and <= int.MaxValue && number == Math.Floor(number)
            ? (int)number
            : null;

    private JsonElement Require(string name) =>
        _values.TryGetValue(name, out JsonElement value) ? value
            : throw new EvaluationException($"argument '{name}' is missing or null; give it a value");

    private JsonElement RequireTruthy(string name) =>
        _values.TryGetValue(name, out JsonElement value) && !IsFalsy(value) ? value
            : throw new EvaluationException($"argument '{name}' is missing, null, zero or empty; give it a value");

    private static bool IsFalsy(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.ValueEquals(""),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
