namespace Spar.Evaluation.Text;

/// <summary>
/// Whether text is JSON to Python's <c>json.loads</c>: the standard grammar, and besides it <c>NaN</c>,
/// <c>Infinity</c>, <c>-Infinity</c>, repeated names and escapes of lone surrogates. Integers of more than 4300 digits
/// are refused, as Python 3.11 does.
/// </summary>
public static class PythonJson
{
    private const int MaxIntegerDigits = 4300;

    /// <summary>
    /// Whether the whole text is one JSON value, with white space (space, tab, line feed, carriage return) around it.
    /// </summary>
    /// <param name="text">Any text; nesting may be of any depth.</param>
    public static bool IsValid(string text)
    {
        // Each entry is the closing bracket of a container that is open.
        Stack<char> open = new();
        int at = 0;
        bool wantsValue = true;
        while (true)
        {
            SkipSpace(text, ref at);
            if (wantsValue)
            {
                char c = at < text.Length ? text[at] : '\0';
                if (c is '{' or '[')
                {
                    at++;
                    SkipSpace(text, ref at);
                    char close = c == '{' ? '}' : ']';
                    if (at < text.Length && text[at] == close)
                    {
                        at++;
                        wantsValue = false;
                    }
                    else if (c == '[' || TakeName(text, ref at))
                    {
                        open.Push(close);
                    }
                    else
                    {
                        return false;
                    }

                    continue;
                }

                if (!TakeScalar(text, ref at))
                {
                    return false;
                }

                wantsValue = false;
                continue;
            }

            if (open.Count == 0)
            {
                return at == text.Length;
            }

            if (at == text.Length)
            {
                return false;
            }

            if (text[at] == open.Peek())
            {
                open.Pop();
                at++;
            }
            else if (text[at] == ',')
            {
                at++;
                SkipSpace(text, ref at);
                if (open.Peek() == '}' && !TakeName(text, ref at))
                {
                    return false;
                }

                wantsValue = true;
            }
            else
            {
                return false;
            }
        }
    }

    private static void SkipSpace(string text, ref int at)
    {
        while (at < text.Length && text[at] is ' ' or '\t' or '\n' or '\r')
        {
            at++;
        }
    }

    private static bool TakeName(string text, ref int at)
    {
        if (!TakeString(text, ref at))
        {
            return false;
        }

        SkipSpace(text, ref at);
        return Take(text, ref at, ":");
    }

    private static bool TakeScalar(string text, ref int at) =>
        TakeString(text, ref at) || TakeNumber(text, ref at)
        || Take(text, ref at, "true") || Take(text, ref at, "false") || Take(text, ref at, "null")
        || Take(text, ref at, "NaN") || Take(text, ref at, "Infinity") || Take(text, ref at, "-Infinity");

    private static bool Take(string text, ref int at, string word)
    {
        bool found = string.CompareOrdinal(text, at, word, 0, word.Length) == 0;
        at += found ? word.Length : 0;
        return found;
    }

    private static bool TakeString(string text, ref int at)
    {
        if (at == text.Length || text[at] != '"')
        {
            return false;
        }

        for (int i = at + 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    at = i + 1;
                    return true;
                case < ' ':
                    return false;
                case '\\':
                    i++;
                    if (i == text.Length)
                    {
                        return false;
                    }

                    if (text[i] == 'u')
                    {
                        if (i + 4 >= text.Length || text.AsSpan(i + 1, 4).ContainsAnyExcept("0123456789abcdefABCDEF"))
                        {
                            return false;
                        }

                        i += 4;
                    }
                    else if (text[i] is not ('"' or '\\' or '/' or 'b' or 'f' or 'n' or 'r' or 't'))
                    {
                        return false;
                    }

                    break;
            }
        }

        return false;
    }

    private static bool TakeNumber(string text, ref int at)
    {
        int i = at;
        i += i < text.Length && text[i] == '-' ? 1 : 0;
        int digits = Digits(text, i);
        if (digits == 0)
        {
            return false;
        }

        digits = text[i] == '0' ? 1 : digits;
        i += digits;
        bool integer = true;
        if (i < text.Length && text[i] == '.' && Digits(text, i + 1) is int decimals and > 0)
        {
            i += 1 + decimals;
            integer = false;
        }

        if (i < text.Length && text[i] is 'e' or 'E')
        {
            int sign = i + 1 < text.Length && text[i + 1] is '+' or '-' ? 1 : 0;
            int exponent = Digits(text, i + 1 + sign);
            if (exponent > 0)
            {
                i += 1 + sign + exponent;
                integer = false;
            }
        }

        if (integer && digits > MaxIntegerDigits)
        {
            return false;
        }

        at = i;
        return true;
    }

    private static int Digits(string text, int from)
    {
        int end = from;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end - from;
    }
}
