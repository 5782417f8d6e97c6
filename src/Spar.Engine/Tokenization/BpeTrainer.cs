using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Engine.Tokenization;

/// <summary>
/// Trains a byte-level BPE tokenizer: texts are cut with GPT-2's pattern, and the pair of neighbouring tokens that
/// occurs most often within the pieces becomes a token, until the vocabulary is full. Source: Sennrich et al., arXiv
/// 1508.07909; the pattern and the alphabet are GPT-2's.
/// </summary>
public static class BpeTrainer
{
    private const int MinPairCount = 2;

    /// <summary>Trains on texts. The same texts in any order give the same tokenizer.</summary>
    /// <param name="texts">The texts, each taken once; special tokens written in them are cut out.</param>
    /// <param name="vocabSize">
    /// Number of ids wanted, at least 256 plus the special tokens. There are fewer when no pair is left that occurs
    /// twice.
    /// </param>
    /// <param name="specialTokens">
    /// Texts that are always one token; they get ids 0, 1, ... in order. The 256 bytes follow, so any text can be
    /// encoded.
    /// </param>
    /// <returns>
    /// The tokenizer. It knows no eos token and no chat template: give it those with
    /// <see cref="Tokenizer.WithConfig"/>.
    /// </returns>
    /// <exception cref="EngineException">
    /// The size is too small, or special tokens are empty, repeated or single bytes.
    /// </exception>
    public static Tokenizer Train(IEnumerable<string> texts, int vocabSize, IReadOnlyList<string> specialTokens)
    {
        if (vocabSize < 256 + specialTokens.Count)
        {
            throw new EngineException(
                $"A tokenizer with {specialTokens.Count} special tokens needs a vocabulary of at least "
                + $"{256 + specialTokens.Count}; {vocabSize} were asked for.");
        }

        Dictionary<string, int> vocab = new(StringComparer.Ordinal);
        foreach (string token in specialTokens.Concat(
            Enumerable.Range(0, 256).Select(value => ByteLevelAlphabet.ToChar((byte)value).ToString())))
        {
            if (token.Length == 0 || !vocab.TryAdd(token, vocab.Count))
            {
                throw new EngineException($"The special token '{token}' is empty, comes twice, or is a single byte.");
            }
        }

        // Untrained, the tokenizer already cuts texts as the trained one will.
        List<(string Left, string Right)> merges = [];
        Tokenizer untrained = Tokenizer.Parse(Write(vocab, merges, specialTokens), "the tokenizer to be trained");
        PairTable pairs = new(CountPieces(texts, untrained), specialTokens.Count);
        List<string> tokens = [.. vocab.Keys];
        while (vocab.Count < vocabSize && pairs.TryTakeMostFrequent(MinPairCount, out (int Left, int Right) pair))
        {
            string joined = tokens[pair.Left] + tokens[pair.Right];
            if (vocab.TryGetValue(joined, out int id) && id < specialTokens.Count)
            {
                continue;
            }

            // Another pair may have given the same text before; then this is a second way to the same token.
            if (vocab.TryAdd(joined, vocab.Count))
            {
                id = tokens.Count;
                tokens.Add(joined);
            }

            merges.Add((tokens[pair.Left], tokens[pair.Right]));
            pairs.Join(pair, id);
        }

        return Tokenizer.Parse(Write(vocab, merges, specialTokens), "the trained tokenizer");
    }

    private static Dictionary<string, int> CountPieces(IEnumerable<string> texts, Tokenizer tokenizer)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        var bySpan = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (string text in texts)
        {
            foreach (Piece piece in tokenizer.Pieces(text))
            {
                CollectionsMarshal.GetValueRefOrAddDefault(bySpan, piece.Span, out _)++;
            }
        }

        return counts;
    }

    private static byte[] Write(
        Dictionary<string, int> vocab, List<(string Left, string Right)> merges, IReadOnlyList<string> specialTokens)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, JsonSettings.ReadableWriter))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            json.WriteStartArray("added_tokens");
            for (int id = 0; id < specialTokens.Count; id++)
            {
                json.WriteStartObject();
                json.WriteNumber("id", id);
                json.WriteString("content", specialTokens[id]);
                foreach (string flag in new[] { "single_word", "lstrip", "rstrip", "normalized" })
                {
                    json.WriteBoolean(flag, false);
                }

                json.WriteBoolean("special", true);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteNull("normalizer");
            foreach (string section in new[] { "pre_tokenizer", "decoder" })
            {
                json.WriteStartObject(section);
                json.WriteString("type", "ByteLevel");
                json.WriteBoolean("add_prefix_space", false);
                json.WriteBoolean("trim_offsets", true);
                json.WriteBoolean("use_regex", true);
                json.WriteEndObject();
            }

            json.WriteNull("post_processor");
            json.WriteStartObject("model");
            json.WriteString("type", "BPE");
            string[] absents = ["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"];
            foreach (string absent in absents)
            {
                json.WriteNull(absent);
            }

            foreach (string flag in new[] { "fuse_unk", "byte_fallback", "ignore_merges" })
            {
                json.WriteBoolean(flag, false);
            }

            json.WriteStartObject("vocab");
            foreach ((string token, int id) in vocab.OrderBy(entry => entry.Value))
            {
                json.WriteNumber(token, id);
            }

            json.WriteEndObject();
            json.WriteStartArray("merges");
            foreach ((string left, string right) in merges)
            {
                json.WriteStringValue($"{left} {right}");
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>
    /// The distinct pieces as sequences of ids, and how often each pair of neighbours occurs, kept up to date as pairs
    /// are joined.
    /// </summary>
    private sealed class PairTable
    {
        private readonly List<int[]> _words = [];
        private readonly List<int> _wordCounts = [];
        private readonly Dictionary<(int Left, int Right), (long Count, HashSet<int> Words)> _pairs = [];

        // Entries are not removed when a count changes; one whose count is no longer true is skipped when it comes out.
        private readonly PriorityQueue<(int Left, int Right), (long NegativeCount, int Left, int Right)> _queue = new();

        public PairTable(Dictionary<string, int> pieces, int firstByteId)
        {
            foreach ((string piece, int count) in pieces)
            {
                _words.Add([.. Encoding.UTF8.GetBytes(piece).Select(value => firstByteId + value)]);
                _wordCounts.Add(count);
                Count(_words.Count - 1, +1);
            }

            foreach ((int, int) pair in _pairs.Keys)
            {
                Offer(pair);
            }
        }

        /// <summary>Takes the pair that occurs most often; of equals the one with the smaller ids.</summary>
        public bool TryTakeMostFrequent(int atLeast, out (int Left, int Right) pair)
        {
            while (_queue.TryDequeue(out pair, out (long NegativeCount, int, int) priority))
            {
                long count = _pairs.TryGetValue(pair, out (long Count, HashSet<int>) entry) ? entry.Count : 0;
                if (count == -priority.NegativeCount)
                {
                    return count >= atLeast;
                }
            }

            return false;
        }

        /// <summary>Replaces the pair by one id in every word.</summary>
        public void Join((int Left, int Right) pair, int id)
        {
            HashSet<(int, int)> changed = [];
            foreach (int word in _pairs[pair].Words.ToArray())
            {
                Count(word, -1, changed);
                _words[word] = Join(_words[word], pair, id);
                Count(word, +1, changed);
            }

            foreach ((int, int) other in changed)
            {
                Offer(other);
            }
        }

        private static int[] Join(int[] word, (int Left, int Right) pair, int id)
        {
            int count = 0;
            int[] result = new int[word.Length];
            for (int i = 0; i < word.Length; i++)
            {
                bool found = i + 1 < word.Length && (word[i], word[i + 1]) == pair;
                result[count++] = found ? id : word[i];
                i += found ? 1 : 0;
            }

            return result[..count];
        }

        private void Count(int word, int sign, HashSet<(int, int)>? changed = null)
        {
            int[] ids = _words[word];
            for (int i = 1; i < ids.Length; i++)
            {
                (int, int) pair = (ids[i - 1], ids[i]);
                ref (long Count, HashSet<int> Words) entry =
                    ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, pair, out _);
                entry.Count += sign * _wordCounts[word];
                entry.Words ??= [];
                _ = sign > 0 ? entry.Words.Add(word) : entry.Words.Remove(word);
                changed?.Add(pair);
            }
        }

        private void Offer((int Left, int Right) pair)
        {
            if (_pairs[pair].Count > 0)
            {
                _queue.Enqueue(pair, (-_pairs[pair].Count, pair.Left, pair.Right));
            }
        }
    }
}
