using System.Text;
using System.Text.RegularExpressions;
using Spar.Evaluation.InstructionFollowing;

namespace Spar.Evaluation.Integrity;

/// <summary>
/// Checks a response a second time by an equivalent of its constraints: whatever is asked for by number must be there
/// so often when repetitions count once. "Use the word garden five times" is then not met by "garden garden garden
/// garden garden", nor "fifteen sentences" by one sentence fifteen times.
/// </summary>
public static partial class Recheck
{
    /// <summary>The instructions that repetition can satisfy.</summary>
    private static readonly HashSet<string> s_counting =
    [
        "keywords:frequency", "keywords:word_count_different_numbers", "keywords:letter_frequency",
        "letters:letter_counting", "letters:letter_counting2", "length_constraints:number_sentences",
        "length_constraints:number_words", "length_constraints:number_paragraphs",
        "detectable_format:number_bullet_lists",
        "detectable_format:number_highlighted_sections", "detectable_format:multiple_sections",
        "change_case:capital_word_frequency", "count:word_count_range", "count:pronouns", "count:keywords_multiple",
        "count:count_increment_word", "format:list", "format:sub-bullets",
        "format:no_bullets_bullets", "ratio:sentence_balance", "ratio:sentence_type",
    ];

    /// <summary>The instructions that a response follows, but not when repetitions count once.</summary>
    /// <param name="prompt">The prompt with its constraints.</param>
    /// <param name="response">The response.</param>
    /// <returns>Their ids; empty where the second check agrees with the first.</returns>
    public static IReadOnlyList<string> Fails(InstructionPrompt prompt, string response)
    {
        string? once = null;
        return
        [
            .. prompt.Instructions
                .Where(one => s_counting.Contains(one.Id) && one.Verifier.Verify(response).Followed
                    && !one.Verifier.Verify(once ??= CountOnce(response)).Followed)
                .Select(one => one.Id),
        ];
    }

    /// <summary>
    /// The text without words that follow themselves, letters that stand more than three times in a row, and lines and
    /// sentences that stood before. A line or sentence of one or two words counts only as a bullet point.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static string CountOnce(string text)
    {
        StringBuilder kept = new();
        HashSet<string> seen = [];
        foreach (Match piece in Piece().Matches(WithoutRepeatedWords(LetterRun().Replace(text, "$1"))))
        {
            string[] words = [.. ResponseWords.Of(piece.Value).Select(word => word.Text)];
            bool counts = words.Length > 2 || (words.Length > 0 && piece.Value.TrimStart()[0] is '*' or '-');
            if (!counts || seen.Add(string.Join(' ', words)))
            {
                kept.Append(piece.Value);
            }
        }

        return kept.ToString();
    }

    private static string WithoutRepeatedWords(string text)
    {
        StringBuilder kept = new();
        string before = "";
        int end = 0;
        foreach (ResponseWord word in ResponseWords.Of(text))
        {
            if (word.Text != before)
            {
                kept.Append(text, end, word.End - end);
            }

            (before, end) = (word.Text, word.End);
        }

        return kept.Append(text, end, text.Length - end).ToString();
    }

    /// <summary>A sentence or the end of a line, with the white space behind it.</summary>
    [GeneratedRegex(@"[^.!?\n]*(?:[.!?]+[""')\]]*\s*|\n\s*|$)")]
    private static partial Regex Piece();

    [GeneratedRegex(@"(\p{L})\1{3,}", RegexOptions.IgnoreCase)]
    private static partial Regex LetterRun();
}
