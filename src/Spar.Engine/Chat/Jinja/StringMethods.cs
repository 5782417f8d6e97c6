using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>The methods of a text.</summary>
internal static class StringMethods
{
    /// <summary>Methods by name; the text is their first argument.</summary>
    public static FrozenDictionary<string, Builtin> All { get; } = Methods.Table(
        new("strip", "s, characters=None, /", a => PyText.Trim(a.Text(0), a.TextOrNull(1))),
        new("lstrip", "s, characters=None, /", a => PyText.Trim(a.Text(0), a.TextOrNull(1), end: false)),
        new("rstrip", "s, characters=None, /", a => PyText.Trim(a.Text(0), a.TextOrNull(1), start: false)),
        new("split", "s, sep=None, maxsplit=-1", a => PyText.Split(a.Text(0), a.TextOrNull(1), a.Int(2))),
        new("rsplit", "s, sep=None, maxsplit=-1", a => PyText.SplitFromEnd(a.Text(0), a.TextOrNull(1), a.Int(2))),
        new("splitlines", "s, keepends=False", a => PyText.Lines(a.Text(0), a.IsTrue(1))),
        new("replace", "s, old, new, count=-1, /", a => PyText.Replace(a.Text(0), a.Text(1), a.Text(2), a.Int(3))),
        new("startswith", "s, prefix, start=None, end=None, /", a => StartsOrEnds(a, start: true)),
        new("endswith", "s, suffix, start=None, end=None, /", a => StartsOrEnds(a, start: false)),
        new("find", "s, part, start=None, end=None, /", a => Find(a, last: false)),
        new("rfind", "s, part, start=None, end=None, /", a => Find(a, last: true)),
        new("index", "s, part, start=None, end=None, /", a => Found(Find(a, last: false))),
        new("rindex", "s, part, start=None, end=None, /", a => Found(Find(a, last: true))),
        new("count", "s, part, start=None, end=None, /", a =>
            Part(a, out string part, out _) ? (long)PyText.Count(part, a.Text(1)) : 0L),
        new("upper", "s, /", a => PyText.Upper(a.Text(0))),
        new("lower", "s, /", a => PyText.Lower(a.Text(0))),
        new("title", "s, /", a => PyText.Title(a.Text(0), firstOnly: false)),
        new("capitalize", "s, /", a => PyText.Title(a.Text(0), firstOnly: true)),
        new("swapcase", "s, /", a => PyText.SwapCase(a.Text(0))),
        new("join", "s, items, /", Join),
        new("format", "s, /, *, **", a => PyFormat.Format(a.Run, a.Text(0), a.More, a.Named)),
        new("format_map", "s, map, /", a => PyFormat.Format(a.Run, a.Text(0), [], Mapping(a[1]))),
        new("partition", "s, sep, /", a => Partition(a, last: false)),
        new("rpartition", "s, sep, /", a => Partition(a, last: true)),
        new("removeprefix", "s, prefix, /", a =>
            a.Text(0).StartsWith(a.Text(1), StringComparison.Ordinal) ? a.Text(0)[a.Text(1).Length..] : a.Text(0)),
        new("removesuffix", "s, suffix, /", a =>
            a.Text(0).EndsWith(a.Text(1), StringComparison.Ordinal) ? a.Text(0)[..^a.Text(1).Length] : a.Text(0)),
        new("center", "s, width, fill=' ', /", a => Pad(a, Centred)),
        new("ljust", "s, width, fill=' ', /", a => Pad(a, (_, _) => 0)),
        new("rjust", "s, width, fill=' ', /", a => Pad(a, (missing, _) => missing)),
        new("zfill", "s, width, /", ZeroFill),
        new("isalpha", "s, /", a => PyText.All(a.Text(0), PyCharacter.IsAlphabetic)),
        new("isdigit", "s, /", a => PyText.All(a.Text(0), PyCharacter.IsDigit)),
        new("isdecimal", "s, /", a => PyText.All(a.Text(0), Rune.IsDigit)),
        new("isnumeric", "s, /", a => PyText.All(a.Text(0), PyCharacter.IsNumeric)),
        new("isalnum", "s, /", a => PyText.All(a.Text(0), PyCharacter.IsAlphanumeric)),
        new("isspace", "s, /", a => PyText.All(a.Text(0), rune => rune.IsBmp && PyCharacter.IsSpace((char)rune.Value))),
        new("isascii", "s, /", a => a.Text(0).All(char.IsAscii)),
        new("isprintable", "s, /", a => a.Text(0).Length == 0 || PyText.All(a.Text(0), PyCharacter.IsPrintable)),
        new("isupper", "s, /", a => PyText.HasCase(a.Text(0), upper: true)),
        new("islower", "s, /", a => PyText.HasCase(a.Text(0), upper: false)),
        new("istitle", "s, /", a => IsTitle(a.Text(0))));

    // The part of the text from argument 2 to argument 3.
    private static bool Part(Bound a, out string part, out int start)
    {
        string text = a.Text(0);
        int length = a[2] is null && a[3] is null ? text.Length : PyText.Length(text);
        start = Place(a[2] is null ? 0 : a.Int(2));
        int end = Math.Min(length, Place(a[3] is null ? length : a.Int(3)));
        bool inside = start <= end;
        part = !inside ? "" : start == 0 && end == length ? text
            : text[PyText.Unit(text, start)..PyText.Unit(text, end)];
        return inside;

        int Place(int place) => place < 0 ? Math.Max(0, place + length) : place;
    }

    private static object StartsOrEnds(Bound a, bool start)
    {
        bool inside = Part(a, out string text, out _);
        IReadOnlyList<object?> parts = a[1] is PyTuple tuple ? tuple.Items : [a[1]];
        return parts.Any(part => part is string or Markup
            ? inside && (start ? text.StartsWith(PyText.Of(part), StringComparison.Ordinal)
                : text.EndsWith(PyText.Of(part), StringComparison.Ordinal))
            : throw new JinjaFault($"{PyValue.Name(part)} is given where a text is needed"));
    }

    private static long Find(Bound a, bool last)
    {
        string wanted = a.Text(1);
        if (!Part(a, out string text, out int start))
        {
            return -1;
        }

        int at = last ? (wanted.Length == 0 ? text.Length : text.LastIndexOf(wanted, StringComparison.Ordinal))
            : text.IndexOf(wanted, StringComparison.Ordinal);
        return at < 0 ? -1 : start + PyText.Length(text[..at]);
    }

    private static object Found(long place) =>
        place >= 0 ? place : throw new JinjaFault("a part is looked for in a text that lacks it");

    private static object Join(Bound a)
    {
        List<string> parts = [.. PyValue.Iterate(a[1]).Select(item => item is string or Markup ? PyText.Of(item)
            : throw new JinjaFault($"{PyValue.Name(item)} is joined to a text"))];
        Run.CheckLength(parts.Sum(part => (double)part.Length + a.Text(0).Length));
        return string.Join(a.Text(0), parts);
    }

    private static Dictionary<string, object?> Mapping(object? value) => value is PyDict dict
        ? dict.Where(entry => entry.Key is string).ToDictionary(entry => (string)entry.Key!, entry => entry.Value)
        : throw new JinjaFault($"{PyValue.Name(value)} is given where a mapping is needed");

    private static PyTuple Partition(Bound a, bool last)
    {
        (string text, string separator) = (a.Text(0), a.Text(1));
        if (separator.Length == 0)
        {
            throw new JinjaFault("a text is split at an empty separator");
        }

        int at = last ? text.LastIndexOf(separator, StringComparison.Ordinal)
            : text.IndexOf(separator, StringComparison.Ordinal);
        return new PyTuple(at >= 0 ? [text[..at], separator, text[(at + separator.Length)..]] : last ? ["", "", text]
            : [text, "", ""]);
    }

    // Where the text stands in the middle, the odd blank is on the left when the width is odd too.
    private static int Centred(int missing, int width) => missing / 2 + (missing & width & 1);

    private static string Pad(Bound a, Func<int, int, int> left)
    {
        string text = a.Text(0), fill = a.Text(2);
        if (PyText.Length(fill) != 1)
        {
            throw new JinjaFault("a text is filled up with more or less than one character");
        }

        int width = Run.CheckLength(a.Int(1)), missing = width - PyText.Length(text);
        return missing <= 0 ? text : Repeat(left(missing, width)) + text + Repeat(missing - left(missing, width));

        string Repeat(int times) => string.Concat(Enumerable.Repeat(fill, times));
    }

    private static string ZeroFill(Bound a)
    {
        string text = a.Text(0);
        int missing = Run.CheckLength(a.Int(1)) - PyText.Length(text);
        int sign = text.StartsWith('+') || text.StartsWith('-') ? 1 : 0;
        return missing <= 0 ? text : text[..sign] + new string('0', missing) + text[sign..];
    }

    private static bool IsTitle(string text)
    {
        bool any = false, inWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool upper = PyCharacter.IsUpper(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;
            if (upper ? inWord : PyCharacter.IsLower(rune) && !inWord)
            {
                return false;
            }

            inWord = upper || PyCharacter.IsLower(rune);
            any |= inWord;
        }

        return any;
    }
}
