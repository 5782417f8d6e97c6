using Spar.Evaluation.Instructions;
using Spar.Evaluation.Sentences;
using Spar.Evaluation.Text;

namespace Spar.Evaluation.IFBench.Verifiers;

/// <summary>As many lines as words, punctuation deleted and empty lines left out.</summary>
internal sealed class WordPerLine : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string text = TextParts.DeletePunctuation(response);
        int lines = PythonText.Strip(text).Split('\n').Count(line => line.Length > 0);
        int words = PythonText.SplitWhitespace(text).Count;
        return new Verdict(lines == words, $"has {words} words on {lines} lines, to be one word on each line");
    }
}

/// <summary>
/// Each line is indented further than the one before. As in the reference, of blank lines in a row every other one
/// stays, and which of them goes is the first that looks the same.
/// </summary>
internal sealed class LineIndent : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> lines = WithoutBlank(response.Split('\n'));
        for (int i = 1; i < lines.Count; i++)
        {
            (int before, int count) = (Indent(lines[i - 1]), Indent(lines[i]));
            if (count <= before)
            {
                string line = TextParts.Quote(lines[i].TrimStart(' '));
                return new Verdict(
                    false, $"has {count} spaces before {line}, to be more than the {before} of the line before");
            }
        }

        return new Verdict(true, $"has {lines.Count} lines, each indented further than the one before");
    }

    private static int Indent(string line) => line.Length - line.TrimStart(' ').Length;

    /// <summary>
    /// The reference walks along a list by index while it takes lines out of it, so the line after one that it took out
    /// is passed over.
    /// </summary>
    private static List<string> WithoutBlank(string[] lines)
    {
        Dictionary<string, Queue<int>> blank = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (PythonText.IsBlank(lines[i]))
            {
                if (!blank.TryGetValue(lines[i], out Queue<int>? places))
                {
                    blank[lines[i]] = places = [];
                }

                places.Enqueue(i);
            }
        }

        bool[] removed = new bool[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            if (blank.TryGetValue(lines[i], out Queue<int>? places))
            {
                removed[places.Dequeue()] = true;
                i++;
            }
        }

        return [.. lines.Where((_, i) => !removed[i])];
    }
}

/// <summary>Each bullet point with an asterisk has a hyphen before the next one.</summary>
internal sealed class SubBullets : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        string[] pieces = response.Split('*')[1..];
        int without = pieces.Count(piece => !piece.Contains('-'));
        return Tell(
            without == 0,
            $"has {pieces.Length} bullet points (*), each with a sub-bullet (-)",
            $"has {without} of {pieces.Length} bullet points (*) without a sub-bullet (-)");
    }
}

/// <summary>
/// At least two sentences, then at least two bullet points with asterisks, then nothing more, not even an empty line.
/// </summary>
internal sealed class SentencesThenBullets : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        bool introduction = true;
        int sentences = 0;
        int bullets = 0;
        foreach (string line in response.Split('\n').Select(PythonText.Strip))
        {
            if (line.StartsWith('*'))
            {
                introduction = false;
                if (sentences < 2)
                {
                    return new Verdict(false, $"has {sentences} of at least 2 sentences before the bullet points");
                }

                bullets++;
            }
            else if (introduction)
            {
                int found = PunktSentenceSplitter.SplitSpans(line).Count;
                sentences += found;
                introduction = found > 0;
            }
            else
            {
                return new Verdict(
                    false,
                    line.Length == 0
                        ? "has an empty line between or after the bullet points, to have none"
                        : $"has {TextParts.Quote(line)} where only bullet points (*) are to follow");
            }
        }

        return Compare(bullets, Relation.AtLeast, 2, "bullet points (*) after the sentences");
    }
}

/// <summary>
/// Each sentence ends with an emoji, or the next begins with one; punctuation aside, and of the last two characters
/// either may be it.
/// </summary>
internal sealed class SentenceEmoji : InstructionVerifier
{
    protected override Verdict Check(string response)
    {
        List<string> sentences = PunktSentenceSplitter.Split(response);
        int[][] points = [.. sentences.Select(Bare)];
        for (int i = 0; i < points.Length; i++)
        {
            bool followed = i + 1 < points.Length && BeginsWithEmoji(points[i + 1]);
            if (points[i].Length == 0 || !(followed || EndsInEmoji(points[i])))
            {
                return new Verdict(
                    false, $"has no emoji at the end of sentence {i + 1}, {TextParts.Quote(sentences[i])}");
            }
        }

        return new Verdict(true, "has an emoji at the end of every sentence");
    }

    private static int[] Bare(string sentence) =>
        PythonText.CodePoints(PythonText.Strip(TextParts.DeletePunctuation(sentence)));

    private static bool EndsInEmoji(int[] points) =>
        EmojiCharacters.Contains(points[^1]) || (points.Length > 1 && EmojiCharacters.Contains(points[^2]));

    private static bool BeginsWithEmoji(int[] points) => points.Length > 0 && EmojiCharacters.Contains(points[0]);
}
