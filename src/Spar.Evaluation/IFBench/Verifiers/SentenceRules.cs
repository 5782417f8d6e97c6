using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>
/// Each sentence has more alliteration than the one before: two points for a pair of neighbouring words that begin
/// alike, one where the pair before it did so too.
/// </summary>
internal sealed class AlliterationIncrement : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int before = -1;
        int number = 0;
        foreach (string sentence in PunktSentenceSplitter.Split(response))
        {
            int points = Points(sentence);
            number++;
            if (points <= before)
            {
                return new Verdict(
                    false,
                    $"has {points} alliterating words in sentence {number}, to be more than the {before} of the last");
            }

            before = points;
        }

        return new Verdict(true, $"has {number} sentences, each with more alliterating words than the one before");
    }

    private static int Points(string sentence)
    {
        int points = 0;
        int previous = -1;
        bool alike = false;
        foreach (string field in PythonText.SplitWhitespace(PythonText.Lower(sentence)))
        {
            string word = TextParts.StripPunctuationStart(field);
            if (word.Length == 0)
            {
                continue;
            }

            int first = PythonText.PointAt(word, 0);
            bool same = first == previous;
            points += same ? (alike ? 1 : 2) : 0;
            (previous, alike) = (first, same);
        }

        return points;
    }
}

/// <summary>
/// The n-th sentence has a word, between word boundaries and whatever the case; 0 stands for the last sentence.
/// </summary>
internal sealed class SentenceKeyword : InstructionVerifier
{
    private readonly string _word;
    private readonly int _sentence;
    private readonly PythonRegex _regex;

    public SentenceKeyword(InstructionArguments arguments)
    {
        _word = arguments.TextOrEmpty("word");
        _sentence = arguments.Integer("N");
        _regex = new PythonRegex($@"\b{PythonRegex.Escape(_word)}\b", ignoreCase: true);
    }

    protected override Verdict Check(string response)
    {
        string wanted = TextParts.QuoteArgument(_word);
        List<string> sentences = PunktSentenceSplitter.Split(response);
        if (sentences.Count < Math.Max(_sentence, 1))
        {
            return new Verdict(
                false, $"has {sentences.Count} sentences, where sentence {_sentence} is to have the word {wanted}");
        }

        string sentence = _sentence == 0 ? sentences[^1] : sentences[_sentence - 1];
        string which = _sentence == 0 ? "the last sentence" : $"sentence {_sentence}";
        return Tell(
            _regex.IsFoundIn(sentence),
            $"has the word {wanted} in {which}",
            $"lacks the word {wanted} in {which}, which is {TextParts.Quote(sentence)}");
    }
}

/// <summary>Each sentence has exactly so many words more than the one before.</summary>
internal sealed class SentenceIncrement(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _step = arguments.Integer("small_n");

    protected override Verdict Check(string response)
    {
        int[] counts = [.. PunktSentenceSplitter.Split(response).Select(sentence => TextParts.Words(sentence).Count)];
        for (int i = 1; i < counts.Length; i++)
        {
            if (counts[i] - counts[i - 1] != _step)
            {
                return new Verdict(
                    false,
                    $"has {counts[i]} words in sentence {i + 1} after {counts[i - 1]} in the one before, "
                    + $"to be exactly {_step} more");
            }
        }

        return new Verdict(true, $"has {counts.Length} sentences, each with {_step} words more than the one before");
    }
}
