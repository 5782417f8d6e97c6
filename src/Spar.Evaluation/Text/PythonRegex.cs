using System.Text;

namespace Spar.Evaluation.Text;

/// <summary>
/// A regular expression with the meaning that Python 3.11's <c>re</c> gives it: it works on code points, its classes and word boundaries
/// follow <see cref="PythonText"/>, and case is ignored by simple folding. Needed because benchmark arguments are used as patterns without
/// escaping. Instances are immutable and may be used from several threads.
/// </summary>
public sealed class PythonRegex
{
    private readonly string pattern;
    private readonly MatchStep first;
    private readonly int loopCount;

    /// <summary>Reads an expression.</summary>
    /// <param name="pattern">The expression in Python's syntax, without conditional groups, named characters and the verbose flag.</param>
    /// <param name="ignoreCase">Whether case is ignored (<c>re.IGNORECASE</c>).</param>
    /// <param name="multiline">Whether <c>^</c> and <c>$</c> also match at each line feed (<c>re.MULTILINE</c>).</param>
    /// <exception cref="EvaluationException">The expression is malformed or uses what is not supported.</exception>
    public PythonRegex(string pattern, bool ignoreCase = false, bool multiline = false)
    {
        this.pattern = pattern;
        (RegexSyntax tree, GroupCount) = RegexParser.Parse(pattern, ignoreCase, multiline);
        RegexCompiler compiler = new();
        first = compiler.CompileWhole(tree);
        loopCount = compiler.LoopCount;
    }

    /// <summary>The number of capturing groups.</summary>
    public int GroupCount { get; }

    /// <summary>Whether the expression matches somewhere in the text (<c>re.search</c>).</summary>
    /// <param name="text">The text to search.</param>
    /// <exception cref="EvaluationException">The expression nests too deeply on this text.</exception>
    public bool IsFoundIn(string text) => Matches(PythonText.CodePoints(text)).Any();

    /// <summary>The matches from left to right, none overlapping (<c>re.finditer</c>).</summary>
    /// <param name="text">The text to search.</param>
    /// <returns>Start (inclusive) and end (exclusive) of each match, in code points.</returns>
    /// <exception cref="EvaluationException">The expression nests too deeply on this text.</exception>
    public List<(int Start, int End)> FindIn(string text) => Matches(PythonText.CodePoints(text)).Select(m => (m[0], m[1])).ToList();

    /// <summary>Replaces every match (<c>re.sub</c>).</summary>
    /// <param name="text">The text to search.</param>
    /// <param name="replacement">The new text; <c>$0</c> stands for the match, <c>$1</c> to <c>$9</c> for its groups, each of which must have taken part.</param>
    /// <exception cref="EvaluationException">The expression nests too deeply on this text.</exception>
    internal string Replace(string text, string replacement)
    {
        int[] points = PythonText.CodePoints(text);
        StringBuilder result = new();
        int copied = 0;
        foreach (int[] groups in Matches(points))
        {
            result.Append(PythonText.FromCodePoints(points.AsSpan(copied, groups[0] - copied)));
            for (int i = 0; i < replacement.Length; i++)
            {
                if (replacement[i] == '$' && i + 1 < replacement.Length && char.IsAsciiDigit(replacement[i + 1]))
                {
                    int group = 2 * (replacement[++i] - '0');
                    result.Append(PythonText.FromCodePoints(points.AsSpan(groups[group], groups[group + 1] - groups[group])));
                }
                else
                {
                    result.Append(replacement[i]);
                }
            }

            copied = groups[1];
        }

        return copied == 0 && result.Length == 0 ? text : result.Append(PythonText.FromCodePoints(points.AsSpan(copied))).ToString();
    }

    /// <summary>Start and end of each match (entries 0 and 1) and of its groups, in code points.</summary>
    private IEnumerable<int[]> Matches(int[] text)
    {
        MatchState state = new(text, GroupCount, loopCount);
        int from = 0;
        bool afterEmpty = false;
        while (from <= text.Length)
        {
            int start = from;
            while (start <= text.Length && !TryAt(state, start, afterEmpty && start == from))
            {
                start++;
            }

            if (start > text.Length)
            {
                yield break;
            }

            int[] groups = state.Groups.ToArray();
            groups[0] = start;
            groups[1] = state.End;
            yield return groups;
            afterEmpty = state.End == start;
            from = state.End;
        }
    }

    private bool TryAt(MatchState state, int start, bool refuseEmpty)
    {
        Array.Fill(state.Groups, -1);
        state.RefusedEnd = refuseEmpty ? start : -1;
        try
        {
            return first(state, start);
        }
        catch (InsufficientExecutionStackException fault)
        {
            throw new EvaluationException($"the regular expression '{pattern}' needs too many steps on a text of {state.Text.Length} characters; write it without nested repetition", fault);
        }
    }
}
