using System.Text.Json;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval;

/// <summary>How a count is compared with the number asked for.</summary>
internal enum Relation
{
    AtLeast,
    LessThan,
}

/// <summary>
/// The arguments of one instruction, by name. As in the reference, an argument whose value is null, zero, false or empty counts as
/// absent; names that a check does not ask for are ignored.
/// </summary>
public sealed class InstructionArguments
{
    private readonly Dictionary<string, JsonElement> values = [];

    /// <summary>Takes the arguments from a JSON object.</summary>
    /// <param name="arguments">An object from argument name to number, text or list of texts; it is copied.</param>
    /// <exception cref="EvaluationException">The JSON value is no object.</exception>
    public InstructionArguments(JsonElement arguments)
    {
        if (arguments.ValueKind != JsonValueKind.Object)
        {
            throw new EvaluationException($"instruction arguments are a JSON object from name to value, not {arguments.ValueKind.ToString().ToLowerInvariant()}");
        }

        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            values[argument.Name] = argument.Value.Clone();
        }

        foreach (string name in values.Where(v => IsFalsy(v.Value)).Select(v => v.Key).ToList())
        {
            values.Remove(name);
        }
    }

    private InstructionArguments()
    {
    }

    /// <summary>No arguments.</summary>
    public static InstructionArguments None { get; } = new();

    /// <summary>The names of the arguments that are present.</summary>
    public IReadOnlyCollection<string> Names => values.Keys;

    /// <summary>Takes the arguments from JSON text, for instance <c>{"num_words": 300, "relation": "at least"}</c>.</summary>
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
            throw new EvaluationException($"instruction arguments are no JSON: {fault.Message}", fault);
        }
    }

    /// <summary>A whole number, at least 1.</summary>
    internal int Count(string name)
    {
        JsonElement value = Require(name);
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number is >= 1 and <= int.MaxValue && number == Math.Floor(number)
            ? (int)number
            : throw new EvaluationException($"argument '{name}' is {value.GetRawText()}; it must be a whole number of at least 1");
    }

    /// <summary>A text that is not empty.</summary>
    internal string Text(string name)
    {
        JsonElement value = Require(name);
        return value.ValueKind == JsonValueKind.String
            ? JsonLines.Text(value)
            : throw new EvaluationException($"argument '{name}' is {value.GetRawText()}; it must be a text");
    }

    /// <summary>A list of texts that is not empty.</summary>
    internal List<string> Texts(string name)
    {
        JsonElement value = Require(name);
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(e => e.ValueKind == JsonValueKind.String)
            ? value.EnumerateArray().Select(JsonLines.Text).ToList()
            : throw new EvaluationException($"argument '{name}' is {value.GetRawText()}; it must be a list of texts");
    }

    /// <summary>The relation <c>at least</c> or <c>less than</c>.</summary>
    internal Relation Relation(string name) => Text(name) switch
    {
        "at least" => IFEval.Relation.AtLeast,
        "less than" => IFEval.Relation.LessThan,
        string other => throw new EvaluationException($"argument '{name}' is '{other}'; it must be 'at least' or 'less than'"),
    };

    private JsonElement Require(string name) =>
        values.TryGetValue(name, out JsonElement value) ? value
            : throw new EvaluationException($"argument '{name}' is missing, null, zero or empty; give it a value");

    private static bool IsFalsy(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Number => value.TryGetDouble(out double number) && number == 0,
        JsonValueKind.String => value.ValueEquals(""),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
