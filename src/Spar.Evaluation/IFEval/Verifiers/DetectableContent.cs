using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>
/// At least so many placeholders: an opening square bracket and the next closing one on the same line.
/// </summary>
internal sealed class NumberOfPlaceholders(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("num_placeholders");

    protected override Verdict Check(string response)
    {
        int count = 0;
        int open = response.IndexOf('[', StringComparison.Ordinal);
        while (open >= 0)
        {
            // Where no bracket closes on this line, the search goes on behind it.
            int end = response.AsSpan(open + 1).IndexOfAny(']', '\n');
            if (end < 0)
            {
                break;
            }

            end += open + 1;
            count += response[end] == ']' ? 1 : 0;
            open = response.IndexOf('[', end + 1);
        }

        return Compare(count, Relation.AtLeast, _wanted, "placeholders in square brackets");
    }
}

/// <summary>
/// A postscript: the marker is found anywhere, case ignored, with optional white space inside <c>P.S.</c> and
/// <c>P.P.S</c>.
/// </summary>
internal sealed class Postscript : InstructionVerifier
{
    private readonly string _marker;
    private readonly PythonRegex _regex;

    public Postscript(InstructionArguments arguments)
    {
        _marker = PythonText.Strip(arguments.Text("postscript_marker"));
        _regex = _marker switch
        {
            "P.P.S" => new PythonRegex(@"p\.\s?p\.\s?s"),
            "P.S." => new PythonRegex(@"p\.\s?s\."),
            _ => Other(PythonText.Lower(_marker)),
        };
    }

    protected override Verdict Check(string response) => Tell(
        _regex.IsFoundIn(PythonText.Lower(response)),
        $"has a postscript that begins with {_marker}",
        $"has no postscript that begins with {_marker}");

    /// <summary>
    /// The reference's expression for other markers begins with any white space. That may be none, so it is left out:
    /// it finds nothing more, and costs time with the square of a run of white space.
    /// </summary>
    private static PythonRegex Other(string marker)
    {
        PythonRegex whole = new($@"\s*{marker}.*$", multiline: true);
        return "*+?{".Contains(marker[0]) ? whole : new PythonRegex($"{marker}.*$", multiline: true);
    }
}
