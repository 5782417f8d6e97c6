using System.Collections;
using System.Globalization;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// The code points that are an emoji by themselves (Unicode 17): neither digits and <c>#</c>, nor joiners and variation
/// selectors, nor single regional indicators.
/// </summary>
internal static class EmojiCharacters
{
    private static readonly Lazy<BitArray> s_points = new(Load);

    /// <summary>Whether a code point is a single emoji.</summary>
    public static bool Contains(int point) => point < s_points.Value.Length && s_points.Value[point];

    private static BitArray Load()
    {
        BitArray points = new(0x20000);
        using StreamReader reader = new(EmbeddedData.Open("IFBench/emoji_single_codepoints.txt"));
        while (reader.ReadLine() is string line)
        {
            string[] ends = line.Split('-');
            int last = int.Parse(ends[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            for (int i = int.Parse(ends[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture); i <= last; i++)
            {
                points[i] = true;
            }
        }

        return points;
    }
}
