using System.Text.RegularExpressions;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Mending;

/// <summary>Edits of letters and marks.</summary>
internal static partial class LetterEdits
{
    /// <summary>Takes the commas out; numbers keep their digits together.</summary>
    public static string WithoutCommas(Draft draft) => Comma().Replace(draft.Text, "");

    /// <summary>Puts so many words into capitals, or takes so many out of them.</summary>
    public static string? Capitals(Draft draft, InstructionArguments arguments)
    {
        int wanted = arguments.Count("capital_frequency");
        string text = draft.Text;
        if (arguments.Relation("capital_relation") == Relation.LessThan)
        {
            return Upper().Replace(text, match => match.Length > 1
                ? match.Value[0] + match.Value[1..].ToLowerInvariant()
                : match.Value);
        }

        int missing = wanted - WordTokenizer.Tokens(text).Count(PythonText.IsUpper);
        string raised = LongWord().Replace(
            text, match => missing > 0 && draft.Random.Chance(0.35) && missing-- > 0
                ? match.Value.ToUpperInvariant()
                : match.Value);
        return LongWord().Replace(
            raised, match => missing > 0 && match.Value.Any(char.IsLower) && missing-- > 0
                ? match.Value.ToUpperInvariant()
                : match.Value);
    }

    [GeneratedRegex(",")]
    private static partial Regex Comma();

    [GeneratedRegex(@"\b\p{Lu}[\p{Lu}']*\b")]
    private static partial Regex Upper();

    [GeneratedRegex(@"\b[a-z]{5,}\b")]
    private static partial Regex LongWord();
}
