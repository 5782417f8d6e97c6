using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Four multiple-choice questions, headed "Question 1" and so on, with five options each; each question is longer than
/// the one before.
/// </summary>
internal sealed class GrowingQuestions : InstructionVerifier
{
    private const string Heading = "Question";
    private const int Questions = 4;
    private const int Options = 5;

    protected override Verdict Check(string response)
    {
        if (!response.StartsWith(Heading, StringComparison.Ordinal))
        {
            return new Verdict(false, $"does not begin with '{Heading}'");
        }

        List<string> pieces = [.. Split(response).Select(PythonText.Strip).Where(piece => piece.Length > 0)];
        if (pieces.Count != Questions)
        {
            return CompareExactly(pieces.Count, Questions, $"questions headed '{Heading} 1' and so on");
        }

        int before = 0;
        for (int i = 0; i < pieces.Count; i++)
        {
            (int length, int options) = Measure(pieces[i]);
            if (options != Options)
            {
                return CompareExactly(options, Options, $"options A to E in question {i + 1}");
            }

            if (i > 0 && length <= before)
            {
                return new Verdict(
                    false,
                    $"has {length} characters in question {i + 1}, to be more than the {before} of the one before");
            }

            before = length;
        }

        return new Verdict(
            true, $"has {Questions} questions with {Options} options each, every one longer than the one before");
    }

    /// <summary>
    /// The pieces between headings: line feeds, the word, a space, digits and at most one of <c>. | ) : ;</c>.
    /// </summary>
    private static List<string> Split(string text)
    {
        List<string> pieces = [];
        int start = 0;
        int at = 0;
        while (text.IndexOf(Heading + " ", at, StringComparison.Ordinal) is int found and >= 0)
        {
            at = found + Heading.Length + 1;
            if (HeadingEnd(text, at) is not int end)
            {
                continue;
            }

            int before = found;
            while (before > start && text[before - 1] == '\n')
            {
                before--;
            }

            pieces.Add(text[start..before]);
            start = at = end;
        }

        pieces.Add(text[start..]);
        return pieces;
    }

    private static int? HeadingEnd(string text, int digits)
    {
        int at = digits;
        while (at < text.Length && PythonText.IsDigit(PythonText.PointAt(text, at)))
        {
            at += char.IsHighSurrogate(text[at]) ? 2 : 1;
        }

        if (at == digits)
        {
            return null;
        }

        return at < text.Length && ".|):;".Contains(text[at]) ? at + 1 : at;
    }

    /// <summary>
    /// The length of the question text, which stands before the first option, and the number of options.
    /// </summary>
    private static (int Length, int Options) Measure(string piece)
    {
        List<string> question = [];
        int options = 0;
        foreach (string line in piece.Split('\n').Select(PythonText.Strip))
        {
            if (IsOption(line))
            {
                options++;
            }
            else if (options == 0)
            {
                question.Add(line);
            }
        }

        return (TextParts.Length(PythonText.Strip(string.Join(' ', question))), options);
    }

    /// <summary>A letter A to E, one of <c>. | )</c>, white space or none, and a word character.</summary>
    private static bool IsOption(string line)
    {
        if (line.Length < 3 || line[0] is not ((>= 'A' and <= 'E') or (>= 'a' and <= 'e')) || !".|)".Contains(line[1]))
        {
            return false;
        }

        int at = 2;
        while (at < line.Length && PythonText.IsWhitespace(line[at]))
        {
            at++;
        }

        return at < line.Length && PythonText.IsWord(PythonText.PointAt(line, at));
    }
}
