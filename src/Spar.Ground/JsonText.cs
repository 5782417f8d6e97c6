using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Spar.Ground;

/// <summary>Takes text out of JSON that others wrote.</summary>
public static class JsonText
{
    /// <summary>
    /// The text of a JSON string. Half of a surrogate pair, which models emit and Python's json.dumps writes as an
    /// escape, becomes U+FFFD.
    /// </summary>
    /// <param name="value">A JSON string.</param>
    public static string Of(JsonElement value)
    {
        string units = AsWritten(value);
        if (!units.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return units;
        }

        // Runes put U+FFFD in the place of each half.
        StringBuilder whole = new(units.Length);
        foreach (Rune rune in units.EnumerateRunes())
        {
            whole.Append(rune.ToString());
        }

        return whole.ToString();
    }

    /// <summary>The text of a JSON string, halves of surrogate pairs as they were written.</summary>
    /// <param name="value">A JSON string.</param>
    public static string AsWritten(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException) when (value.ValueKind == JsonValueKind.String)
        {
            return Unescape(value.GetRawText());
        }
    }

    // The content of a valid string token whose escapes are no valid UTF-16.
    private static string Unescape(string token)
    {
        StringBuilder text = new(token.Length);
        for (int i = 1; i < token.Length - 1; i++)
        {
            if (token[i] != '\\')
            {
                text.Append(token[i]);
                continue;
            }

            i++;
            if (token[i] == 'u')
            {
                text.Append(
                    (char)ushort.Parse(token.AsSpan(i + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                );
                i += 4;
            }
            else
            {
                text.Append(
                    token[i] switch
                    {
                        'b' => '\b',
                        'f' => '\f',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        char same => same,
                    }
                );
            }
        }

        return text.ToString();
    }
}
