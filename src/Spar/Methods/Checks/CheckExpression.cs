using System.Globalization;

namespace Spar.Methods.Checks;

/// <summary>
/// A check of a response in a small language that can do nothing but look at the text: functions of the response,
/// compared with numbers and joined by
/// <c>and</c>, <c>or</c>, <c>not</c> and parentheses, such as <c>words() &lt;= 20 and not contains("sea") and
/// ends_with("?")</c>. Every expression ends,
/// in time linear in the text.
/// </summary>
public sealed class CheckExpression
{
    private static readonly Dictionary<string,
    (string Help, Func<CheckText, IReadOnlyList<string>, int> Count)> s_numbers = new(StringComparer.Ordinal)
    {
        ["words"] = ("words() == 5", (text, _) => text.Words.Count),
        ["sentences"] = ("sentences() >= 2", (text, _) => text.Sentences),
        ["lines"] = ("lines() == 3", (text, _) => text.Lines),
        ["paragraphs"] = ("paragraphs() == 2", (text, _) => text.Paragraphs),
        ["characters"] = ("characters() < 200", (text, _) => text.Text.Length),
        ["bullets"] = ("bullets() == 4", (text, _) => text.Bullets),
        ["capital_words"] = ("capital_words() >= 2", (text, _) => text.CapitalWords),
        ["placeholders"] = ("placeholders() >= 1", (text, _) => text.Placeholders),
        ["count"] = ("count(\"word\") == 2", (text, given) => given.Sum(text.CountOf)),
    };

    private static readonly Dictionary<string,
    (string Help, int Least, Func<CheckText, IReadOnlyList<string>, bool> Holds)> s_predicates = new(
        StringComparer.Ordinal)
    {
        ["contains"] = ("contains(\"one\", \"or another\")", 1, (text, given) =>
            given.Any(phrase => text.CountOf(phrase) > 0)),
        ["first_word"] = ("first_word(\"the\")", 1, (text, given) => text.Words.Count > 0
            && given.Contains(text.Words[0], StringComparer.OrdinalIgnoreCase)),
        ["last_word"] = ("last_word(\"end\")", 1, (text, given) => text.Words.Count > 0
            && given.Contains(text.Words[^1], StringComparer.OrdinalIgnoreCase)),
        ["starts_with"] = ("starts_with(\"Dear\")", 1, (text, given) =>
            given.Any(start => text.Text.StartsWith(start, StringComparison.Ordinal))),
        ["ends_with"] = ("ends_with(\"!\")", 1, (text, given) =>
            given.Any(end => text.Text.EndsWith(end, StringComparison.Ordinal))),
        ["lower_case"] = ("lower_case()", 0, (text, _) => !text.Text.Any(char.IsUpper)),
        ["upper_case"] = ("upper_case()", 0, (text, _) => !text.Text.Any(char.IsLower)),
        ["json"] = ("json()", 0, (text, _) => text.IsJson),
    };

    private readonly string _source;
    private readonly Func<CheckText, bool> _holds;

    private CheckExpression(string source, Func<CheckText, bool> holds) => (_source, _holds) = (source, holds);

    /// <summary>An example of every function, for prompts and messages.</summary>
    public static IReadOnlyList<string> Examples { get; } = [
        .. s_numbers.Values.Select(entry => entry.Help), .. s_predicates.Values.Select(entry => entry.Help)];

    /// <summary>Reads an expression.</summary>
    /// <param name="source">Its text, at most 2,000 characters.</param>
    /// <returns>The check, or what is wrong with the text.</returns>
    public static (CheckExpression? Check, string? Fault) Parse(string source)
    {
        try
        {
            return (new CheckExpression(source.Trim(), new Parser(source).Whole()), null);
        }
        catch (FormatException fault)
        {
            return (null, fault.Message);
        }
    }

    /// <summary>True when a response passes.</summary>
    /// <param name="response">Any text.</param>
    public bool Holds(string response) => _holds(new CheckText(response));

    /// <summary>The expression's text.</summary>
    public override string ToString() => _source;

    /// <summary>Recursive descent: or, and, not, parentheses, functions.</summary>
    private sealed class Parser
    {
        private const int MostCharacters = 2000;
        private const int MostNesting = 32;

        private readonly List<CheckToken> _tokens;
        private int _at;
        private int _nesting;

        public Parser(string source) => _tokens = source.Length <= MostCharacters
            ? CheckToken.Split(source)
            : throw new FormatException($"longer than {MostCharacters} characters");

        private CheckToken Next => _tokens[_at];

        public Func<CheckText, bool> Whole()
        {
            Func<CheckText, bool> holds = Either();
            return Next.Kind == CheckTokenKind.End ? holds : throw Unexpected("the end");
        }

        private Func<CheckText, bool> Either()
        {
            Func<CheckText, bool> left = Both();
            while (Take("or"))
            {
                (Func<CheckText, bool> one, Func<CheckText, bool> other) = (left, Both());
                left = text => one(text) || other(text);
            }

            return left;
        }

        private Func<CheckText, bool> Both()
        {
            Func<CheckText, bool> left = One();
            while (Take("and"))
            {
                (Func<CheckText, bool> one, Func<CheckText, bool> other) = (left, One());
                left = text => one(text) && other(text);
            }

            return left;
        }

        private Func<CheckText, bool> One()
        {
            if (++_nesting > MostNesting)
            {
                throw new FormatException($"nested more than {MostNesting} deep");
            }

            Func<CheckText, bool> holds;
            if (Take("not"))
            {
                Func<CheckText, bool> inner = One();
                holds = text => !inner(text);
            }
            else if (Take("("))
            {
                holds = Either();
                Expect(")");
            }
            else
            {
                holds = Function();
            }

            _nesting--;
            return holds;
        }

        private Func<CheckText, bool> Function()
        {
            string name = Next.Kind == CheckTokenKind.Name ? Next.Text : throw Unexpected("a function");
            _at++;
            List<string> given = Arguments();
            if (s_predicates.TryGetValue(name, out var predicate))
            {
                return given.Count < predicate.Least || (predicate.Least == 0 && given.Count > 0)
                    ? throw new FormatException($"{name} is used like {predicate.Help}")
                    : text => predicate.Holds(text, given);
            }

            if (!s_numbers.TryGetValue(name, out var number))
            {
                throw new FormatException($"unknown function {name}");
            }

            if (given.Count > 0 != (name == "count"))
            {
                throw new FormatException($"{name} is used like {number.Help}");
            }

            Func<int, int, bool> compare = Comparison(number.Help);
            int bound = Next.Kind == CheckTokenKind.Number
                ? int.Parse(Next.Text, CultureInfo.InvariantCulture) : throw Unexpected("a number");
            _at++;
            return text => compare(number.Count(text, given), bound);
        }

        private List<string> Arguments()
        {
            List<string> given = [];
            Expect("(");
            while (!Take(")"))
            {
                if (given.Count > 0)
                {
                    Expect(",");
                }

                given.Add(Next.Kind == CheckTokenKind.Text && Next.Text.Length > 0
                    ? Next.Text : throw Unexpected("a text in quotes"));
                _at++;
            }

            return given;
        }

        private Func<int, int, bool> Comparison(string help)
        {
            Func<int, int, bool> compare = Next.Text switch
            {
                "==" => (left, right) => left == right,
                "!=" => (left, right) => left != right,
                "<" => (left, right) => left < right,
                "<=" => (left, right) => left <= right,
                ">" => (left, right) => left > right,
                ">=" => (left, right) => left >= right,
                _ => throw Unexpected($"a comparison, as in {help}"),
            };
            _at++;
            return compare;
        }

        private bool Take(string text)
        {
            bool there = Next.Kind is CheckTokenKind.Name or CheckTokenKind.Sign && Next.Text == text;
            _at += there ? 1 : 0;
            return there;
        }

        private void Expect(string text)
        {
            if (!Take(text))
            {
                throw Unexpected(text);
            }
        }

        private FormatException Unexpected(string wanted) =>
            new(Next.Kind == CheckTokenKind.End
                ? $"{wanted} is missing at the end" : $"'{Next.Text}' where {wanted} is expected");
    }
}
