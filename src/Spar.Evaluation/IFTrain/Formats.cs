using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFTrain;

/// <summary>
/// Sentences are joined by hyphens without spaces: each piece between hyphens is the sentence that stands in its place
/// when hyphens are spaces. Pieces or sentences that are left over are ignored.
/// </summary>
internal sealed class SentenceHyphens : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = RegexSentenceSplitter.Split(response.Replace('-', ' '));
        string[] pieces = response.Split('-');
        for (int i = 0; i < Math.Min(sentences.Count, pieces.Length); i++)
        {
            if (PythonText.Strip(pieces[i]).Length != pieces[i].Length)
            {
                return new Verdict(false, $"has white space beside the hyphen at sentence {i + 1}");
            }

            if (pieces[i] != sentences[i])
            {
                return new Verdict(false, $"has no hyphen just where sentence {i + 1} ends");
            }
        }

        return new Verdict(true, "has hyphens and no spaces between its sentences");
    }
}

/// <summary>Every word stands in square brackets.</summary>
internal sealed class SquareBrackets : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int bare = PythonText.SplitWhitespace(response).Count(word => word[0] != '[' || word[^1] != ']');
        return Tell(
            bare == 0,
            "has every word in square brackets",
            $"has {bare} words that are not in square brackets");
    }
}

/// <summary>Words stand two by two in double angular brackets; a single last word is ignored.</summary>
internal sealed class BigramWrapping : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> words = PythonText.SplitWhitespace(response);
        for (int i = 0; i + 1 < words.Count; i += 2)
        {
            if (!words[i].StartsWith("<<", StringComparison.Ordinal)
                || !words[i + 1].EndsWith(">>", StringComparison.Ordinal))
            {
                return new Verdict(false, $"has words {i + 1} and {i + 2} not wrapped as one <<pair>>");
            }
        }

        return new Verdict(true, "has its words wrapped in <<pairs>>");
    }
}

/// <summary>A mark does not occur; only the ASCII character counts.</summary>
internal sealed class MarkExcluded(char mark, string name) : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        int count = response.AsSpan().Count(mark);
        return Tell(count == 0, $"has no {name}", $"has {count} {name}s");
    }
}

/// <summary>
/// Exactly two paragraphs, which two line feeds separate; a blank first or last piece does not count, a blank one
/// between fails.
/// </summary>
internal sealed class TwoParagraphs : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string[] pieces = response.Split("\n\n");
        int blankInside = Enumerable.Range(1, Math.Max(0, pieces.Length - 2)).Count(i => PythonText.IsBlank(pieces[i]));
        return blankInside > 0
            ? new Verdict(false, "has a blank paragraph between two others")
            : CompareExactly(
                pieces.Count(piece => !PythonText.IsBlank(piece)), 2, "paragraphs separated by a blank line");
    }
}
