using Spar.Evaluation.Text;

namespace Spar.Evaluation.Language;

/// <summary>A language and its probability.</summary>
/// <param name="Code">ISO 639-1 code; Chinese is <c>zh-cn</c> or <c>zh-tw</c>.</param>
/// <param name="Probability">Between 0 and 1; the languages not listed make up the rest.</param>
public readonly record struct LanguageProbability(string Code, double Probability);

/// <summary>
/// Tells the language of a text by naive Bayes on character 1- to 3-grams over 55 languages, sampled in seven trials
/// with a randomised smoothing constant: the method of langdetect 1.0.9. A seed makes it repeatable: the same text and
/// seed give the same answer, on any thread.
/// </summary>
public static class LanguageDetector
{
    private const int Trials = 7;
    private const double Smoothing = 0.5;
    private const double SmoothingWidth = 0.05;
    private const double SmoothingScale = 10000;
    private const int CheckEvery = 5;
    private const int MaxDraws = 1000;
    private const double Convinced = 0.99999;
    private const double LeastListed = 0.1;

    /// <summary>
    /// The code of the most probable language; <c>unknown</c> when none is probable, null when the text has no
    /// features.
    /// </summary>
    /// <param name="text">The text; its first 10000 code points count.</param>
    /// <param name="seed">Seed of the trials; the benchmarks use 0.</param>
    public static string? Detect(string text, uint seed = 0)
    {
        IReadOnlyList<LanguageProbability>? languages = DetectAll(text, seed);
        return languages is null ? null
            : languages.Count == 0 ? "unknown"
            : languages[0].Code;
    }

    /// <summary>
    /// The languages with a probability above 0.1, the most probable first; null when the text has no features.
    /// </summary>
    /// <param name="text">The text; its first 10000 code points count.</param>
    /// <param name="seed">Seed of the trials; the benchmarks use 0.</param>
    public static IReadOnlyList<LanguageProbability>? DetectAll(string text, uint seed = 0)
    {
        LanguageProfiles profiles = LanguageProfiles.BuiltIn;
        List<int> features = Features(profiles, text);
        if (features.Count == 0)
        {
            return null;
        }

        MersenneTwister random = new(seed);
        double[] mean = new double[profiles.Codes.Count];
        double[] trial = new double[mean.Length];
        for (int t = 0; t < Trials; t++)
        {
            RunTrial(profiles, features, random, trial);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += trial[i] / Trials;
            }
        }

        return mean.Select((p, i) => new LanguageProbability(profiles.Codes[i], p))
            .Where(l => l.Probability > LeastListed)
            .OrderByDescending(l => l.Probability)
            .ToList();
    }

    /// <summary>
    /// Starts from the uniform prior and multiplies by likelihoods of features drawn at random until one language
    /// convinces.
    /// </summary>
    private static void RunTrial(
        LanguageProfiles profiles,
        List<int> features,
        MersenneTwister random,
        double[] probability
    )
    {
        Array.Fill(probability, 1.0 / probability.Length);
        double weight = (Smoothing + (SmoothingWidth * random.NextGauss())) / SmoothingScale;
        Span<double> before = stackalloc double[probability.Length];
        for (int draw = 0; ; draw++)
        {
            probability.CopyTo(before);
            for (int i = 0; i < probability.Length; i++)
            {
                probability[i] *= weight;
            }

            foreach ((int language, double likelihood) in profiles.Row(features[random.NextBelow(features.Count)]))
            {
                probability[language] = before[language] * (weight + likelihood);
            }

            if (draw % CheckEvery == 0 && (Normalize(probability) > Convinced || draw >= MaxDraws))
            {
                return;
            }
        }
    }

    /// <summary>Scales to the sum 1 and returns the largest.</summary>
    private static double Normalize(double[] probability)
    {
        double sum = 0;
        foreach (double p in probability)
        {
            sum += p;
        }

        double largest = 0;
        for (int i = 0; i < probability.Length; i++)
        {
            probability[i] /= sum;
            largest = Math.Max(largest, probability[i]);
        }

        return largest;
    }

    /// <summary>
    /// The profile rows of the text's n-grams, in order and with repeats. N-grams end at each character; they do not
    /// reach over a space but may begin or end with one. Words in capitals contribute only their first letter.
    /// </summary>
    private static List<int> Features(LanguageProfiles profiles, string text)
    {
        const ulong One = 0xFFFF;
        const ulong Two = 0xFFFF_FFFF;
        List<int> rows = [];
        ulong window = ' ';
        int held = 1;
        int last = ' ';
        bool capitals = false;
        foreach (int raw in CharacterNormalizer.Clean(text))
        {
            int point = CharacterNormalizer.Normalize(raw);
            if (last == ' ')
            {
                window = ' ';
                held = 1;
                capitals = false;
                if (point == ' ')
                {
                    continue;
                }
            }

            // Characters beyond the basic plane are in no profile; 0xFFFF, which is no character, stands for them.
            window = (((window & Two) << 16) | (point > 0xFFFF ? One : (ulong)point)) & 0xFFFF_FFFF_FFFF;
            held = Math.Min(held + 1, 3);
            capitals =
                PythonUnicode.Case(point) == LetterCase.Upper
                && (capitals || PythonUnicode.Case(last) == LetterCase.Upper);
            last = point;
            if (capitals)
            {
                continue;
            }

            if (point != ' ' && profiles.TryGetRow(window & One, out int row))
            {
                rows.Add(row);
            }

            if (profiles.TryGetRow(window & Two, out row))
            {
                rows.Add(row);
            }

            if (held == 3 && profiles.TryGetRow(window, out row))
            {
                rows.Add(row);
            }
        }

        return rows;
    }
}
