using System.Globalization;
using System.Text;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// What is left of a text when it is decomposed (normalisation form KD of Unicode 14) and all characters but ASCII are
/// dropped: accents go, ligatures and full-width letters become plain ones. The table holds, for each character, the
/// ASCII characters of its decomposition.
/// </summary>
internal static class AsciiDecomposition
{
    private static readonly Lazy<Dictionary<int, string>> s_parts = new(Load);

    /// <summary>The ASCII characters of the decomposed text.</summary>
    public static string Of(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        StringBuilder ascii = new(text.Length);
        foreach (int point in PythonText.CodePoints(text))
        {
            if (point < 0x80)
            {
                ascii.Append((char)point);
            }
            else if (s_parts.Value.TryGetValue(point, out string? parts))
            {
                ascii.Append(parts);
            }
        }

        return ascii.ToString();
    }

    private static Dictionary<int, string> Load()
    {
        Dictionary<int, string> parts = [];
        using StreamReader reader = new(EmbeddedData.Open("IFBench/ascii_decompositions.tsv.gz"));
        while (reader.ReadLine() is string line)
        {
            int tab = line.IndexOf('\t', StringComparison.Ordinal);
            parts[int.Parse(line[..tab], NumberStyles.HexNumber, CultureInfo.InvariantCulture)] = line[(tab + 1)..];
        }

        return parts;
    }
}
