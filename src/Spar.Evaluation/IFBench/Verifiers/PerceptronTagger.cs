using System.Text.Json;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Tags English words with their part of speech (Penn Treebank tags) by an averaged perceptron (Collins, 2002) over the
/// word, its ends, its neighbours and the two tags before it. Weights and results are those of NLTK's English model.
/// </summary>
public sealed class PerceptronTagger
{
    private const string Start = "-START-";
    private const string Start2 = "-START2-";
    private static readonly string[] s_ends = ["-END-", "-END2-"];
    private static readonly Lazy<PerceptronTagger> s_english = new(Load);

    private readonly string[] _tags;
    private readonly Dictionary<string, string> _certain;
    private readonly Dictionary<string, (int Tag, double Weight)[]> _weights;

    private PerceptronTagger(
        string[] tags, Dictionary<string, string> certain, Dictionary<string, (int Tag, double Weight)[]> weights) =>
        (_tags, _certain, _weights) = (tags, certain, weights);

    /// <summary>The English model that is built in; read once.</summary>
    public static PerceptronTagger English => s_english.Value;

    /// <summary>The tags of the first tokens of a text.</summary>
    /// <param name="tokens">The tokens, none empty; those up to two behind the last one tagged have a say.</param>
    /// <param name="count">How many to tag, at most the number of tokens.</param>
    /// <returns>A tag for each of the first tokens.</returns>
    public string[] Tag(IReadOnlyList<string> tokens, int count)
    {
        string[] context = [Start, Start2, .. tokens.Take(count + 2).Select(Normalize), .. s_ends];
        string[] found = new string[count];
        (string previous, string previous2) = (Start, Start2);
        for (int i = 0; i < count; i++)
        {
            string tag = _certain.TryGetValue(tokens[i], out string? certain)
                ? certain
                : Best(Features(tokens[i], context, i + 2, previous, previous2));
            found[i] = tag;
            (previous, previous2) = (tag, previous);
        }

        return found;
    }

    private static string Normalize(string token)
    {
        if (token.Contains('-') && token[0] != '-')
        {
            return "!HYPHEN";
        }

        int[] points = PythonText.CodePoints(token);
        return points.Length == 4 && Array.TrueForAll(points, PythonText.IsNumeral) ? "!YEAR"
            : PythonText.IsNumeral(points[0]) ? "!DIGITS"
            : PythonText.Lower(token);
    }

    private static string[] Features(string token, string[] context, int at, string previous, string previous2)
    {
        string first = token[..(PythonText.PointAt(token, 0) > 0xFFFF ? 2 : 1)];
        return
        [
            "bias",
            "i suffix " + Suffix(token),
            "i pref1 " + first,
            "i-1 tag " + previous,
            "i-2 tag " + previous2,
            $"i tag+i-2 tag {previous} {previous2}",
            "i word " + context[at],
            $"i-1 tag+i word {previous} {context[at]}",
            "i-1 word " + context[at - 1],
            "i-1 suffix " + Suffix(context[at - 1]),
            "i-2 word " + context[at - 2],
            "i+1 word " + context[at + 1],
            "i+1 suffix " + Suffix(context[at + 1]),
            "i+2 word " + context[at + 2],
        ];
    }

    /// <summary>The last three code points.</summary>
    private static string Suffix(string word)
    {
        int start = word.Length;
        for (int i = 0; i < 3 && start > 0; i++)
        {
            start -= start > 1 && char.IsLowSurrogate(word[start - 1]) && char.IsHighSurrogate(word[start - 2]) ? 2 : 1;
        }

        return word[start..];
    }

    private string Best(string[] features)
    {
        double[] sums = new double[_tags.Length];
        foreach (string feature in features)
        {
            if (_weights.TryGetValue(feature, out (int Tag, double Weight)[]? weights))
            {
                foreach ((int tag, double weight) in weights)
                {
                    sums[tag] += weight;
                }
            }
        }

        int best = 0;
        for (int i = 1; i < sums.Length; i++)
        {
            if (sums[i] > sums[best] || (sums[i] == sums[best] && string.CompareOrdinal(_tags[i], _tags[best]) > 0))
            {
                best = i;
            }
        }

        return _tags[best];
    }

    private static PerceptronTagger Load()
    {
        using Stream stream = EmbeddedData.Open("IFBench/tagger.json.gz");
        using JsonDocument document = JsonDocument.Parse(stream);
        JsonElement root = document.RootElement;
        Dictionary<string, (int, double)[]> weights = [];
        foreach (JsonProperty feature in root.GetProperty("weights").EnumerateObject())
        {
            // Tag and weight in turn; a thousandth of the whole number is the double that the decimal weight reads as.
            int[] numbers = [.. feature.Value.EnumerateArray().Select(number => number.GetInt32())];
            (int, double)[] pairs = new (int, double)[numbers.Length / 2];
            for (int i = 0; i < pairs.Length; i++)
            {
                pairs[i] = (numbers[2 * i], numbers[(2 * i) + 1] / 1000.0);
            }

            weights[feature.Name] = pairs;
        }

        string[] tags = [.. root.GetProperty("classes").EnumerateArray().Select(tag => tag.GetString()!)];
        Dictionary<string, string> certain = [];
        foreach (JsonProperty word in root.GetProperty("tagdict").EnumerateObject())
        {
            certain[word.Name] = word.Value.GetString()!;
        }

        return new PerceptronTagger(tags, certain, weights);
    }
}
