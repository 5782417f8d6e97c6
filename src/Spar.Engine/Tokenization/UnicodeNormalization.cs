using System.Globalization;
using System.Text;

namespace Spar.Engine.Tokenization;

/// <summary>
/// Unicode normalisation form C (Unicode Standard Annex 15), from tables of its own so that it works, and works alike,
/// on machines without ICU.
/// </summary>
internal static class UnicodeNormalization
{
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int LeadCount = 19, VowelCount = 21, TailCount = 28;

    private static readonly Dictionary<int, (int First, int Second)> s_decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> s_compositions = [];
    private static readonly Dictionary<int, byte> s_classes = [];

    static UnicodeNormalization()
    {
        foreach (string entry in UnicodeNormalizationData.Decompositions.Split(' '))
        {
            int sign = entry.IndexOfAny(['=', '>']);
            int code = Hex(entry.AsSpan(0, sign));
            string[] parts = entry[(sign + 1)..].Split('+');
            (int, int) pair = (Hex(parts[0]), parts.Length == 2 ? Hex(parts[1]) : -1);
            s_decompositions.Add(code, pair);
            if (entry[sign] == '=')
            {
                s_compositions.Add(pair, code);
            }
        }

        foreach (string entry in UnicodeNormalizationData.CombiningClasses.Split(' '))
        {
            string[] parts = entry.Split(':');
            string[] range = parts[0].Split('-');
            for (int code = Hex(range[0]); code <= Hex(range[^1]); code++)
            {
                s_classes.Add(code, byte.Parse(parts[1], CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>Normalises to form C.</summary>
    /// <param name="text">Text without lone surrogates.</param>
    /// <param name="origin">
    /// Where each UTF-16 unit of <paramref name="text"/> comes from in some source, replaced by the same for the
    /// result; null when nobody asks. A composed character comes from where its first part does.
    /// </param>
    public static string ToFormC(string text, ref int[]? origin)
    {
        // Below U+0300 nothing decomposes that does not compose again, and nothing combines.
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF') < 0)
        {
            return text;
        }

        List<(int Code, byte Class, int Index)> points = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out Rune rune, out int length);
            Decompose(rune.Value, i, points);
            i += length;
        }

        Reorder(points);
        Compose(points);

        StringBuilder result = new(text.Length);
        List<int>? moved = origin is null ? null : new(text.Length);
        Span<char> units = stackalloc char[2];
        foreach ((int code, _, int index) in points)
        {
            int count = new Rune(code).EncodeToUtf16(units);
            result.Append(units[..count]);
            for (int i = 0; i < count; i++)
            {
                moved?.Add(origin![index]);
            }
        }

        origin = moved?.ToArray();
        return result.ToString();
    }

    private static void Decompose(int code, int index, List<(int Code, byte Class, int Index)> points)
    {
        int syllable = code - HangulBase;
        if ((uint)syllable < LeadCount * VowelCount * TailCount)
        {
            points.Add((LeadBase + syllable / (VowelCount * TailCount), 0, index));
            points.Add((VowelBase + syllable % (VowelCount * TailCount) / TailCount, 0, index));
            if (syllable % TailCount != 0)
            {
                points.Add((TailBase + syllable % TailCount, 0, index));
            }
        }
        else if (s_decompositions.TryGetValue(code, out (int First, int Second) pair))
        {
            Decompose(pair.First, index, points);
            if (pair.Second >= 0)
            {
                Decompose(pair.Second, index, points);
            }
        }
        else
        {
            points.Add((code, s_classes.GetValueOrDefault(code), index));
        }
    }

    // Runs of combining marks are sorted by their class; equal classes keep their order.
    private static void Reorder(List<(int Code, byte Class, int Index)> points)
    {
        for (int i = 1; i < points.Count; i++)
        {
            (int Code, byte Class, int Index) point = points[i];
            int j = i;
            while (point.Class != 0 && j > 0 && points[j - 1].Class > point.Class)
            {
                points[j] = points[j - 1];
                j--;
            }

            points[j] = point;
        }
    }

    // A mark joins the last starter unless one of the same or a higher class (or another starter) stands between them.
    private static void Compose(List<(int Code, byte Class, int Index)> points)
    {
        int starter = -1;
        int written = 0;
        int lastClass = -1;
        foreach ((int Code, byte Class, int Index) point in points.ToArray())
        {
            if (starter >= 0 && lastClass < point.Class
                && TryCompose(points[starter].Code, point.Code, out int composed))
            {
                points[starter] = points[starter] with { Code = composed };
                continue;
            }

            if (point.Class == 0)
            {
                starter = written;
                lastClass = -1;
            }
            else
            {
                lastClass = point.Class;
            }

            points[written++] = point;
        }

        points.RemoveRange(written, points.Count - written);
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        if ((uint)(first - LeadBase) < LeadCount && (uint)(second - VowelBase) < VowelCount)
        {
            composed = HangulBase + ((first - LeadBase) * VowelCount + second - VowelBase) * TailCount;
            return true;
        }

        if ((uint)(first - HangulBase) < LeadCount * VowelCount * TailCount && (first - HangulBase) % TailCount == 0
            && second > TailBase && second < TailBase + TailCount)
        {
            composed = first + second - TailBase;
            return true;
        }

        return s_compositions.TryGetValue((first, second), out composed);
    }

    private static int Hex(ReadOnlySpan<char> text) =>
        int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
