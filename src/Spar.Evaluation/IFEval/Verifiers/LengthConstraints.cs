using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>The number of Punkt sentences.</summary>
internal sealed class NumberOfSentences(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("num_sentences");
    private readonly Relation _relation = arguments.Relation("relation");

    protected override Verdict Check(string response) =>
        Compare(PunktSentenceSplitter.SplitSpans(response).Count, _relation, _wanted, "sentences");
}

/// <summary>The number of words: maximal runs of word characters, so that <c>don't</c> is two.</summary>
internal sealed class NumberOfWords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int _wanted = arguments.Count("num_words");
    private readonly Relation _relation = arguments.Relation("relation");

    protected override Verdict Check(string response) =>
        Compare(PythonText.CountWordRuns(response), _relation, _wanted, "words");
}

/// <summary>
/// The number of paragraphs, which <c>***</c> with one optional white-space character on either side separates. A blank
/// first or last piece does not count; a blank piece between fails.
/// </summary>
internal sealed class NumberOfParagraphs(int wanted) : InstructionVerifier
{
    private const string Divider = "***";

    protected override Verdict Check(string response)
    {
        List<string> pieces = Split(response);
        int count = pieces.Count;
        for (int i = 0; i < pieces.Count; i++)
        {
            if (PythonText.IsBlank(pieces[i]))
            {
                if (i != 0 && i != pieces.Count - 1)
                {
                    return new Verdict(false, $"has an empty paragraph between two dividers {Divider}");
                }

                count--;
            }
        }

        return CompareExactly(count, wanted, $"paragraphs separated by {Divider}");
    }

    /// <summary>
    /// The pieces between dividers, blank ones included; one white-space character on either side goes with a divider.
    /// </summary>
    internal static List<string> Split(string response)
    {
        List<string> pieces = [];
        int start = 0;
        for (int found; (found = response.IndexOf(Divider, start, StringComparison.Ordinal)) >= 0;)
        {
            bool spaceBefore = found > start && PythonText.IsWhitespace(response[found - 1]);
            pieces.Add(response[start..(spaceBefore ? found - 1 : found)]);
            start = found + Divider.Length;
            start += start < response.Length && PythonText.IsWhitespace(response[start]) ? 1 : 0;
        }

        pieces.Add(response[start..]);
        return pieces;
    }
}

/// <summary>
/// The number of paragraphs, which two line feeds separate, and the first word of one of them. Blank paragraphs do not
/// add to the number but are counted when the paragraph is picked.
/// </summary>
internal sealed class NthParagraphFirstWord : InstructionVerifier
{
    private readonly int _wanted;
    private readonly int _nth;
    private readonly string _firstWord;

    public NthParagraphFirstWord(InstructionArguments arguments)
    {
        _wanted = arguments.Count("num_paragraphs");
        _nth = arguments.Count("nth_paragraph");
        if (_nth > _wanted)
        {
            throw new EvaluationException(
                $"argument 'nth_paragraph' is {_nth}; it must not exceed 'num_paragraphs', {_wanted}"
            );
        }

        _firstWord = PythonText.Lower(arguments.Text("first_word"));
    }

    protected override Verdict Check(string response)
    {
        string[] paragraphs = response.Split("\n\n");
        int count = paragraphs.Count(p => !PythonText.IsBlank(p));
        if (_nth > count)
        {
            return new Verdict(false, $"has {count} of exactly {_wanted} paragraphs, and no paragraph {_nth}");
        }

        if (PythonText.IsBlank(paragraphs[_nth - 1]))
        {
            return new Verdict(false, $"has a blank paragraph {_nth}");
        }

        string found = FirstWord(paragraphs[_nth - 1]);
        return new Verdict(
            count == _wanted && found == _firstWord,
            $"has {count} of exactly {_wanted} paragraphs, and paragraph {_nth} begins with '{found}', asked for "
                + $"'{_firstWord}'"
        );
    }

    /// <summary>
    /// The first token without opening straight quotes, up to the next quote or mark, each character in lower case by
    /// itself.
    /// </summary>
    private static string FirstWord(string paragraph)
    {
        string token = PythonText.SplitWhitespace(paragraph)[0].TrimStart('\'').TrimStart('"');
        int end = token.AsSpan().IndexOfAny(".,?!'\"");
        int[] points = PythonText.CodePoints(end < 0 ? token : token[..end]);
        return string.Concat(points.Select(p => PythonText.Lower(PythonText.FromCodePoints([p]))));
    }
}
