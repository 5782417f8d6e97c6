using System.Text.Json;

namespace Spar.Evaluation.Language;

/// <summary>How often each character n-gram (1 to 3 characters) occurs in each of 55 languages; the data of langdetect 1.0.9.</summary>
internal sealed class LanguageProfiles
{
    private readonly Dictionary<ulong, int> rowOfGram = [];
    private readonly int[] rowStarts;
    private readonly (int Language, double Probability)[] entries;

    private LanguageProfiles(string[] codes, List<(ulong Gram, int Language, double Probability)> counts)
    {
        Codes = codes;
        foreach ((ulong gram, _, _) in counts)
        {
            rowOfGram.TryAdd(gram, rowOfGram.Count);
        }

        rowStarts = new int[rowOfGram.Count + 1];
        foreach ((ulong gram, _, _) in counts)
        {
            rowStarts[rowOfGram[gram] + 1]++;
        }

        for (int row = 0; row < rowOfGram.Count; row++)
        {
            rowStarts[row + 1] += rowStarts[row];
        }

        entries = new (int, double)[counts.Count];
        int[] filled = rowStarts.ToArray();
        foreach ((ulong gram, int language, double probability) in counts)
        {
            entries[filled[rowOfGram[gram]]++] = (language, probability);
        }
    }

    /// <summary>The profiles that are built in; read once.</summary>
    public static LanguageProfiles BuiltIn => Loaded.Value;

    /// <summary>ISO 639-1 codes, Chinese split in <c>zh-cn</c> and <c>zh-tw</c>; languages are numbered in this order.</summary>
    public IReadOnlyList<string> Codes { get; }

    private static Lazy<LanguageProfiles> Loaded { get; } = new(Load);

    /// <summary>One number for an n-gram of up to three characters of the basic plane, the last one in the lowest bits; 0 marks none.</summary>
    public static ulong Key(ReadOnlySpan<char> gram)
    {
        ulong key = 0;
        foreach (char c in gram)
        {
            key = (key << 16) | c;
        }

        return key;
    }

    /// <summary>The row of an n-gram, or false when no language has it.</summary>
    public bool TryGetRow(ulong gram, out int row) => rowOfGram.TryGetValue(gram, out row);

    /// <summary>For each language that has the n-gram of a row: p(n-gram | language), its share of the language's n-grams of the same length.</summary>
    public ReadOnlySpan<(int Language, double Probability)> Row(int row) => entries.AsSpan(rowStarts[row]..rowStarts[row + 1]);

    private static LanguageProfiles Load()
    {
        using Stream stream = EmbeddedData.Open("Language/profiles.json.gz");
        using JsonDocument document = JsonDocument.Parse(stream);
        List<string> codes = [];
        List<(ulong, int, double)> counts = [];
        foreach (JsonProperty profile in document.RootElement.EnumerateObject())
        {
            double[] totals = profile.Value.GetProperty("n_words").EnumerateArray().Select(n => n.GetDouble()).ToArray();
            foreach (JsonProperty count in profile.Value.GetProperty("freq").EnumerateObject())
            {
                string gram = count.Name;
                counts.Add((Key(gram), codes.Count, count.Value.GetDouble() / totals[gram.Length - 1]));
            }

            codes.Add(profile.Name);
        }

        return new LanguageProfiles([.. codes], counts);
    }
}
