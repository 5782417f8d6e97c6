namespace Spar.Evaluation.Text;

/// <summary>
/// The syntax tree of a regular expression; built by <see cref="RegexParser"/>, turned into a matcher by <see
/// cref="RegexCompiler"/>.
/// </summary>
internal abstract record RegexSyntax;

/// <summary>One character out of a set.</summary>
internal sealed record OneOf(CharacterSet Set) : RegexSyntax;

/// <summary>A place between characters.</summary>
internal sealed record Place(PlaceKind Kind) : RegexSyntax;

/// <summary>Parts one after the other; empty for the empty expression.</summary>
internal sealed record Sequence(IReadOnlyList<RegexSyntax> Parts) : RegexSyntax;

/// <summary>Alternatives, tried in order.</summary>
internal sealed record Alternatives(IReadOnlyList<RegexSyntax> Options) : RegexSyntax;

/// <summary>A repetition; <paramref name="Max"/> is int.MaxValue when unbounded.</summary>
internal sealed record Repeat(RegexSyntax Body, int Min, int Max, RepeatMode Mode) : RegexSyntax;

/// <summary>A capturing group; numbers start at 1.</summary>
internal sealed record Capture(int Number, RegexSyntax Body) : RegexSyntax;

/// <summary>What an earlier group captured, once more.</summary>
internal sealed record BackReference(int Number, bool IgnoreCase) : RegexSyntax;

/// <summary>A look-ahead (<paramref name="Width"/> 0) or a look-behind of a fixed width.</summary>
internal sealed record Look(RegexSyntax Body, bool Negative, bool Behind, int Width) : RegexSyntax;

/// <summary>A group that is not tried again once it has matched.</summary>
internal sealed record Atomic(RegexSyntax Body) : RegexSyntax;

/// <summary>How a repetition gives way.</summary>
internal enum RepeatMode
{
    Greedy,
    Lazy,
    Possessive,
}

/// <summary>The zero-width places that an expression can name.</summary>
internal enum PlaceKind
{
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    LastLineEnd,
    WordBoundary,
    NoWordBoundary,
}

/// <summary>What the first character of every match is a member of, where that can be told from the tree.</summary>
internal static class FirstCharacters
{
    /// <summary>The test of the first character; null when a match may be empty or begin with anything.</summary>
    public static Func<int, bool>? Of(RegexSyntax tree)
    {
        switch (tree)
        {
            case OneOf one:
                return one.Set.Contains;
            case Capture capture:
                return Of(capture.Body);
            case Atomic atomic:
                return Of(atomic.Body);
            case Repeat { Min: > 0 } repeat:
                return Of(repeat.Body);
            case Sequence sequence:
                return sequence.Parts.FirstOrDefault(p => p is not (Place or Look)) is RegexSyntax first
                    ? Of(first)
                    : null;
            case Alternatives alternatives:
                Func<int, bool>?[] tests = alternatives.Options.Select(Of).ToArray();
                return tests.Contains(null) ? null : p => Array.Exists(tests, test => test!(p));
            default:
                return null;
        }
    }
}

/// <summary>A set of characters: ranges and classes, perhaps negated, perhaps regardless of case.</summary>
internal sealed class CharacterSet(bool ignoreCase)
{
    private readonly List<(int First, int Last)> _ranges = [];
    private readonly List<Func<int, bool>> _classes = [];
    private readonly HashSet<int> _folded = [];
    private bool _negated;
    private bool[]? _ascii;

    /// <summary>The set with one character.</summary>
    public static CharacterSet Single(int point, bool ignoreCase)
    {
        CharacterSet set = new(ignoreCase);
        set.AddRange(point, point);
        return set;
    }

    /// <summary>The set that a predicate tells.</summary>
    public static CharacterSet Of(Func<int, bool> members)
    {
        CharacterSet set = new(false);
        set.AddClass(members);
        return set;
    }

    public void AddRange(int first, int last)
    {
        _ranges.Add((first, last));
        if (ignoreCase)
        {
            for (int point = first; point <= last; point++)
            {
                _folded.Add(PythonUnicode.Fold(point));
            }
        }
    }

    public void AddClass(Func<int, bool> members) => _classes.Add(members);

    public void Negate() => _negated = true;

    /// <summary>Whether a character is in the set, which is complete from the first call on.</summary>
    public bool Contains(int point) => point < 128 ? (_ascii ??= MakeAscii())[point] : Holds(point) != _negated;

    private bool[] MakeAscii()
    {
        bool[] members = new bool[128];
        for (int point = 0; point < members.Length; point++)
        {
            members[point] = Holds(point) != _negated;
        }

        return members;
    }

    private bool Holds(int point)
    {
        if (ignoreCase)
        {
            if (_folded.Contains(PythonUnicode.Fold(point)))
            {
                return true;
            }
        }
        else
        {
            foreach ((int first, int last) in _ranges)
            {
                if (point >= first && point <= last)
                {
                    return true;
                }
            }
        }

        foreach (Func<int, bool> members in _classes)
        {
            if (members(point))
            {
                return true;
            }
        }

        return false;
    }
}
