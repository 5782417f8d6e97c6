using System.Text.RegularExpressions;
using static Spar.Templates.LineText;

namespace Spar.Templates;

/// <summary>
/// Reads single lines of judgements in the spellings that models use. Around and between the words of the mark and the
/// verdict, whatever is no letter and no digit is overlooked: emphasis, headings, list marks, colons and dashes of any
/// width, brackets, quotes around the verdict, emoji; so are HTML tags and LaTeX commands.
/// </summary>
internal sealed partial class VerdictLineReader
{
    private const string YesSigns = "✅✔☑👍";
    private const string NoSigns = "❌✖✗✘🚫⛔👎";
    private const string OpeningQuotes = "\"“„«「『";

    private static readonly string[] s_leads =
    [
        "in conclusion",
        "conclusion",
        "therefore",
        "thus",
        "hence",
        "overall",
        "and",
        "so",
        "my",
        "the",
        "final",
    ];

    private static readonly string[] s_hedges =
    [
        "but",
        "though",
        "although",
        "however",
        "except",
        "if",
        "unless",
        "mostly",
        "partly",
        "partially",
        "probably",
        "likely",
        "unlikely",
        "maybe",
        "perhaps",
        "possibly",
        "almost",
        "nearly",
        "arguably",
        "somewhat",
        "assuming",
        "provided",
        "depending",
        "depends",
        "borderline",
        "uncertain",
        "unsure",
        "unclear",
        "tentatively",
        "in part",
        "in most",
        "in some",
        "in many",
        "with reservations",
        "to some",
        "for the most",
        "not entirely",
        "not fully",
        "not quite",
        "not completely",
        "i think",
        "i guess",
        "i believe",
        "it depends",
        "leaning",
        "mixed",
        "both",
        "neither",
        "can't",
        "cannot",
    ];

    private static readonly string[] s_explanations = ["because", "since", "as", "due to", "given"];

    private readonly string[] _markWords;

    // The words for yes and no, longer ones before those that they begin with.
    private readonly (bool Verdict, string Word)[] _verdicts;

    public VerdictLineReader(OutputFormat format)
    {
        _verdicts =
        [
            .. format.Yes.OrderByDescending(word => word.Length).Select(word => (true, word)),
            .. format.No.OrderByDescending(word => word.Length).Select(word => (false, word)),
        ];
        _markWords = [.. Words().Matches(format.Verdict).Select(match => match.Value.ToLowerInvariant())];
        if (_markWords.Length == 0)
        {
            _markWords = [format.Verdict.Trim()];
        }
    }

    /// <summary>Reads a line that may hold mark and verdict.</summary>
    /// <param name="line">The line.</param>
    /// <param name="last">True where no text follows it; only there may the mark stand behind a sentence.</param>
    public VerdictLine Read(string line, bool last)
    {
        string text = Plain(line);
        int start = SkipLead(text, out bool quoted);
        int mark = MatchMark(text, start);
        if (mark < 0 && last)
        {
            start = MarkBehindSentence(text);
            mark = start < 0 ? -1 : MatchMark(text, start);
            quoted = false;
        }

        if (mark < 0 || quoted && !ClosesQuote(text, mark))
        {
            return VerdictLine.None;
        }

        int at = SkipOffer(text, mark);
        int word = Skip(text, at);
        int behind = SkipWord(text, word, "is", "would be", "was");
        at = behind > word ? behind : at;
        return ReadValue(text, at) is { Kind: not VerdictLineKind.None } value
            ? value
            : new VerdictLine(VerdictLineKind.MarkOnly);
    }

    /// <summary>Reads the line after a mark that stood alone.</summary>
    /// <param name="line">The line, not blank.</param>
    public VerdictLine ReadAfterMark(string line)
    {
        string text = Plain(line);
        return text.TrimStart().StartsWith('>') || ReadValue(text, 0) is not { Kind: not VerdictLineKind.None } value
            ? VerdictLine.Unreadable(JudgementParser.NoVerdict)
            : value;
    }

    /// <summary>True for the word between the two verdict lines that a template offers.</summary>
    public static bool IsOr(string line) =>
        Plain(line).Trim(' ', '*', '_', '.', ',', ':', '-').Equals("or", StringComparison.OrdinalIgnoreCase);

    // None where nothing but decoration is left.
    private VerdictLine ReadValue(string text, int from)
    {
        int at = Skip(text, from);
        bool? sign = SignIn(text, from, out bool bothSigns);
        if (bothSigns)
        {
            return VerdictLine.Unreadable(JudgementParser.BothVerdicts);
        }

        if (at >= text.Length)
        {
            return sign is bool signed ? new VerdictLine(VerdictLineKind.Verdict, signed) : VerdictLine.None;
        }

        if (MatchVerdict(text, at) is not { } word)
        {
            return VerdictLine.Unreadable(
                StartsWithAny(text, at, s_hedges) ? JudgementParser.Hedged : JudgementParser.NoVerdict
            );
        }

        int end = at + word.Length;
        string? why =
            sign is bool other && other != word.Verdict
                ? JudgementParser.BothVerdicts
                : WrongTail(text, end, word.Verdict);
        return why is null
            ? new VerdictLine(VerdictLineKind.Verdict, word.Verdict, at, word.Length)
            : VerdictLine.Unreadable(why);
    }

    // What follows the verdict may explain it, not take it back.
    private string? WrongTail(string text, int end, bool verdict)
    {
        int next = Skip(text, end);
        bool separated = text.AsSpan(end, next - end).IndexOfAnyExcept(" *_`~") >= 0;
        if (text.AsSpan(end, next - end).Contains('?'))
        {
            return JudgementParser.Hedged;
        }

        if (next >= text.Length || StartsWithAny(text, next, s_explanations))
        {
            return null;
        }

        if (StartsWithAny(text, next, s_hedges))
        {
            // "yes if every requirement is met and no if ..." is the template's own sentence.
            return ClaimsOther(text, end, verdict) ? JudgementParser.BothVerdicts : JudgementParser.Hedged;
        }

        return ClaimsOther(text, end, verdict) ? JudgementParser.BothVerdicts
            : separated ? null
            : JudgementParser.NoVerdict;
    }

    // Whether the other verdict stands where a clause begins: behind a sign, or behind "and", "or".
    private bool ClaimsOther(string text, int from, bool verdict)
    {
        for (int at = Skip(text, from); at < text.Length; at = Skip(text, SkipLetters(text, at)))
        {
            int word = SkipWord(text, at, "and", "or");
            bool joined = word > at;
            int claim = joined ? Skip(text, word) : at;
            bool begins = joined || EndsWithAny(text.AsSpan(0, at).TrimEnd(" *_`~\"'([{"), ",.;:/|&-+!");
            if (
                begins
                && MatchVerdict(text, claim) is { } other
                && other.Verdict != verdict
                && (joined || EndsClause(text, claim + other.Length))
            )
            {
                return true;
            }

            at = claim;
        }

        return false;
    }

    private static bool EndsClause(string text, int at)
    {
        int next = Skip(text, at);
        return next >= text.Length
            || text.AsSpan(at, next - at).IndexOfAny(",.;:!?()|/-") >= 0
            || StartsWithAny(text, next, ["if", "for", "on", "to"]);
    }

    private (bool Verdict, int Length)? MatchVerdict(string text, int at)
    {
        foreach ((bool verdict, string word) in _verdicts)
        {
            if (MatchesWord(text, at, word))
            {
                return (verdict, word.Length);
            }
        }

        return null;
    }

    private int MatchMark(string text, int at)
    {
        foreach (string word in _markWords)
        {
            at = Skip(text, at);
            string found = word;
            if (!MatchesWord(text, at, word))
            {
                // Both spellings are in use, whichever the prompt set has.
                found = word switch
                {
                    "judgement" => "judgment",
                    "judgment" => "judgement",
                    _ => "",
                };
                if (found.Length == 0 || !MatchesWord(text, at, found))
                {
                    return -1;
                }
            }

            at += found.Length;
        }

        return at;
    }

    private int MarkBehindSentence(string text)
    {
        for (int at = text.Length - 1; at > 0; at--)
        {
            if (text[at - 1] is ' ' or '*' or '_' && char.IsLetterOrDigit(text[at]) && MatchMark(text, at) >= 0)
            {
                ReadOnlySpan<char> before = text.AsSpan(0, at).TrimEnd(" *_`");
                return EndsWithAny(before, ".!?;)") && before.Count('"') % 2 == 0 ? at : -1;
            }
        }

        return -1;
    }

    private int SkipLead(string text, out bool quoted)
    {
        int at = Skip(text, 0);
        ReadOnlySpan<char> before = text.AsSpan(0, at);
        quoted = before.TrimStart().StartsWith(">") || before.IndexOfAny(OpeningQuotes) >= 0;
        if (ListNumber().Match(text, at) is { Success: true } number)
        {
            at = Skip(text, at + number.Length);
        }

        for (int leads = 0; leads < 4 && MatchMark(text, at) < 0; leads++)
        {
            at = Skip(text, SkipWord(text, at, s_leads));
        }

        return at;
    }

    // "(yes/no)" behind the mark is the template's offer, not a verdict.
    private int SkipOffer(string text, int at)
    {
        int open = at;
        while (open < text.Length && text[open] is ' ' or '*' or '_')
        {
            open++;
        }

        if (open >= text.Length || text[open] is not ('(' or '['))
        {
            return at;
        }

        int close = text.IndexOfAny([')', ']'], open);
        if (close < 0 || close - open > 40)
        {
            return at;
        }

        int first = Skip(text, open);
        return
            MatchVerdict(text, first) is { } word
            && ClaimsOther(text[..close], first + word.Length, word.Verdict)
            && Skip(text, close) < text.Length
            ? close + 1
            : at;
    }

    private static bool? SignIn(string text, int from, out bool both)
    {
        bool yes = ContainsSign(text, from, YesSigns);
        bool no = ContainsSign(text, from, NoSigns);
        both = yes && no;
        return yes == no ? null : yes;
    }

    private static bool ContainsSign(string text, int from, string signs)
    {
        foreach (System.Text.Rune sign in signs.EnumerateRunes())
        {
            if (text.AsSpan(from).IndexOf(sign.ToString(), StringComparison.Ordinal) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool ClosesQuote(string text, int mark)
    {
        int next = Skip(text, mark);
        return text.AsSpan(mark, next - mark).IndexOfAny("\"”“」』»") is int close and >= 0
            && text.AsSpan(mark, close).Trim(" *_`:").Length == 0;
    }

    private static bool EndsWithAny(ReadOnlySpan<char> text, string characters) =>
        text.Length > 0 && characters.Contains(text[^1]);

    [GeneratedRegex(@"[\p{L}\p{N}]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"\G(?:step +)?\d{1,2} ?[.):]", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ListNumber();
}
