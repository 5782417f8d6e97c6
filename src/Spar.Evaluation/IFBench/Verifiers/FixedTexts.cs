using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>The numbers of the text are the multiples of 7 from 14 to 49, in digits and in order.</summary>
internal sealed class MultiplesOfSeven : InstructionVerifier
{
    private static readonly string[] s_multiples = ["14", "21", "28", "35", "42", "49"];

    protected override Verdict Check(string response)
    {
        List<string> numbers = TextParts.DigitRuns(response);
        string found = TextParts.Quote(string.Join(", ", numbers.Take(20)));
        return new Verdict(
            numbers.SequenceEqual(s_multiples),
            $"has the numbers {found}, to be {string.Join(", ", s_multiples)} and no others");
    }
}

/// <summary>
/// Country names one a line in descending order from Zimbabwe, at least 52 of them; accents do not count, and what
/// stands before Zimbabwe is ignored.
/// </summary>
internal sealed class ReverseCountries : InstructionVerifier
{
    private const string First = "Zimbabwe";
    private const int Wanted = 52;

    protected override Verdict Check(string response)
    {
        string[] lines =
        [
            .. response.Split('\n').Select(TextParts.StripPunctuation).Where(line => line.Length > 0)
                .SkipWhile(line => !line.Contains(First, StringComparison.Ordinal)).Select(AsciiDecomposition.Of),
        ];
        if (lines.Length < Wanted)
        {
            return new Verdict(false, $"has {lines.Length} lines from {First} on, to be at least {Wanted}");
        }

        for (int i = 1; i < lines.Length; i++)
        {
            if (string.CompareOrdinal(lines[i], lines[i - 1]) > 0)
            {
                return new Verdict(
                    false,
                    $"has {TextParts.Quote(lines[i])} after {TextParts.Quote(lines[i - 1])}, to be in reverse order");
            }
        }

        return new Verdict(true, $"has {lines.Length} lines from {First} on in reverse alphabetical order");
    }
}

/// <summary>The words read backwards contain <c>bald eagle</c>.</summary>
internal sealed class ReversedWords : InstructionVerifier
{
    private const string Answer = "bald eagle";

    protected override Verdict Check(string response)
    {
        List<string> words = TextParts.Words(PythonText.Lower(response));
        words.Reverse();
        return Tell(
            string.Join(' ', words).Contains(Answer, StringComparison.Ordinal),
            $"has '{Answer}' when its words are read backwards",
            $"has no '{Answer}' when its words are read backwards");
    }
}

/// <summary><c>bald eagle</c> with its characters reversed is contained.</summary>
internal sealed class ReversedCharacters : InstructionVerifier
{
    private const string Answer = "elgae dlab";

    protected override Verdict Check(string response) => Tell(
        PythonText.Lower(response).Contains(Answer, StringComparison.Ordinal),
        $"has '{Answer}'",
        $"has no '{Answer}', the answer with its characters reversed");
}

/// <summary>Exactly 26 sentences that begin with a to z in turn.</summary>
internal sealed class SentenceAlphabet : InstructionVerifier
{
    private const int Letters = 26;

    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        if (sentences.Count != Letters)
        {
            return CompareExactly(sentences.Count, Letters, "sentences");
        }

        for (int i = 0; i < Letters; i++)
        {
            List<string> fields = PythonText.SplitWhitespace(sentences[i]);
            char letter = (char)('a' + i);
            if (fields.Count == 0 || PythonText.Lower(fields[0])[0] != letter)
            {
                return new Verdict(
                    false, $"has {TextParts.Quote(sentences[i])} as sentence {i + 1}, to begin with '{letter}'");
            }
        }

        return new Verdict(true, "has 26 sentences that begin with a to z in turn");
    }
}

/// <summary>
/// 27 European capitals from north to south, separated by commas, and nothing else; accents do not count.
/// </summary>
internal sealed class CapitalsByLatitude : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string[] names =
        [
            .. AsciiDecomposition.Of(response).Split(',').Select(PythonText.Strip).Where(name => name.Length > 0),
        ];
        if (names.SequenceEqual(WordLists.Capitals))
        {
            return new Verdict(true, $"has the {names.Length} capitals from north to south");
        }

        int at = 0;
        while (at < names.Length && at < WordLists.Capitals.Count && names[at] == WordLists.Capitals[at])
        {
            at++;
        }

        string found = at < names.Length ? TextParts.Quote(names[at]) : "nothing";
        string wanted = at < WordLists.Capitals.Count ? $"'{WordLists.Capitals[at]}'" : "nothing more";
        return new Verdict(
            false,
            $"has {names.Length} names of exactly {WordLists.Capitals.Count}, and {found} in place {at + 1}, "
            + $"to be {wanted}");
    }
}

/// <summary>Dates written as year, month and day, separated by commas, all of the years 1769 to 1821.</summary>
internal sealed class DateList : InstructionVerifier
{
    private static readonly int[] s_days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

    protected override Verdict Check(string response)
    {
        string[] dates = [.. PythonText.Strip(response).Split(',').Select(PythonText.Strip)];
        string? other = Array.Find(dates, date => !IsDate(date));
        return Tell(
            other is null,
            $"has {dates.Length} dates as YYYY-MM-DD in the years 1769 to 1821",
            $"has {TextParts.Quote(other ?? "")}, to be a date as YYYY-MM-DD in the years 1769 to 1821");
    }

    /// <summary>As in the reference, month 0 (with any day) and day 0 pass, and digits may be of any script.</summary>
    private static bool IsDate(string text)
    {
        int[] points = PythonText.CodePoints(text);
        if (points.Length != 10 || points[4] != '-' || points[7] != '-'
            || Number(points[..4]) is not int year
            || Number(points[5..7]) is not int month
            || Number(points[8..]) is not int day)
        {
            return false;
        }

        return year is >= 1769 and <= 1821 && month <= 12 && (month == 0 || day <= s_days[month - 1]);
    }

    private static int? Number(int[] points) => Array.TrueForAll(points, PythonText.IsDigit)
        ? points.Aggregate(0, (value, point) => (10 * value) + PythonUnicode.DigitValue(point))
        : null;
}
