using System.Globalization;

namespace Spar.Evaluation.Text;

/// <summary>
/// Reads a regular expression in Python 3.11's syntax for text patterns. Conditional groups, named characters and the
/// verbose flag are refused with a message; everything else of the syntax is understood.
/// </summary>
internal sealed partial class RegexParser
{
    private readonly string _pattern;
    private readonly int[] _points;
    private readonly Dictionary<string, int> _names = [];
    private readonly HashSet<int> _closed = [];
    private int _at;
    private bool _ignoreCase;
    private bool _multiline;
    private bool _dotAll;
    private bool _ascii;

    private RegexParser(string pattern, bool ignoreCase, bool multiline)
    {
        _pattern = pattern;
        _ignoreCase = ignoreCase;
        _multiline = multiline;
        _points = PythonText.CodePoints(pattern);
    }

    /// <summary>The number of capturing groups read so far.</summary>
    public int GroupCount { get; private set; }

    /// <summary>Parses a whole expression.</summary>
    /// <returns>The tree and the number of its capturing groups.</returns>
    /// <exception cref="EvaluationException">The expression is malformed or uses what is not supported.</exception>
    public static (RegexSyntax Tree, int GroupCount) Parse(string pattern, bool ignoreCase, bool multiline)
    {
        RegexParser parser = new(pattern, ignoreCase, multiline);
        RegexSyntax tree = parser.ReadAlternatives();
        if (parser._at < parser._points.Length)
        {
            throw parser.Fault("unbalanced parenthesis");
        }

        return (tree, parser.GroupCount);
    }

    private int Peek => _at < _points.Length ? _points[_at] : -1;

    private EvaluationException Fault(string what) =>
        new($"'{_pattern}' is no regular expression that can be searched for: {what} at position {_at}; "
            + "mend the pattern, or write a backslash before a character that is meant literally");

    private bool Take(char c)
    {
        if (Peek != c)
        {
            return false;
        }

        _at++;
        return true;
    }

    private bool Take(string s)
    {
        for (int i = 0; i < s.Length; i++)
        {
            if (_at + i >= _points.Length || _points[_at + i] != s[i])
            {
                return false;
            }
        }

        _at += s.Length;
        return true;
    }

    private RegexSyntax ReadAlternatives()
    {
        List<RegexSyntax> options = [ReadSequence()];
        while (Take('|'))
        {
            options.Add(ReadSequence());
        }

        return options.Count == 1 ? options[0] : new Alternatives(options);
    }

    private Sequence ReadSequence()
    {
        List<RegexSyntax> parts = [];
        while (Peek is not (-1 or '|' or ')'))
        {
            int start = _at;
            RegexSyntax? atom = ReadAtom();
            if (ReadCount() is (int min, int max))
            {
                if (atom is null or Place)
                {
                    _at = start;
                    throw Fault("nothing to repeat");
                }

                if (max < min)
                {
                    throw Fault("the least count exceeds the greatest");
                }

                RepeatMode mode = Take('?') ? RepeatMode.Lazy : Take('+') ? RepeatMode.Possessive : RepeatMode.Greedy;
                if (ReadCount() is not null)
                {
                    throw Fault("multiple repeat");
                }

                atom = new Repeat(atom, min, max, mode);
            }

            if (atom is not null)
            {
                parts.Add(atom);
            }
        }

        return new Sequence(parts);
    }

    /// <summary>Reads <c>* + ? {m} {m,} {,n} {m,n}</c>; a brace that is none of these is left as a literal.</summary>
    private (int Min, int Max)? ReadCount()
    {
        switch (Peek)
        {
            case '*':
                _at++;
                return (0, int.MaxValue);
            case '+':
                _at++;
                return (1, int.MaxValue);
            case '?':
                _at++;
                return (0, 1);
            case '{':
                int start = _at++;
                int? low = ReadNumber();
                bool comma = Take(',');
                int? high = comma ? ReadNumber() : low;
                if (!Take('}') || (low is null && !comma))
                {
                    _at = start;
                    return null;
                }

                return (low ?? 0, high ?? int.MaxValue);
            default:
                return null;
        }
    }

    private int? ReadNumber()
    {
        int start = _at;
        while (Peek is >= '0' and <= '9')
        {
            _at++;
        }

        string digits = PythonText.FromCodePoints(_points.AsSpan(start, _at - start));
        return digits.Length == 0 ? null
            : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number
            : throw Fault("the repetition number is too large");
    }

    /// <summary>Reads one atom; null for what matches nothing by itself, such as a comment or flags.</summary>
    private RegexSyntax? ReadAtom()
    {
        int c = _points[_at++];
        switch (c)
        {
            case '.':
                return new OneOf(CharacterSet.Of(_dotAll ? _ => true : p => p != '\n'));
            case '^':
                return new Place(_multiline ? PlaceKind.LineStart : PlaceKind.TextStart);
            case '$':
                return new Place(_multiline ? PlaceKind.LineEnd : PlaceKind.LastLineEnd);
            case '(':
                return ReadGroup();
            case '[':
                return ReadSet();
            case '\\':
                return ReadEscape();
            case '*' or '+' or '?':
                _at--;
                throw Fault("nothing to repeat");
            case '{':
                _at--;
                if (ReadCount() is not null)
                {
                    throw Fault("nothing to repeat");
                }

                _at++;
                return Literal('{');
            default:
                return Literal(c);
        }
    }

    private OneOf Literal(int point) => new(CharacterSet.Single(point, _ignoreCase));
}
