using System.Text.RegularExpressions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>
/// Splits English text into sentences by replacements instead of statistics: dots that end no sentence (titles,
/// initials, numbers, web addresses) are set aside under a mark, every other one is followed by a second mark, and the
/// text is cut there. The marks are texts, as in the reference, so a response that contains them is cut or joined by
/// them. Letters and digits are ASCII. Time is linear in the text.
/// </summary>
public static partial class RegexSentenceSplitter
{
    private const string Dot = "<prd>";
    private const string Stop = "<stop>";
    private const string Space = @"[\t-\r\x1C-\x20\x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]";
    private const string Starter =
        $@"(?:Mr|Mrs|Ms|Dr|Prof|Capt|Cpt|Lt|(?:He|She|It|They|Their|Our|We|But|However|That|This){Space}|Wherever)";

    /// <summary>The sentences of a text.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>
    /// The sentences in order, stripped; line feeds inside are spaces. Some may be empty: <c>Hi!!</c> has no text
    /// between its marks, but a sentence there. None for blank text.
    /// </returns>
    public static List<string> Split(string text)
    {
        text = $" {text}  ".Replace('\n', ' ');
        text = Title().Replace(text, $"$1{Dot}");
        text = WebAddress().Replace(text, $"{Dot}$1");
        text = Decimal().Replace(text, $"$1{Dot}$2");
        text = Dots().Replace(text, run => string.Concat(Enumerable.Repeat(Dot, run.Length)) + Stop);
        text = text.Replace("Ph.D.", $"Ph{Dot}D{Dot}", StringComparison.Ordinal);
        text = Initial().Replace(text, $" $1{Dot} ");
        text = AcronymBeforeStarter().Replace(text, $"$1{Stop} $2");
        text = ThreeLetters().Replace(text, $"$1{Dot}$2{Dot}$3{Dot}");
        text = TwoLetters().Replace(text, $"$1{Dot}$2{Dot}");
        text = SuffixBeforeStarter().Replace(text, $" $1{Stop} $2");
        text = Suffix().Replace(text, $" $1{Dot}");
        text = SpacedLetter().Replace(text, $" $1{Dot}");
        text = text
            .Replace(".”", "”.", StringComparison.Ordinal)
            .Replace(".\"", "\".", StringComparison.Ordinal)
            .Replace("!\"", "\"!", StringComparison.Ordinal)
            .Replace("?\"", "\"?", StringComparison.Ordinal)
            .Replace(".", "." + Stop, StringComparison.Ordinal)
            .Replace("?", "?" + Stop, StringComparison.Ordinal)
            .Replace("!", "!" + Stop, StringComparison.Ordinal)
            .Replace(Dot, ".", StringComparison.Ordinal);
        List<string> sentences = [.. text.Split(Stop).Select(PythonText.Strip)];
        if (sentences[^1].Length == 0)
        {
            sentences.RemoveAt(sentences.Count - 1);
        }

        return sentences;
    }

    [GeneratedRegex(@"(Mr|St|Mrs|Ms|Dr)\.")]
    private static partial Regex Title();

    [GeneratedRegex(@"\.(com|net|org|io|gov|edu|me)")]
    private static partial Regex WebAddress();

    [GeneratedRegex(@"([0-9])\.([0-9])")]
    private static partial Regex Decimal();

    [GeneratedRegex(@"\.{2,}")]
    private static partial Regex Dots();

    [GeneratedRegex($@"{Space}([A-Za-z])\. ")]
    private static partial Regex Initial();

    [GeneratedRegex($@"([A-Z]\.[A-Z]\.(?:[A-Z]\.)?) ({Starter})")]
    private static partial Regex AcronymBeforeStarter();

    [GeneratedRegex(@"([A-Za-z])\.([A-Za-z])\.([A-Za-z])\.")]
    private static partial Regex ThreeLetters();

    [GeneratedRegex(@"([A-Za-z])\.([A-Za-z])\.")]
    private static partial Regex TwoLetters();

    [GeneratedRegex($@" (Inc|Ltd|Jr|Sr|Co)\. ({Starter})")]
    private static partial Regex SuffixBeforeStarter();

    [GeneratedRegex(@" (Inc|Ltd|Jr|Sr|Co)\.")]
    private static partial Regex Suffix();

    [GeneratedRegex(@" ([A-Za-z])\.")]
    private static partial Regex SpacedLetter();
}
