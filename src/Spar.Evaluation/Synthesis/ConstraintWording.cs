using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Evaluation.Instructions;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// States constraints in words: several wordings for each instruction, with arguments filled in. Numbers are written in
/// digits or in words, and relations by one of several phrases of the same meaning.
/// </summary>
internal static partial class ConstraintWording
{
    private static readonly Lazy<Dictionary<string, string[]>> s_wordings =
        new(() => SynthesisData.Read<Dictionary<string, string[]>>("wordings.json"));

    private static readonly string[] s_relations = ["relation", "let_relation", "capital_relation"];
    private static readonly string[] s_atLeast = ["at least", "no fewer than", "a minimum of"];
    private static readonly string[] s_lessThan = ["less than", "fewer than", "under"];
    private static readonly string[] s_numbers =
    [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
        "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
    ];

    /// <summary>Arguments that are given as they are: positions that are clearer in digits, and marks.</summary>
    private static readonly string[] s_plain =
        ["n_start", "n_end", "percentage", "section_spliter", "postscript_marker", "sep", "options"];

    /// <summary>Whether an instruction can be stated.</summary>
    public static bool Knows(string id) => s_wordings.Value.ContainsKey(id);

    /// <summary>How many wordings an instruction has.</summary>
    public static int CountOf(string id) => s_wordings.Value[id].Length;

    /// <summary>States one constraint.</summary>
    /// <param name="id">A known instruction id.</param>
    /// <param name="arguments">Arguments that its verifier takes.</param>
    /// <param name="random">Chooses wording, digits or words, and synonyms.</param>
    public static string Render(string id, InstructionArguments arguments, SeededRandom random) =>
        Fill(random.Pick(s_wordings.Value[id]), arguments, random);

    /// <summary>States constraints, in their order.</summary>
    /// <param name="constraints">The constraints.</param>
    /// <param name="random">As for one.</param>
    public static IReadOnlyList<string> Render(IEnumerable<Constraint> constraints, SeededRandom random) =>
        [.. constraints.Select(one => Render(one.Form.Id, one.Arguments, random))];

    private static string Fill(string wording, InstructionArguments arguments, SeededRandom random)
    {
        bool inWords = random.Chance(0.5);
        bool doubleQuotes = random.Chance(0.5);
        return Placeholder().Replace(wording, match => match.Groups[1].Value switch
        {
            "at_least" => random.Pick(s_atLeast),
            "relation" => random.Pick(Relation(arguments)),
            "language" => LanguageName(arguments.Json("language").GetString()!),
            string name => Value(name, arguments.Json(name), inWords, doubleQuotes),
        });
    }

    private static string[] Relation(InstructionArguments arguments) =>
        arguments.Relation(Array.Find(s_relations, arguments.Has)!) == Instructions.Relation.AtLeast
            ? s_atLeast
            : s_lessThan;

    private static string Value(string name, JsonElement value, bool inWords, bool doubleQuotes) =>
        value.ValueKind switch
        {
            JsonValueKind.Number => Number(value.GetDouble(), inWords && !s_plain.Contains(name)),
            JsonValueKind.Array => Join(
                [.. value.EnumerateArray().Select(item => Quote(item.GetString()!, doubleQuotes))]),
            JsonValueKind.String when s_plain.Contains(name) => value.GetString()!,
            JsonValueKind.String => Quote(value.GetString()!, doubleQuotes),
            _ => value.GetRawText(),
        };

    private static string Number(double number, bool inWords) =>
        inWords && number >= 0 && number < s_numbers.Length && number == Math.Floor(number)
            ? s_numbers[(int)number]
            : number.ToString(CultureInfo.InvariantCulture);

    private static string Quote(string text, bool doubleQuotes) =>
        doubleQuotes || text.Contains('\'', StringComparison.Ordinal) ? $"\"{text}\"" : $"'{text}'";

    private static string Join(string[] items) =>
        items.Length == 1 ? items[0] : $"{string.Join(", ", items[..^1])} and {items[^1]}";

    private static string LanguageName(string code) =>
        Vocabulary.BuiltIn.LanguageNames.GetValueOrDefault(code, $"the language with the code '{code}'");

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Placeholder();
}
