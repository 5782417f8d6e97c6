using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFEval.Verifiers;

/// <summary>The number of Punkt sentences.</summary>
internal sealed class NumberOfSentences(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int wanted = arguments.Count("num_sentences");
    private readonly Relation relation = arguments.Relation("relation");

    protected override Verdict Check(string response) =>
        Compare(PunktSentenceSplitter.SplitSpans(response).Count, relation, wanted, "sentences");
}

/// <summary>The number of words: maximal runs of word characters, so that <c>don't</c> is two.</summary>
internal sealed class NumberOfWords(InstructionArguments arguments) : InstructionVerifier
{
    private readonly int wanted = arguments.Count("num_words");
    private readonly Relation relation = arguments.Relation("relation");

    protected override Verdict Check(string response) =>
        Compare(PythonText.CountWordRuns(response), relation, wanted, "words");
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
    private readonly int wanted;
    private readonly int nth;
    private readonly string firstWord;

    public NthParagraphFirstWord(InstructionArguments arguments)
    {
        wanted = arguments.Count("num_paragraphs");
        nth = arguments.Count("nth_paragraph");
        if (nth > wanted)
        {
            throw new EvaluationException(
                $"argument 'nth_paragraph' is {nth}; it must not exceed 'num_paragraphs', {wanted}"
            );
        }

        firstWord = PythonText.Lower(arguments.Text("first_word"));
    }

    protected override Verdict Check(string response)
    {
        string[] paragraphs = response.Split("\n\n");
        int count = paragraphs.Count(p => !PythonText.IsBlank(p));
        if (nth > count)
        {
            return new Verdict(false, $"has {count} of exactly {wanted} paragraphs, and no paragraph {nth}");
        }

        if (PythonText.IsBlank(paragraphs[nth - 1]))
        {
            return new Verdict(false, $"has a blank paragraph {nth}");
        }

        string found = FirstWord(paragraphs[nth - 1]);
        return new Verdict(
            count == wanted && found == firstWord,
            $"has {count} of exactly {wanted} paragraphs, and paragraph {nth} begins with '{found}', asked for "
                + $"'{firstWord}'"
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
