namespace Spar.Evaluation.Text;

/// <summary>
/// A regular expression with the meaning that Python 3.11's <c>re</c> gives it: it works on code points, its classes
/// and word boundaries follow <see cref="PythonText"/>, and case is ignored by simple folding. Needed because benchmark
/// arguments are used as patterns without escaping. Instances are immutable and may be used from several threads.
/// </summary>
public sealed class PythonRegex
{
    private readonly string _pattern;
    private readonly MatchStep _first;
    private readonly Func<int, bool>? _canStart;
    private readonly int _loopCount;

    /// <summary>Reads an expression.</summary>
    /// <param name="pattern">
    /// The expression in Python's syntax, without conditional groups, named characters and the verbose flag.
    /// </param>
    /// <param name="ignoreCase">Whether case is ignored (<c>re.IGNORECASE</c>).</param>
    /// <param name="multiline">
    /// Whether <c>^</c> and <c>$</c> also match at each line feed (<c>re.MULTILINE</c>).
    /// </param>
    /// <exception cref="EvaluationException">The expression is malformed or uses what is not supported.</exception>
    public PythonRegex(string pattern, bool ignoreCase = false, bool multiline = false)
    {
        _pattern = pattern;
        (RegexSyntax tree, GroupCount) = RegexParser.Parse(pattern, ignoreCase, multiline);
        RegexCompiler compiler = new();
        _first = compiler.CompileWhole(tree);
        _loopCount = compiler.LoopCount;
        _canStart = FirstCharacters.Of(tree);
    }

    /// <summary>The number of capturing groups.</summary>
    public int GroupCount { get; }

    /// <summary>The expression that matches a text and nothing else.</summary>
    /// <param name="text">Any text.</param>
    public static string Escape(string text) =>
        string.Concat(text.Select(c => c < 128 && !char.IsAsciiLetterOrDigit(c) && c != '_' ? $"\\{c}" : $"{c}"));

    /// <summary>Whether the expression matches somewhere in the text (<c>re.search</c>).</summary>
    /// <param name="text">The text to search.</param>
    /// <exception cref="EvaluationException">
    /// The expression nests too deeply or needs too many steps on this text.
    /// </exception>
    public bool IsFoundIn(string text) => Matches(PythonText.CodePoints(text)).Any();

    /// <summary>The matches from left to right, none overlapping (<c>re.finditer</c>).</summary>
    /// <param name="text">The text to search.</param>
    /// <returns>Start (inclusive) and end (exclusive) of each match, in code points.</returns>
    /// <exception cref="EvaluationException">
    /// The expression nests too deeply or needs too many steps on this text.
    /// </exception>
    public List<(int Start, int End)> FindIn(string text) =>
        Matches(PythonText.CodePoints(text)).Select(m => (m[0], m[1])).ToList();

    /// <summary>Replaces every match (<c>re.sub</c>).</summary>
    /// <param name="text">The code points of the text to search.</param>
    /// <param name="replacement">
    /// The new text; <c>$0</c> stands for the match, <c>$1</c> to <c>$9</c> for its groups, each of which must have
    /// taken part.
    /// </param>
    /// <returns>The code points of the new text; the same array when nothing matched.</returns>
    /// <exception cref="EvaluationException">
    /// The expression nests too deeply or needs too many steps on this text.
    /// </exception>
    internal int[] Replace(int[] text, string replacement)
    {
        List<int>? result = null;
        int copied = 0;
        foreach (int[] groups in Matches(text))
        {
            result ??= new(text.Length + 16);
            result.AddRange(text.AsSpan(copied, groups[0] - copied));
            for (int i = 0; i < replacement.Length; i++)
            {
                if (replacement[i] == '$')
                {
                    int group = 2 * (replacement[++i] - '0');
                    result.AddRange(text.AsSpan(groups[group], groups[group + 1] - groups[group]));
                }
                else
                {
                    result.Add(replacement[i]);
                }
            }

            copied = groups[1];
        }

        result?.AddRange(text.AsSpan(copied));
        return result?.ToArray() ?? text;
    }

    /// <summary>Start and end of each match (entries 0 and 1) and of its groups, in code points.</summary>
    private IEnumerable<int[]> Matches(int[] text)
    {
        MatchState state = new(text, GroupCount, _loopCount);
        int from = 0;
        bool afterEmpty = false;
        while (FindFrom(state, from, afterEmpty) is int start)
        {
            int[] groups = state.Groups.ToArray();
            groups[0] = start;
            groups[1] = state.End;
            yield return groups;
            afterEmpty = state.End == start;
            from = state.End;
        }
    }

    /// <summary>Where the next match starts; its end and groups are left in the state.</summary>
    private int? FindFrom(MatchState state, int from, bool refuseEmpty)
    {
        state.RefusedEnd = refuseEmpty ? from : -1;
        try
        {
            for (int start = from; start <= state.Text.Length; start++, state.RefusedEnd = -1)
            {
                if (_canStart is not null && (start == state.Text.Length || !_canStart(state.Text[start])))
                {
                    continue;
                }

                Array.Fill(state.Groups, -1);
                if (_first(state, start))
                {
                    return start;
                }
            }

            return null;
        }
        catch (Exception fault) when (fault is InsufficientExecutionStackException or TooManyStepsException)
        {
            throw new EvaluationException(
                $"the regular expression '{_pattern}' needs too many steps on a text of {state.Text.Length} characters; "
                    + "write it without nested repetition",
                fault
            );
        }
    }
}
