using System.Globalization;
using System.Text;

namespace Spar.Engine.Chat.Jinja;

/// <summary>Python's text: places count code points, white space and case are Unicode's as Python sees them.</summary>
internal static class PyText
{
    private const string ModifierCategories = "-\u00AD'.\u2018\u2019\u2024\u2027:\u00B7^`\u00A8\u00AF\u00B4\u00B8";

    /// <summary>The text of a string, marked as safe or not.</summary>
    public static string Of(object? value) => value is Markup markup ? markup.Text : (string)value!;

    /// <summary>Number of code points.</summary>
    public static int Length(string text)
    {
        int pairs = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
            {
                pairs++;
                i++;
            }
        }

        return text.Length - pairs;
    }

    public static IEnumerable<object?> Characters(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int units = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            yield return text.Substring(i, units);
            i += units - 1;
        }
    }

    /// <summary>The UTF-16 place of a code point, which is in 0 .. length.</summary>
    public static int Unit(string text, int place)
    {
        int i = 0;
        for (; place > 0; place--)
        {
            i += i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
        }

        return i;
    }

    public static int Compare(string a, string b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        // Characters beyond the first plane, written as surrogates, come after all others.
        bool high = char.IsSurrogate(a[same]), otherHigh = char.IsSurrogate(b[same]);
        return high != otherHigh ? (high ? 1 : -1) : a[same].CompareTo(b[same]);
    }

    /// <summary>Python's <c>strip</c> at both ends or one; null strips white space.</summary>
    public static string Trim(string text, string? characters, bool start = true, bool end = true)
    {
        if (characters is not null && characters.Any(char.IsSurrogate))
        {
            List<string> set = [.. Characters(characters).Cast<string>()];
            List<string> all = [.. Characters(text).Cast<string>()];
            int first = 0, last = all.Count;
            for (; start && first < last && set.Contains(all[first]); first++)
            {
            }

            for (; end && last > first && set.Contains(all[last - 1]); last--)
            {
            }

            return string.Concat(all[first..last]);
        }

        int from = 0, to = text.Length;
        for (; start && from < to && Strips(text[from]); from++)
        {
        }

        for (; end && to > from && Strips(text[to - 1]); to--)
        {
        }

        return text[from..to];

        bool Strips(char c) => characters is null ? PyCharacter.IsSpace(c) : characters.Contains(c);
    }

    /// <summary>
    /// Python's <c>split(separator, most)</c>; null splits at runs of white space, below 0 is no limit.
    /// </summary>
    /// <exception cref="JinjaFault">The separator is empty.</exception>
    public static List<object?> Split(string text, string? separator, int most)
    {
        List<object?> parts = [];
        int at = 0;
        if (separator is null)
        {
            while (true)
            {
                for (; at < text.Length && PyCharacter.IsSpace(text[at]); at++)
                {
                }

                if (at == text.Length)
                {
                    return parts;
                }

                int end = at;
                for (; end < text.Length && !PyCharacter.IsSpace(text[end]); end++)
                {
                }

                bool last = most >= 0 && parts.Count == most;
                parts.Add(text[at..(last ? text.Length : end)]);
                at = last ? text.Length : end;
            }
        }

        CheckSeparator(separator);
        while ((most < 0 || parts.Count < most)
            && text.IndexOf(separator, at, StringComparison.Ordinal) is >= 0 and int next)
        {
            parts.Add(text[at..next]);
            at = next + separator.Length;
        }

        parts.Add(text[at..]);
        return parts;
    }

    /// <summary>Python's <c>rsplit(separator, most)</c>.</summary>
    /// <exception cref="JinjaFault">The separator is empty.</exception>
    public static List<object?> SplitFromEnd(string text, string? separator, int most)
    {
        List<object?> parts = [];
        int end = text.Length;
        if (separator is null)
        {
            while (true)
            {
                for (; end > 0 && PyCharacter.IsSpace(text[end - 1]); end--)
                {
                }

                if (end == 0)
                {
                    parts.Reverse();
                    return parts;
                }

                int start = end;
                for (; start > 0 && !PyCharacter.IsSpace(text[start - 1]); start--)
                {
                }

                bool last = most >= 0 && parts.Count == most;
                parts.Add(text[(last ? 0 : start)..end]);
                end = last ? 0 : start;
            }
        }

        CheckSeparator(separator);
        while ((most < 0 || parts.Count < most)
            && end >= separator.Length
            && text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal) is >= 0 and int next)
        {
            parts.Add(text[(next + separator.Length)..end]);
            end = next;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return parts;
    }

    /// <summary>Python's <c>splitlines</c>.</summary>
    public static List<object?> Lines(string text, bool keepEnds)
    {
        List<object?> lines = [];
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is (>= '\n' and <= '\r') or (>= '\u001C' and <= '\u001E') or '\u0085' or '\u2028' or '\u2029')
            {
                int end = i;
                i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
                lines.Add(text[start..(keepEnds ? i + 1 : end)]);
                start = i + 1;
            }
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return lines;
    }

    /// <summary>
    /// Python's <c>replace(old, new, most)</c>; below 0 is no limit, and an empty text is found everywhere.
    /// </summary>
    public static string Replace(string text, string old, string replacement, int most)
    {
        if (old.Length > 0 && most < 0)
        {
            int times = replacement.Length > old.Length ? Count(text, old) : 0;
            Run.CheckLength(text.Length + (double)times * (replacement.Length - old.Length));
            return text.Replace(old, replacement, StringComparison.Ordinal);
        }

        StringBuilder result = new();
        int at = 0, done = 0;
        for (; most < 0 || done < most; done++)
        {
            int next = old.Length > 0 ? text.IndexOf(old, at, StringComparison.Ordinal) : done == 0 ? 0
                : NextCharacter(text, at);
            if (next < 0)
            {
                break;
            }

            result.Append(text, at, next - at).Append(replacement);
            Run.CheckLength(result.Length);
            at = next + old.Length;
        }

        return result.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>How often a text is found in another, without overlap; an empty one at every place.</summary>
    public static int Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return Length(text) + 1;
        }

        int count = 0;
        for (int at = 0; text.IndexOf(part, at, StringComparison.Ordinal) is >= 0 and int next; at = next + part.Length)
        {
            count++;
        }

        return count;
    }

    public static string Upper(string text)
    {
        string simple = text.ToUpperInvariant();
        return text.Any(CaseTable.Upper.ContainsKey)
            ? string.Concat(text.Select((c, i) => CaseTable.Upper.GetValueOrDefault(c) ?? simple[i].ToString()))
                : simple;
    }

    public static string Lower(string text)
    {
        string simple = text.ToLowerInvariant();
        return text.Any(c => c is '\u0130' or '\u03A3')
            ? string.Concat(text.Select((c, i) =>
                c == '\u0130' ? "i\u0307" : c == '\u03A3' ? IsFinal(text, i) ? "\u03C2" : "\u03C3"
                    : simple[i].ToString()))
            : simple;
    }

    /// <summary>
    /// Python's <c>title</c> (each run of letters with case) or <c>capitalize</c> (the first character).
    /// </summary>
    public static string Title(string text, bool firstOnly)
    {
        string lower = "", result = "";
        StringBuilder output = new();
        bool inWord = false;
        for (int i = 0; i < text.Length;)
        {
            int units = i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? 2 : 1;
            string character = text.Substring(i, units);
            lower = text[i] == '\u03A3' ? (IsFinal(text, i) ? "\u03C2" : "\u03C3") : Lower(character);
            result = inWord ? lower : TitleOf(character);
            output.Append(result);
            inWord = firstOnly || PyCharacter.IsCased(Rune.GetRuneAt(WellFormed(character), 0));
            i += units;
        }

        return output.ToString();
    }

    public static string SwapCase(string text) => string.Concat(Characters(text).Cast<string>().Select((c, i) =>
        IsUpper(c) ? (c == "\u03A3" ? Lower(text)[Math.Min(i, text.Length - 1)].ToString() : Lower(c)) : Upper(c)));

    /// <summary>True when there is a letter with case and all of them are upper (or lower) ones.</summary>
    public static bool HasCase(string text, bool upper)
    {
        bool any = false;
        foreach (Rune rune in WellFormed(text).EnumerateRunes())
        {
            if (PyCharacter.IsCased(rune))
            {
                any = true;
                if (!(upper ? PyCharacter.IsUpper(rune) : PyCharacter.IsLower(rune)))
                {
                    return false;
                }
            }
        }

        return any;
    }

    /// <summary>True when the text is not empty and a test holds for each of its characters.</summary>
    public static bool All(string text, Func<Rune, bool> test)
    {
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!test(rune))
            {
                return false;
            }
        }

        return text.Length > 0;
    }

    private static void CheckSeparator(string separator)
    {
        if (separator.Length == 0)
        {
            throw new JinjaFault("a text is split at an empty separator");
        }
    }

    private static int NextCharacter(string text, int at) =>
        at == text.Length ? -1 : at + (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1);

    private static string TitleOf(string character) =>
        CaseTable.Title.GetValueOrDefault(character[0])
            ?? (character[0] is >= '\u10D0' and <= '\u10FF' ? character : Upper(character));

    private static bool IsUpper(string character) => PyCharacter.IsUpper(Rune.GetRuneAt(WellFormed(character), 0));

    private static string WellFormed(string text) =>
        text.Any(char.IsSurrogate) ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) : text;

    // A sigma at the end of a word has a form of its own.
    private static bool IsFinal(string text, int place)
    {
        int before = place - 1;
        for (; before >= 0 && IsIgnorable(text[before]); before--)
        {
        }

        int after = place + 1;
        for (; after < text.Length && IsIgnorable(text[after]); after++)
        {
        }

        return before >= 0 && IsCasedUnit(text[before]) && !(after < text.Length && IsCasedUnit(text[after]));

        static bool IsCasedUnit(char c) => !char.IsSurrogate(c) && PyCharacter.IsCased(new Rune(c));

        static bool IsIgnorable(char c) =>
            ModifierCategories.Contains(c) || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark
            or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
                or UnicodeCategory.ModifierSymbol;
    }
}
