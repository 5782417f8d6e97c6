using System.Globalization;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>At most so many percent of the words, runs of word characters, are English stop words.</summary>
internal sealed class StopWordShare(InstructionArguments arguments) : InstructionVerifier
{
    private readonly double _most = Percentage.Of(arguments);

    protected override Verdict Check(string response)
    {
        List<string> words = TextParts.WordRuns(response);
        if (words.Count == 0)
        {
            return new Verdict(false, $"has no words, of which at most {Percentage.Show(_most)} are to be stop words");
        }

        int stopWords = words.Count(word => WordLists.StopWords.Contains(PythonText.Lower(word)));
        double share = (double)stopWords / words.Count * 100;
        return new Verdict(
            share <= _most,
            $"has {stopWords} stop words among {words.Count} words, {Percentage.Show(share)}, "
            + $"to be at most {Percentage.Show(_most)}");
    }
}

/// <summary>Twice as many sentences that end in a full stop as in a question mark.</summary>
internal sealed class SentenceTypeRatio : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        int statements = sentences.Count(sentence => sentence[^1] == '.');
        int questions = sentences.Count(sentence => sentence[^1] == '?');
        return new Verdict(
            statements == 2 * questions,
            $"has {statements} sentences ending in a full stop and {questions} in a question mark, to be 2 to 1");
    }
}

/// <summary>As many sentences that end in a full stop as in a question mark and in an exclamation mark.</summary>
internal sealed class SentenceBalance : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        int[] counts = [.. ".?!".Select(mark => sentences.Count(sentence => sentence[^1] == mark))];
        return new Verdict(
            counts[0] == counts[1] && counts[1] == counts[2],
            $"has {counts[0]} sentences ending in a full stop, {counts[1]} in a question mark and {counts[2]} in an "
            + "exclamation mark, to be equally many");
    }
}

/// <summary>
/// The share of the response's different character trigrams that the reference text has too is the percentage asked
/// for, two more or less.
/// </summary>
internal sealed class TrigramOverlap(InstructionArguments arguments) : InstructionVerifier
{
    private readonly HashSet<long> _reference = Trigrams(arguments.TextOrEmpty("reference_text"));
    private readonly double _wanted = Percentage.Of(arguments);

    protected override Verdict Check(string response)
    {
        HashSet<long> found = Trigrams(response);
        if (found.Count == 0)
        {
            return new Verdict(
                false,
                "has fewer than 3 characters, so no trigrams to share with the reference text, "
                + $"to be {Percentage.Show(_wanted)} ± 2");
        }

        double share = (double)found.Count(_reference.Contains) / found.Count * 100;
        return new Verdict(
            _wanted - 2 <= share && share <= _wanted + 2,
            $"shares {Percentage.Show(share)} of its character trigrams with the reference text, "
            + $"to be {Percentage.Show(_wanted)} ± 2");
    }

    private static HashSet<long> Trigrams(string text)
    {
        int[] points = PythonText.CodePoints(text);
        HashSet<long> trigrams = [];
        for (int i = 2; i < points.Length; i++)
        {
            trigrams.Add(((long)points[i - 2] << 42) | ((long)points[i - 1] << 21) | (long)points[i]);
        }

        return trigrams;
    }
}

/// <summary>Exactly three sentences of the same number of characters.</summary>
internal sealed class EqualSentences : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        if (sentences.Count != 3)
        {
            return CompareExactly(sentences.Count, 3, "sentences");
        }

        int[] lengths = [.. sentences.Select(sentence => TextParts.Length(PythonText.Strip(sentence)))];
        return new Verdict(
            lengths[0] == lengths[1] && lengths[1] == lengths[2],
            $"has 3 sentences of {lengths[0]}, {lengths[1]} and {lengths[2]} characters, to be equally long");
    }
}

/// <summary>The argument <c>percentage</c>, and percentages in explanations.</summary>
internal static class Percentage
{
    public static double Of(InstructionArguments arguments)
    {
        double value = arguments.Number("percentage");
        return value >= 0
            ? value
            : throw new EvaluationException("argument 'percentage' is negative; it must be a number of at least 0");
    }

    public static string Show(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.##} %");
}
