using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// Exactly so many bullet points: lines that begin with white space and then either a hyphen or an asterisk and a
/// character that is no asterisk. The white space may span lines, and the character may be the line feed, in which case
/// the next line belongs to the bullet.
/// </summary>
internal sealed class NumberOfBullets(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("num_bullets");

    protected override Verdict Check(string response) =>
        CompareExactly(Count(response, '*') + Count(response, '-'), _wanted, "bullet points");

    private static int Count(string text, char bullet)
    {
        int count = 0;
        int line = 0;
        while (line < text.Length)
        {
            int at = line;
            while (at < text.Length && PythonText.IsWhitespace(text[at]))
            {
                at++;
            }

            if (at == text.Length)
            {
                break;
            }

            if (text[at] == bullet && (bullet == '-' || (at + 1 < text.Length && text[at + 1] != '*')))
            {
                count++;
                at += bullet == '-' ? 1 : 2;
            }

            int end = text.IndexOf('\n', at);
            line = end < 0 ? text.Length : end + 1;
        }

        return count;
    }
}

/// <summary>One of three fixed answers is contained; case matters.</summary>
internal sealed class ConstrainedResponse : InstructionVerifier
{
    private static readonly string[] s_answers = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

    protected override Verdict Check(string response)
    {
        string? found = s_answers.FirstOrDefault(a => response.Contains(a, StringComparison.Ordinal));
        return Tell(
            found is not null,
            $"has '{found}'",
            "has none of 'My answer is yes.', 'My answer is no.', 'My answer is maybe.'"
        );
    }
}

/// <summary>
/// At least so many highlighted sections: text on one line between single asterisks, and besides, in a scan of its own,
/// between double asterisks; blank ones do not count.
/// </summary>
internal sealed class NumberOfHighlights(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("num_highlights");

    protected override Verdict Check(string response) =>
        Compare(Count(response, "*") + Count(response, "**"), Relation.AtLeast, _wanted, "highlighted sections");

    private static int Count(string text, string mark)
    {
        int count = 0;
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        while (at >= 0)
        {
            int start = at + mark.Length;
            int length = text.AsSpan(start).IndexOfAny('*', '\n');
            if (length < 0)
            {
                break;
            }

            int next = at + 1;
            if (string.CompareOrdinal(text, start + length, mark, 0, mark.Length) == 0)
            {
                count += PythonText.IsBlank(text.AsSpan(start, length)) ? 0 : 1;
                next = start + length + mark.Length;
            }

            at = text.IndexOf(mark, next, StringComparison.Ordinal);
        }

        return count;
    }
}

/// <summary>
/// At least so many section headings: the splitter, a regular expression, and a number; case matters.
/// </summary>
internal sealed class MultipleSections : InstructionVerifier
{
    private readonly string _splitter;
    private readonly PythonRegex _regex;
    private readonly int _wanted;

    public MultipleSections(InstructionArguments arguments)
    {
        _splitter = PythonText.Strip(arguments.Text("section_spliter"));
        _regex = new PythonRegex($@"\s?{_splitter}\s?\d+\s?");
        _wanted = arguments.Count("num_sections");
    }

    protected override Verdict Check(string response)
    {
        // The reference counts the pieces of a split, which lists what the splitter's own groups captured as further
        // pieces.
        int count = _regex.FindIn(response).Count * (1 + _regex.GroupCount);
        return Compare(count, Relation.AtLeast, _wanted, $"sections marked '{_splitter}' and a number");
    }
}

/// <summary>The whole response, perhaps in a Markdown fence, is JSON to Python's parser.</summary>
internal sealed class JsonFormat : InstructionVerifier
{
    private static readonly string[] s_fences = ["```json", "```Json", "```JSON", "```"];

    protected override Verdict Check(string response)
    {
        string text = PythonText.Strip(response);
        foreach (string fence in s_fences)
        {
            text = text.StartsWith(fence, StringComparison.Ordinal) ? text[fence.Length..] : text;
        }

        text = text.EndsWith("```", StringComparison.Ordinal) ? text[..^3] : text;
        return Tell(PythonJson.IsValid(PythonText.Strip(text)), "is JSON", "is not JSON as a whole");
    }
}

/// <summary>A title that is not blank in double angular brackets on one line.</summary>
internal sealed class Title : InstructionVerifier
{
    protected override Verdict Check(string response) =>
        Tell(
            response.Split('\n').Any(HasTitle),
            "has a title in <<double angular brackets>>",
            "has no title in <<double angular brackets>>"
        );

    /// <summary>
    /// The longest stretch from <c>&lt;&lt;</c> to <c>&gt;&gt;</c> with at least one character between.
    /// </summary>
    private static bool HasTitle(string line)
    {
        int start = line.IndexOf("<<", StringComparison.Ordinal);
        int end = line.LastIndexOf(">>", StringComparison.Ordinal);
        return start >= 0 && end > start + 2 && !PythonText.IsBlank(line[start..(end + 2)].TrimStart('<').TrimEnd('>'));
    }
}
