using Spar.Evaluation.IFEval.Verifiers;
using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>At most so many words of lower-case ASCII letters alone, in the whole response.</summary>
internal sealed class LowercaseWords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _most = arguments.Count("N");

    protected override Verdict Check(string response)
    {
        int count = 0;
        bool inside = false;
        bool lower = false;
        foreach (int point in PythonText.CodePoints(response).Append(' '))
        {
            if (PythonText.IsWord(point))
            {
                lower = (!inside || lower) && point is >= 'a' and <= 'z';
                inside = true;
            }
            else
            {
                count += inside && lower ? 1 : 0;
                inside = false;
            }
        }

        return new Verdict(count <= _most, $"has {count} of at most {_most} words in lower case");
    }
}

/// <summary>
/// The number of ASCII letters. A relation other than <c>at least</c> and <c>less than</c> is never met.
/// </summary>
internal sealed class LetterCounting(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("N");
    private readonly string _relation = arguments.Text("relation");

    protected override Verdict Check(string response)
    {
        int count = response.Count(char.IsAsciiLetter);
        return _relation switch
        {
            "at least" => Compare(count, Relation.AtLeast, _wanted, "letters"),
            "less than" => Compare(count, Relation.LessThan, _wanted, "letters"),
            _ => new Verdict(false, $"has {count} letters, but '{_relation}' is no known relation to {_wanted}"),
        };
    }
}

/// <summary>
/// Three parts with <c>***</c> between, each of so many sentences, each of which has so many words; marks count as
/// words. Nothing may stand before the first part or behind the last.
/// </summary>
internal sealed class CountingComposition(InstructionArguments arguments) : InstructionVerifier
{
    private const int Parts = 3;
    private readonly int _sentences = arguments.Count("n_sent");
    private readonly int _words = arguments.Count("n_words");

    protected override Verdict Check(string response)
    {
        List<string> pieces = NumberOfParagraphs.Split(response);
        for (int i = 0; i < pieces.Count; i++)
        {
            List<string> sentences = RegexSentenceSplitter.Split(pieces[i]);
            if (sentences.Count != _sentences)
            {
                return new Verdict(false, $"has {sentences.Count} of exactly {_sentences} sentences in part {i + 1}");
            }

            foreach (string sentence in sentences)
            {
                int words = WordTokenizer.Tokens(sentence).Count;
                if (words != _words)
                {
                    string counted = $"{words} of exactly {_words} words, marks included";
                    return new Verdict(false, $"has a sentence in part {i + 1} with {counted}");
                }
            }
        }

        return CompareExactly(pieces.Count, Parts, $"parts of {_sentences} sentences, each with {_words} words");
    }
}

/// <summary>No word occurs twice, case included; marks count as words.</summary>
internal sealed class UniqueTokens : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        HashSet<string> seen = [];
        string? repeated = WordTokenizer.Tokens(response).Find(token => !seen.Add(token));
        return Tell(repeated is null, "has no word or mark twice", $"has '{repeated}' twice");
    }
}
