using System.Text.Json;

namespace Spar.Evaluation.Language;

/// <summary>
/// How often each character n-gram (1 to 3 characters) occurs in each of 55 languages; the data of langdetect 1.0.9.
/// </summary>
internal sealed class LanguageProfiles
{
    private readonly Dictionary<ulong, int> _rowOfGram;
    private readonly int[] _rowStarts;
    private readonly (int Language, double Probability)[] _entries;

    /// <summary>Sorts counts, given language by language, into one row for each n-gram.</summary>
    private LanguageProfiles(
        List<string> codes,
        Dictionary<ulong, int> rowOfGram,
        List<(int Row, int Language, double Probability)> counts
    )
    {
        Codes = codes;
        _rowOfGram = rowOfGram;
        _rowStarts = new int[rowOfGram.Count + 1];
        foreach ((int row, _, _) in counts)
        {
            _rowStarts[row + 1]++;
        }

        for (int row = 0; row < rowOfGram.Count; row++)
        {
            _rowStarts[row + 1] += _rowStarts[row];
        }

        _entries = new (int, double)[counts.Count];
        int[] filled = _rowStarts.ToArray();
        foreach ((int row, int language, double probability) in counts)
        {
            _entries[filled[row]++] = (language, probability);
        }
    }

    /// <summary>The profiles that are built in; read once.</summary>
    public static LanguageProfiles BuiltIn => Loaded.Value;

    /// <summary>
    /// ISO 639-1 codes, Chinese split in <c>zh-cn</c> and <c>zh-tw</c>; languages are numbered in this order.
    /// </summary>
    public IReadOnlyList<string> Codes { get; }

    private static Lazy<LanguageProfiles> Loaded { get; } = new(Load);

    /// <summary>
    /// One number for an n-gram of up to three characters of the basic plane, the last one in the lowest bits; 0 marks
    /// none.
    /// </summary>
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
    public bool TryGetRow(ulong gram, out int row) => _rowOfGram.TryGetValue(gram, out row);

    /// <summary>
    /// For each language that has the n-gram of a row: p(n-gram | language), its share of the language's n-grams of the
    /// same length.
    /// </summary>
    public ReadOnlySpan<(int Language, double Probability)> Row(int row) =>
        _entries.AsSpan(_rowStarts[row].._rowStarts[row + 1]);

    private static LanguageProfiles Load()
    {
        using Stream stream = EmbeddedData.Open("Language/profiles.json.gz");
        using MemoryStream json = new();
        stream.CopyTo(json);
        Utf8JsonReader reader = new(json.GetBuffer().AsSpan(0, (int)json.Length));
        List<string> codes = [];
        Dictionary<ulong, int> rowOfGram = new(100_000);
        List<(int Row, int Length, double Count)> counts = [];
        List<(int, int, double)> probabilities = new(200_000);
        Span<char> gram = stackalloc char[3];

        // {language: {"freq": {n-gram: count}, "n_words": [total of 1-grams, of 2-grams, of 3-grams]}}
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int language = codes.Count;
            codes.Add(reader.GetString()!);
            reader.Read();
            double[] totals = [];
            counts.Clear();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isTotals = reader.ValueTextEquals("n_words");
                reader.Read();
                if (isTotals)
                {
                    totals = JsonSerializer.Deserialize<double[]>(ref reader)!;
                    continue;
                }

                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    ulong key = Key(gram[..reader.CopyString(gram)]);
                    reader.Read();
                    if (!rowOfGram.TryGetValue(key, out int row))
                    {
                        row = rowOfGram.Count;
                        rowOfGram.Add(key, row);
                    }

                    counts.Add(
                        (
                            row,
                            key < 0x1_0000 ? 0
                            : key < 0x1_0000_0000 ? 1
                            : 2,
                            reader.GetDouble()
                        )
                    );
                }
            }

            foreach ((int row, int length, double count) in counts)
            {
                probabilities.Add((row, language, count / totals[length]));
            }
        }

        return new LanguageProfiles(codes, rowOfGram, probabilities);
    }
}
