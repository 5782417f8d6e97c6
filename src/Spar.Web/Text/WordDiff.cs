using DiffPlex;

namespace Spar.Web.Text;

/// <summary>A word or line break of one of two compared texts.</summary>
/// <param name="Text">The word; "\n" for a line break.</param>
/// <param name="Changed">
/// True where the other text lacks it: removed if it stands in the old text, added if it stands in the new one.
/// </param>
public sealed record DiffWord(string Text, bool Changed);

/// <summary>
/// What a refinement changed, word by word: the longest common subsequence of the two texts' words (Myers 1986), by
/// DiffPlex. A word is what stands between white space, in its case and with its punctuation. Line breaks are compared
/// too, since an instruction can ask for them.
/// </summary>
public sealed class WordDiff
{
    private const string LineBreak = "\n";

    private WordDiff(DiffWord[] before, DiffWord[] after)
    {
        Before = before;
        After = after;
    }

    /// <summary>The old text; a changed word was removed.</summary>
    public IReadOnlyList<DiffWord> Before { get; }

    /// <summary>The new text; a changed word was added.</summary>
    public IReadOnlyList<DiffWord> After { get; }

    /// <summary>
    /// Share of the old text's words (line breaks not counted) that the new one keeps in their order, 0..1; null where
    /// it has no words.
    /// </summary>
    public double? KeptShare
    {
        get
        {
            DiffWord[] words = [.. Before.Where(word => word.Text != LineBreak)];
            return words.Length == 0 ? null : (double)words.Count(word => !word.Changed) / words.Length;
        }
    }

    /// <summary>Compares two texts.</summary>
    /// <param name="before">The old text.</param>
    /// <param name="after">The new text.</param>
    public static WordDiff Between(string before, string after)
    {
        DiffPlex.Model.DiffResult result = new Differ()
            .CreateCustomDiffs(before, after, ignoreWhiteSpace: false, Words);
        bool[] removed = new bool[result.PiecesOld.Length];
        bool[] added = new bool[result.PiecesNew.Length];
        foreach (DiffPlex.Model.DiffBlock block in result.DiffBlocks)
        {
            removed.AsSpan(block.DeleteStartA, block.DeleteCountA).Fill(true);
            added.AsSpan(block.InsertStartB, block.InsertCountB).Fill(true);
        }
        return new WordDiff(
            [.. result.PiecesOld.Select((word, index) => new DiffWord(word, removed[index]))],
            [.. result.PiecesNew.Select((word, index) => new DiffWord(word, added[index]))]);
    }

    private static string[] Words(string text)
    {
        List<string> words = [];
        string[] lines = text.ReplaceLineEndings(LineBreak).Split(LineBreak);
        for (int line = 0; line < lines.Length; line++)
        {
            if (line > 0)
            {
                words.Add(LineBreak);
            }
            words.AddRange(lines[line].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        }
        return [.. words];
    }
}
