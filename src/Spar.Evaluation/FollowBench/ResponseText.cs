using Spar.Evaluation.Text;

namespace Spar.Evaluation.FollowBench;

/// <summary>How FollowBench's rules take a response apart.</summary>
internal static class ResponseText
{
    private const string Punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary>
    /// Pieces of a text cut at every full stop, exclamation or question mark; empty pieces are dropped, blank ones are
    /// not.
    /// </summary>
    public static string[] SentencesOf(string text) =>
        text.Split(['.', '!', '?'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Number of words by white space of any kind.</summary>
    public static int Words(string text) => PythonText.SplitWhitespace(text).Count;

    /// <summary>
    /// Number of pieces between single spaces; two spaces in a row make an empty piece, which counts.
    /// </summary>
    public static int SpacePieces(string text) => text.Count(c => c == ' ') + 1;

    /// <summary>Number of ASCII punctuation marks.</summary>
    public static int PunctuationMarks(string text) => text.Count(c => Punctuation.Contains(c));

    /// <summary>Whether a word or phrase occurs, case-sensitively, between word boundaries.</summary>
    public static bool ContainsWord(string text, string word) => new PythonRegex($@"\b{word}\b").IsFoundIn(text);
}
