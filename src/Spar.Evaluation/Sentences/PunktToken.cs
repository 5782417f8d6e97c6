using Spar.Evaluation.Text;

namespace Spar.Evaluation.Sentences;

/// <summary>A token in the neighbourhood of a possible sentence end, with what is known about it.</summary>
internal sealed class PunktToken
{
    private const string Number = "##number##";

    public PunktToken(string text)
    {
        Text = text;
        string lower = PythonText.Lower(text);
        Type = IsNumber(lower) ? Number : lower;
        int[] points = PythonText.CodePoints(text);
        LetterCase first = PythonUnicode.Case(points[0]);
        StartsUpper = first == LetterCase.Upper;
        StartsLower = first == LetterCase.Lower;
        IsInitial =
            points.Length == 2 && points[1] == '.' && PythonText.IsWord(points[0]) && !PythonText.IsDigit(points[0]);
        IsEllipsis = text.Length >= 2 && text.All(c => c == '.');
    }

    /// <summary>The token as it stands in the text.</summary>
    public string Text { get; }

    /// <summary>The lower-case form, or one name for all numbers.</summary>
    public string Type { get; }

    /// <summary>The type without a final dot.</summary>
    public string TypeWithoutDot => Type.Length > 1 && Type[^1] == '.' ? Type[..^1] : Type;

    /// <summary>The type without a final dot that ends a sentence.</summary>
    public string TypeWithoutSentenceDot => EndsSentence ? TypeWithoutDot : Type;

    public bool EndsInDot => Text[^1] == '.';

    public bool StartsUpper { get; }

    public bool StartsLower { get; }

    /// <summary>A single letter and a dot.</summary>
    public bool IsInitial { get; }

    /// <summary>Two dots or more.</summary>
    public bool IsEllipsis { get; }

    public bool IsNumeric => Type == Number;

    public bool EndsSentence { get; set; }

    public bool IsAbbreviation { get; set; }

    /// <summary>An optional hyphen, an optional dot or comma, a digit, then digits, dots, commas and hyphens.</summary>
    private static bool IsNumber(string lower)
    {
        int[] points = PythonText.CodePoints(lower);
        int at = points[0] == '-' ? 1 : 0;
        at += at < points.Length && points[at] is '.' or ',' ? 1 : 0;
        return at < points.Length
            && PythonText.IsDigit(points[at])
            && Array.TrueForAll(points[(at + 1)..], p => PythonText.IsDigit(p) || p is '.' or ',' or '-');
    }
}
