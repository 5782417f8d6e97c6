using Spar.Evaluation.Text;

namespace Spar.Evaluation.FollowBench;

/// <summary>The checks of the two groups in type format that are scored by rule.</summary>
internal static class FormatChecks
{
    private const string Ending = "Those are suggestions";
    private static readonly PythonRegex s_numberMarker = new(@"^\d+\.");
    private static readonly PythonRegex s_boldHeading = new(@"\*\*\d.+?:");

    /// <summary>
    /// Group 22: pieces between empty lines (three; four at level 5), the first three of under 3 sentences; then long
    /// sentences throughout; then number markers; at level 5 a given ending.
    /// </summary>
    public static bool ThreeSuggestions(string response, int level)
    {
        string[] pieces = response.Split("\n\n");
        return pieces.Length == (level < 5 ? 3 : 4)
            && (level < 2 || pieces.Take(3).All(piece => ResponseText.SentencesOf(piece).Length < 3))
            && (level < 3 || ResponseText.SentencesOf(response).All(sentence => ResponseText.Words(sentence) > 20))
            && (
                level < 4
                || pieces.All(piece =>
                    PythonText.IsBlank(piece) || s_numberMarker.IsFoundIn(PythonText.StripStart(piece))
                )
            )
            && (level < 5 || response.EndsWith(Ending, StringComparison.Ordinal));
    }

    /// <summary>
    /// Group 30: five points with bold headings, short, in sentences of 10 to 15 words, without words that end in
    /// "-ly".
    /// </summary>
    public static bool BoldPoints(string response, int level)
    {
        List<string> sentences = SplitAfterSentences(response);
        return response.Contains("**", StringComparison.Ordinal)
            && (level < 2 || s_boldHeading.FindIn(response).Count == 5)
            && (level < 3 || sentences.Where(HasPointNumber).All(sentence => sentence.Split('.').Length < 3))
            && (level < 4 || sentences.All(sentence => ResponseText.Words(sentence) is >= 10 and <= 15))
            && (
                level < 5
                || !sentences
                    .SelectMany(PythonText.SplitWhitespace)
                    .Any(word => word.EndsWith("-ly", StringComparison.Ordinal))
            );
    }

    private static bool HasPointNumber(string sentence) =>
        Enumerable.Range(1, 5).Any(number => sentence.Contains($"{number}.", StringComparison.Ordinal));

    /// <summary>
    /// Cuts at each white-space character that follows a full stop or question mark, unless the four characters before
    /// it look like "e.g." (word character, stop, word character, any but a line feed) or the three before it like
    /// "Mr." (capital, small letter, stop).
    /// </summary>
    private static List<string> SplitAfterSentences(string text)
    {
        int[] points = PythonText.CodePoints(text);
        var pieces = new List<string>();
        int start = 0;
        for (int i = 1; i < points.Length; i++)
        {
            bool abbreviation =
                i >= 4 && PythonText.IsWord(points[i - 4]) && points[i - 3] == '.' && PythonText.IsWord(points[i - 2]);
            bool title =
                i >= 3
                && points[i - 1] == '.'
                && points[i - 2] is >= 'a' and <= 'z'
                && points[i - 3] is >= 'A' and <= 'Z';
            if (PythonText.IsWhitespace(points[i]) && points[i - 1] is '.' or '?' && !abbreviation && !title)
            {
                pieces.Add(PythonText.FromCodePoints(points.AsSpan(start, i - start)));
                start = i + 1;
            }
        }

        pieces.Add(PythonText.FromCodePoints(points.AsSpan(start)));
        return pieces;
    }
}
