using Spar.Evaluation.Instructions;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Brackets nested at least five deep. As in the reference, five open ones and a single fitting close are enough; a
/// close that does not fit starts all over.
/// </summary>
internal sealed class NestedParentheses : InstructionVerifier
{
    private const int Wanted = 5;
    private const string Opening = "([{";
    private const string Closing = ")]}";

    protected override Verdict Check(string response)
    {
        Stack<int> open = [];
        int reached = 0;
        int deepest = 0;
        foreach (char c in response)
        {
            if (Opening.IndexOf(c, StringComparison.Ordinal) is int kind and >= 0)
            {
                open.Push(kind);
                reached = Math.Max(reached, open.Count);
                deepest = Math.Max(deepest, reached);
            }
            else if (Closing.IndexOf(c, StringComparison.Ordinal) is int closed and >= 0)
            {
                if (open.Count == 0 || open.Pop() != closed)
                {
                    open.Clear();
                    reached = 0;
                }
                else if (reached >= Wanted)
                {
                    return new Verdict(true, $"has brackets nested {reached} deep, at least {Wanted} wanted");
                }
            }
        }

        return new Verdict(false, deepest < Wanted
            ? $"has brackets nested {deepest} deep, to be at least {Wanted}"
            : $"opens {deepest} brackets inside one another but does not close them in turn, at least {Wanted} wanted");
    }
}

/// <summary>
/// Quotations nested at least three deep, double and single marks in turn; apostrophes are marks too. As in the
/// reference, the depth counts from the deepest place in the whole text.
/// </summary>
internal sealed class NestedQuotes : InstructionVerifier
{
    private const int Wanted = 3;

    protected override Verdict Check(string response)
    {
        Stack<char> open = [];
        int deepest = 0;
        foreach (char c in response)
        {
            if (c is not ('"' or '\''))
            {
                continue;
            }

            if (open.Count == 0 || open.Peek() != c)
            {
                open.Push(c);
                deepest = Math.Max(deepest, open.Count);
                continue;
            }

            open.Pop();
            if (deepest - open.Count >= Wanted)
            {
                return new Verdict(true, $"has quotations nested {deepest} deep, at least {Wanted} wanted");
            }
        }

        return new Verdict(
            false,
            $"opens at most {deepest} quotations inside one another and does not close {Wanted} of them in turn");
    }
}

/// <summary>Every quotation in double marks is followed by text that is none.</summary>
internal sealed class QuoteThenUnquoted : InstructionVerifier
{
    private static readonly char[] s_ends = [.. TextParts.Punctuation.Where(c => c != '"'), .. "0123456789"];

    protected override Verdict Check(string response)
    {
        string text = response.Replace("'\"'", "", StringComparison.Ordinal);
        text = string.Concat(text.Where(c => !PythonText.IsWhitespace(c)));
        if (text.Contains("\"\"", StringComparison.Ordinal))
        {
            return new Verdict(
                false, "has an empty quotation or one directly after another, to be followed by unquoted text");
        }

        return Tell(
            !text.Trim(s_ends).EndsWith('"'),
            "has unquoted text after every quotation",
            "ends with a quotation, to be followed by unquoted text");
    }
}
