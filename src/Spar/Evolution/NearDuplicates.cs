using Spar.Ground;

namespace Spar.Evolution;

/// <summary>
/// Finds texts that are nearly the same as an earlier one. The measure is the Jaccard similarity of the texts' sets of
/// word trigrams (<see cref="PlainWords"/>; a text of fewer than three words is one gram): shared trigrams
/// divided by all trigrams of both. It is exact: candidates come from an index of trigrams, not from a sample.
/// </summary>
/// <param name="threshold">From which similarity on a text is a near-duplicate, above 0 and at most 1.</param>
public sealed class NearDuplicates(double threshold)
{
    private readonly Dictionary<string, List<int>> _byGram = new(StringComparer.Ordinal);
    private readonly List<int> _sizes = [];

    /// <summary>Takes a text in, unless it is a near-duplicate of one that was taken in before.</summary>
    /// <param name="text">The text.</param>
    /// <returns>
    /// The position (in the order of taking in) of the most similar earlier text that it duplicates; null when it was
    /// taken in.
    /// </returns>
    public int? Add(string text)
    {
        HashSet<string> grams = Grams(text);
        Dictionary<int, int> shared = [];
        foreach (string gram in grams)
        {
            foreach (int other in _byGram.GetValueOrDefault(gram) ?? [])
            {
                shared[other] = shared.GetValueOrDefault(other) + 1;
            }
        }

        (int Index, double Similarity)[] similar =
        [
            .. shared.Select(pair =>
                (Index: pair.Key, Similarity: pair.Value / (double)(grams.Count + _sizes[pair.Key] - pair.Value)))
                .Where(pair => pair.Similarity >= threshold).OrderByDescending(pair => pair.Similarity)
                    .ThenBy(pair => pair.Index).Take(1),
        ];
        if (similar.Length > 0)
        {
            return similar[0].Index;
        }

        foreach (string gram in grams)
        {
            if (!_byGram.TryGetValue(gram, out List<int>? holders))
            {
                _byGram[gram] = holders = [];
            }

            holders.Add(_sizes.Count);
        }

        _sizes.Add(grams.Count);
        return null;
    }

    private static HashSet<string> Grams(string text)
    {
        IReadOnlyList<string> words = PlainWords.Of(text);
        return words.Count < 3
            ? [string.Join(' ', words)]
            : [.. Enumerable.Range(0, words.Count - 2).Select(i => $"{words[i]} {words[i + 1]} {words[i + 2]}")];
    }
}
