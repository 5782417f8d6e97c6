using System.Text.RegularExpressions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Gsm8k;

/// <summary>
/// Takes the final number out of a solution and compares it, with the patterns of lm-eval's gsm8k tasks, oddities
/// included.
/// </summary>
public static partial class NumberExtraction
{
    /// <summary>What an extraction gives where it finds nothing.</summary>
    public const string Invalid = "[invalid]";

    /// <summary>
    /// First "The answer is N" with one more character after N, any but a line feed: at the end of the text N gives up
    /// its last character.
    /// </summary>
    /// <param name="response">The solution.</param>
    public static string StrictChainOfThought(string response) => FirstGroup(ChainOfThought().Match(response));

    /// <summary>First "#### N".</summary>
    /// <param name="response">The solution.</param>
    public static string StrictHash(string response) => FirstGroup(Hash().Match(response));

    /// <summary>The last thing that looks like a number, currency sign included.</summary>
    /// <param name="response">The solution.</param>
    public static string Flexible(string response) => FirstGroup(Number().Matches(response).LastOrDefault());

    /// <summary>
    /// Whether an extracted number equals the gold one as text, after commas, then dollar signs, then everything up to
    /// the last "#### ", then one final full stop are removed from both, and both are lower-cased.
    /// </summary>
    /// <param name="prediction">The extracted text.</param>
    /// <param name="gold">The gold number, or a whole gold answer that ends in "#### number".</param>
    public static bool Same(string prediction, string gold) => Normalize(prediction) == Normalize(gold);

    private static string Normalize(string text) =>
        PythonText.Lower(FinalStop().Replace(UpToHash().Replace(text.Replace(",", "").Replace("$", ""), ""), ""));

    private static string FirstGroup(Match? match) =>
        match is { Success: true }
            ? match
                .Groups.Values.Skip(1)
                .Select(group => PythonText.Strip(group.Value))
                .FirstOrDefault(text => text.Length > 0)
                ?? Invalid
            : Invalid;

    [GeneratedRegex(@"The answer is (-?[0-9.,]+).")]
    private static partial Regex ChainOfThought();

    [GeneratedRegex(@"#### (-?[0-9.,]+)")]
    private static partial Regex Hash();

    [GeneratedRegex(@"(-?[$0-9.,]{2,})|(-?[0-9]+)")]
    private static partial Regex Number();

    [GeneratedRegex(@"^.*#### ", RegexOptions.Singleline)]
    private static partial Regex UpToHash();

    [GeneratedRegex(@"\.$")]
    private static partial Regex FinalStop();
}
