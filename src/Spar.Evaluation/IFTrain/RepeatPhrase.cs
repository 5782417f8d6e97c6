using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>
/// A phrase occurs so often, each time with exactly one word changed. Occurrences are the shortest stretches on one
/// line from the phrase's first word and a space to a space and its last word, both of them regular expressions.
/// </summary>
internal sealed class RepeatPhrase : InstructionVerifier
{
    private readonly List<string> _words;
    private readonly Func<string, List<string>> _find;
    private readonly int _wanted;

    public RepeatPhrase(InstructionArguments arguments)
    {
        _words = PythonText.SplitWhitespace(arguments.Text("phrase"));
        if (_words.Count == 0)
        {
            throw new EvaluationException("argument 'phrase' is blank; it must have a word");
        }

        _wanted = arguments.Count("small_n");
        (string first, string last) = (_words[0], _words[^1]);
        PythonRegex regex = new($"{first} .*? {last}");
        _find = IsLiteral(first) && IsLiteral(last)
            ? response => FindLiteral(response, first + " ", " " + last)
            : response => FindRegex(response, regex);
    }

    protected override Verdict Check(string response)
    {
        List<string> found = _find(response);
        if (found.Count != _wanted)
        {
            return CompareExactly(found.Count, _wanted, $"stretches from '{_words[0]}' to '{_words[^1]}'");
        }

        foreach (string stretch in found)
        {
            List<string> words = PythonText.SplitWhitespace(stretch);
            if (words.Count != _words.Count)
            {
                return new Verdict(
                    false, $"has '{Shorten(stretch)}', {words.Count} words for the {_words.Count} of the phrase");
            }

            int changed = words.Zip(_words).Count(pair => pair.First != pair.Second);
            if (changed != 1)
            {
                return new Verdict(false, $"has '{Shorten(stretch)}', with {changed} words changed instead of one");
            }
        }

        return new Verdict(true, $"has the phrase {_wanted} times, each with one word changed");
    }

    private static bool IsLiteral(string word) => word.AsSpan().IndexOfAny(@".^$*+?{}[]\|()") < 0;

    private static List<string> FindRegex(string response, PythonRegex regex)
    {
        int[] points = PythonText.CodePoints(response);
        return regex.FindIn(response).ConvertAll(m => PythonText.FromCodePoints(points.AsSpan(m.Start..m.End)));
    }

    /// <summary>
    /// The same stretches in one pass: every position is searched at most once for each of start, end and line feed.
    /// </summary>
    private static List<string> FindLiteral(string response, string start, string end)
    {
        List<string> found = [];
        int endAt = 0;
        int lineEnd = -1;
        for (int at = Next(response, start, 0); at >= 0;)
        {
            int from = at + start.Length;
            lineEnd = lineEnd < from ? End(Next(response, "\n", from)) : lineEnd;
            endAt = endAt < from ? End(Next(response, end, from)) : endAt;
            if (endAt == response.Length)
            {
                break;
            }

            bool onLine = endAt < lineEnd;
            if (onLine)
            {
                found.Add(response[at..(endAt + end.Length)]);
            }

            at = Next(response, start, onLine ? endAt + end.Length : at + 1);
        }

        return found;

        int End(int index) => index < 0 ? response.Length : index;
    }

    private static int Next(string text, string part, int from) => text.IndexOf(part, from, StringComparison.Ordinal);

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "...";
}
