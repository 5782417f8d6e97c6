using System.Text;

namespace Spar.Nano;

/// <summary>
/// A response, taken apart the way every check of the nano world reads it: sentences of words, the closing mark, and
/// stars at the ends. Any text can be taken apart; nothing is rejected here.
/// </summary>
public sealed class NanoResponse
{
    private NanoResponse(List<List<string>> sentences, List<char> marks, bool leadingStar, bool trailingStar)
    {
        Sentences = sentences;
        Marks = marks;
        LeadingStar = leadingStar;
        TrailingStar = trailingStar;
        Words = [.. sentences.SelectMany(sentence => sentence)];
    }

    /// <summary>
    /// Sentences in order, each a list of words without marks. A sentence ends at a word that ends in . ! or ?
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> Sentences { get; }

    /// <summary>
    /// The mark that closes each sentence: '.', '!' or '?', or '\0' for a last sentence that none closes.
    /// </summary>
    public IReadOnlyList<char> Marks { get; }

    /// <summary>True when the text begins with a star.</summary>
    public bool LeadingStar { get; }

    /// <summary>True when the text ends with a star.</summary>
    public bool TrailingStar { get; }

    /// <summary>All words in order; position p in a critique is the word at index p - 1.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>The mark at the very end, or '\0'.</summary>
    public char ClosingMark => Marks.Count == 0 ? '\0' : Marks[^1];

    /// <summary>Takes a text apart.</summary>
    /// <param name="text">Any text.</param>
    public static NanoResponse Parse(string text)
    {
        string[] tokens = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        bool leading = tokens.Length > 0 && tokens[0] == "*";
        bool trailing = tokens.Length > 1 && tokens[^1] == "*";
        List<List<string>> sentences = [];
        List<char> marks = [];
        List<string> current = [];
        for (int i = leading ? 1 : 0; i < tokens.Length - (trailing ? 1 : 0); i++)
        {
            string word = tokens[i].TrimEnd('.', '!', '?');
            if (word.Length > 0)
            {
                current.Add(word);
            }

            if (word.Length < tokens[i].Length && current.Count > 0)
            {
                sentences.Add(current);
                marks.Add(tokens[i][^1]);
                current = [];
            }
        }

        if (current.Count > 0)
        {
            sentences.Add(current);
            marks.Add('\0');
        }

        return new NanoResponse(sentences, marks, leading, trailing);
    }

    /// <summary>
    /// Writes sentences as a text: inner sentences end in '.', the last in <paramref name="closingMark"/>.
    /// </summary>
    /// <param name="sentences">Words by sentence.</param>
    /// <param name="closingMark">'.', '!', '?', or '\0' for none.</param>
    /// <param name="stars">True to put a star at both ends.</param>
    public static string Format(IReadOnlyList<IReadOnlyList<string>> sentences, char closingMark, bool stars)
    {
        StringBuilder text = new(stars ? "* " : "");
        for (int s = 0; s < sentences.Count; s++)
        {
            char mark = s == sentences.Count - 1 ? closingMark : '.';
            text.Append(s == 0 ? "" : " ").AppendJoin(' ', sentences[s]);
            if (mark != '\0')
            {
                text.Append(mark);
            }
        }

        return text.Append(stars ? " *" : "").ToString();
    }
}
