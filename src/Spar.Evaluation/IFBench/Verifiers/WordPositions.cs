using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>The last word of each sentence is the first of the next, whatever the case.</summary>
internal sealed class SentenceChain : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        for (int i = 1; i < sentences.Count; i++)
        {
            List<string> before = PythonText.SplitWhitespace(TextParts.StripPunctuationEnd(sentences[i - 1]));
            List<string> after = PythonText.SplitWhitespace(TextParts.StripPunctuationStart(sentences[i]));
            if (before.Count == 0 || after.Count == 0)
            {
                int number = before.Count == 0 ? i : i + 1;
                return new Verdict(
                    false,
                    $"has no word in sentence {number}, to begin with the last word of the one before"
                );
            }

            if (PythonText.Lower(before[^1]) != PythonText.Lower(after[0]))
            {
                (string last, string first) = (TextParts.Quote(before[^1]), TextParts.Quote(after[0]));
                return new Verdict(
                    false,
                    $"has {last} at the end of sentence {i} and {first} at the start of the next, to be the same word"
                );
            }
        }

        return new Verdict(
            true,
            $"has {sentences.Count} sentences, each beginning with the last word of the one before"
        );
    }
}

/// <summary>The first and the last word of each line are the same, whatever the case.</summary>
internal sealed class ParagraphFrame : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        foreach (string line in response.Split('\n'))
        {
            string text = TextParts.StripPunctuation(PythonText.Lower(PythonText.Strip(line)));
            List<string> fields = PythonText.SplitWhitespace(text);
            if (fields.Count > 0 && fields[0] != fields[^1])
            {
                (string first, string last) = (TextParts.Quote(fields[0]), TextParts.Quote(fields[^1]));
                return new Verdict(
                    false,
                    $"has a paragraph that begins with {first} and ends with {last}, to be the same word"
                );
            }
        }

        return new Verdict(true, "begins and ends each paragraph with the same word");
    }
}

/// <summary>
/// The m-th word of the n-th sentence, tokens with a letter or number counted, is the keyword, whatever the case.
/// </summary>
internal sealed class KeywordAtPosition(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _keyword = PythonText.Strip(arguments.TextOrEmpty("keyword"));
    private readonly int _sentence = arguments.Integer("n", least: 1);
    private readonly int _word = arguments.Integer("m", least: 1);

    protected override Verdict Check(string response)
    {
        string wanted = TextParts.QuoteArgument(_keyword);
        List<string> sentences = PunktSentenceSplitter.Split(response);
        if (sentences.Count < _sentence)
        {
            return new Verdict(
                false,
                $"has {sentences.Count} sentences, where sentence {_sentence} is to have {wanted} as word {_word}"
            );
        }

        List<string> words = WordTokenizer.Tokens(sentences[_sentence - 1]);
        words.RemoveAll(token => !Array.Exists(PythonText.CodePoints(token), PythonText.IsLetterOrNumber));
        return words.Count < _word
            ? new Verdict(
                false,
                $"has {words.Count} words in sentence {_sentence}, where word {_word} is to be {wanted}"
            )
            : new Verdict(
                PythonText.Lower(words[_word - 1]) == PythonText.Lower(_keyword),
                $"has {TextParts.Quote(words[_word - 1])} as word {_word} of sentence {_sentence}, to be {wanted}"
            );
    }
}

/// <summary>
/// The second token and the second from the end, one closing punctuation mark not counted, are the keyword, whatever
/// the case.
/// </summary>
internal sealed class KeywordAtBothEnds(InstructionArguments arguments) : InstructionVerifier
{
    private readonly string _keyword = PythonText.Strip(arguments.TextOrEmpty("keyword"));

    protected override Verdict Check(string response)
    {
        List<string> tokens = WordTokenizer.Tokens(response);
        int fromEnd = tokens.Count > 0 && TextParts.Punctuation.Contains(tokens[^1], StringComparison.Ordinal) ? 3 : 2;
        if (tokens.Count < fromEnd)
        {
            return new Verdict(
                false,
                $"has {tokens.Count} words and marks, where {TextParts.QuoteArgument(_keyword)} is to be the "
                    + "second from "
                    + "both ends"
            );
        }

        (string second, string last) = (tokens[1], tokens[^fromEnd]);
        string keyword = PythonText.Lower(_keyword);
        return new Verdict(
            PythonText.Lower(second) == keyword && PythonText.Lower(last) == keyword,
            $"has {TextParts.Quote(second)} as second word and {TextParts.Quote(last)} as second last, "
                + $"both to be {TextParts.QuoteArgument(_keyword)}"
        );
    }
}
