using System.Runtime.CompilerServices;

namespace Spar.Evaluation.Text;

/// <summary>What changes while one expression is tried at one place of one text.</summary>
internal sealed class MatchState(int[] text, int groupCount, int loopCount)
{
    /// <summary>
    /// How many steps one search may take: a second or so, and many times what ordinary patterns need on a megabyte.
    /// </summary>
    private const int MostSteps = 50_000_000;

    private int _steps;

    /// <summary>The text's code points.</summary>
    public readonly int[] Text = text;

    /// <summary>Start and end of each group, by number; -1 while unset. Entry 0 is not used.</summary>
    public readonly int[] Groups = Enumerable.Repeat(-1, 2 * (groupCount + 1)).ToArray();

    /// <summary>For each loop: how often its body has matched, and where its last round began.</summary>
    public readonly int[] LoopRounds = new int[loopCount];

    /// <summary>See <see cref="LoopRounds"/>.</summary>
    public readonly int[] LoopStarts = new int[loopCount];

    /// <summary>Where the accepted match, or part of it in a look-around, ends.</summary>
    public int End;

    /// <summary>
    /// A match that ends here is refused: after an empty match the next one at the same place must not be empty.
    /// </summary>
    public int RefusedEnd = -1;

    /// <summary>Counts steps.</summary>
    /// <exception cref="TooManyStepsException">They are too many.</exception>
    public void Spend(int steps)
    {
        _steps += steps;
        if (_steps > MostSteps)
        {
            throw new TooManyStepsException();
        }
    }
}

/// <summary>A search takes more steps than it may.</summary>
internal sealed class TooManyStepsException : Exception;

/// <summary>
/// One step of a matcher: whether the rest of the expression, from this step on, matches at a position.
/// </summary>
internal delegate bool MatchStep(MatchState state, int at);

/// <summary>
/// Turns a syntax tree into steps, each of which tries itself and then the step after it: a backtracking matcher.
/// </summary>
internal sealed class RegexCompiler
{
    private static readonly MatchStep s_acceptPart = (state, at) =>
    {
        state.End = at;
        return true;
    };

    /// <summary>The number of general loops compiled so far.</summary>
    public int LoopCount { get; private set; }

    /// <summary>The first step of a whole expression.</summary>
    public MatchStep CompileWhole(RegexSyntax tree) => Compile(tree, (state, at) =>
    {
        state.End = at;
        return at != state.RefusedEnd;
    });

    private MatchStep Compile(RegexSyntax tree, MatchStep next)
    {
        switch (tree)
        {
            case OneOf one:
                return (state, at) => at < state.Text.Length && one.Set.Contains(state.Text[at]) && next(state, at + 1);
            case Place place:
                return (state, at) => IsAt(place.Kind, state.Text, at) && next(state, at);
            case Sequence sequence:
                return sequence.Parts.Reverse().Aggregate(next, (after, part) => Compile(part, after));
            case Alternatives alternatives:
                MatchStep[] options = alternatives.Options.Select(option => Compile(option, next)).ToArray();
                return (state, at) => Array.Exists(options, option => option(state, at));
            case Capture capture:
                return CompileCapture(capture, next);
            case BackReference reference:
                return (state, at) => Repeated(reference, state, at) is int end && next(state, end);
            case Look look:
                MatchStep looked = Compile(look.Body, s_acceptPart);
                return (state, at) => Sees(look, looked, state, at) && next(state, at);
            case Atomic atomic:
                MatchStep whole = Compile(atomic.Body, s_acceptPart);
                return (state, at) => whole(state, at) && next(state, state.End);
            case Repeat { Mode: RepeatMode.Possessive } repeat:
                return Compile(new Atomic(repeat with { Mode = RepeatMode.Greedy }), next);
            case Repeat { Body: OneOf one } repeat:
                return CompileRun(repeat, one.Set, next);
            case Repeat repeat:
                return CompileLoop(repeat, next);
            default:
                throw new InvalidOperationException("unknown syntax " + tree.GetType());
        }
    }

    private MatchStep CompileCapture(Capture capture, MatchStep next)
    {
        int start = 2 * capture.Number;
        MatchStep body = Compile(capture.Body, (state, at) =>
        {
            int old = state.Groups[start + 1];
            state.Groups[start + 1] = at;
            if (next(state, at))
            {
                return true;
            }

            state.Groups[start + 1] = old;
            return false;
        });
        return (state, at) =>
        {
            int old = state.Groups[start];
            state.Groups[start] = at;
            if (body(state, at))
            {
                return true;
            }

            state.Groups[start] = old;
            return false;
        };
    }

    /// <summary>A repeated single character needs no recursion for each round.</summary>
    private static MatchStep CompileRun(Repeat repeat, CharacterSet set, MatchStep next) => (state, at) =>
    {
        int limit = (int)Math.Min((long)at + repeat.Max, state.Text.Length);
        int end = at;
        if (repeat.Mode == RepeatMode.Lazy)
        {
            while (true)
            {
                state.Spend(1);
                if (end - at >= repeat.Min && next(state, end))
                {
                    return true;
                }

                if (end == limit || !set.Contains(state.Text[end]))
                {
                    return false;
                }

                end++;
            }
        }

        while (end < limit && set.Contains(state.Text[end]))
        {
            end++;
        }

        state.Spend(end - at);
        for (; end - at >= repeat.Min; end--)
        {
            state.Spend(1);
            if (next(state, end))
            {
                return true;
            }
        }

        return false;
    };

    private MatchStep CompileLoop(Repeat repeat, MatchStep next)
    {
        int loop = LoopCount++;
        MatchStep? body = null;

        bool Round(MatchState state, int at, int rounds, int start)
        {
            state.LoopRounds[loop] = rounds + 1;
            state.LoopStarts[loop] = at;
            if (body!(state, at))
            {
                return true;
            }

            state.LoopRounds[loop] = rounds;
            state.LoopStarts[loop] = start;
            return false;
        }

        bool Continue(MatchState state, int at)
        {
            RuntimeHelpers.EnsureSufficientExecutionStack();
            state.Spend(1);
            int rounds = state.LoopRounds[loop];
            int start = state.LoopStarts[loop];
            if (rounds < repeat.Min)
            {
                return Round(state, at, rounds, start);
            }

            // A round that took nothing is not followed by another.
            bool more = rounds < repeat.Max && at != start;
            if (repeat.Mode == RepeatMode.Lazy)
            {
                return next(state, at) || (more && Round(state, at, rounds, start));
            }

            if (more && Round(state, at, rounds, start))
            {
                return true;
            }

            return next(state, at);
        }

        body = Compile(repeat.Body, Continue);
        return (state, at) =>
        {
            int rounds = state.LoopRounds[loop];
            int start = state.LoopStarts[loop];
            state.LoopRounds[loop] = 0;
            state.LoopStarts[loop] = -1;
            if (Continue(state, at))
            {
                return true;
            }

            state.LoopRounds[loop] = rounds;
            state.LoopStarts[loop] = start;
            return false;
        };
    }

    private static bool Sees(Look look, MatchStep looked, MatchState state, int at)
    {
        int from = look.Behind ? at - look.Width : at;
        bool seen = from >= 0 && looked(state, from) && (!look.Behind || state.End == at);
        return seen != look.Negative;
    }

    private static int? Repeated(BackReference reference, MatchState state, int at)
    {
        int start = state.Groups[2 * reference.Number];
        int end = state.Groups[(2 * reference.Number) + 1];
        if (start < 0 || end < start || at + end - start > state.Text.Length)
        {
            return null;
        }

        for (int i = 0; i < end - start; i++)
        {
            (int a, int b) = (state.Text[start + i], state.Text[at + i]);
            if (a != b && !(reference.IgnoreCase && PythonUnicode.Fold(a) == PythonUnicode.Fold(b)))
            {
                return null;
            }
        }

        return at + end - start;
    }

    private static bool IsAt(PlaceKind kind, int[] text, int at)
    {
        switch (kind)
        {
            case PlaceKind.TextStart:
                return at == 0;
            case PlaceKind.TextEnd:
                return at == text.Length;
            case PlaceKind.LineStart:
                return at == 0 || text[at - 1] == '\n';
            case PlaceKind.LineEnd:
                return at == text.Length || text[at] == '\n';
            case PlaceKind.LastLineEnd:
                return at == text.Length || (at == text.Length - 1 && text[at] == '\n');
            default:
                bool before = at > 0 && PythonText.IsWord(text[at - 1]);
                bool after = at < text.Length && PythonText.IsWord(text[at]);
                return text.Length > 0 && (before != after) == (kind == PlaceKind.WordBoundary);
        }
    }
}
