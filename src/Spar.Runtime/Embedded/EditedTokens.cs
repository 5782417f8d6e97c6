using System.Globalization;
using DiffPlex;
using DiffPlex.Model;
using Spar.Engine.Training;

namespace Spar.Runtime.Embedded;

/// <summary>Which tokens of an edited response an edit put there.</summary>
internal static class EditedTokens
{
    /// <summary>
    /// Marks the tokens of an edited response that the unedited one lacks, the one behind something that an edit took
    /// away, and the one that ends the turn.
    /// </summary>
    /// <param name="edited">A prompt with the edited response, of at least one token; it may have lost its end.</param>
    /// <param name="own">The same prompt with the unedited response, whole.</param>
    /// <param name="marks">One of each token of the edited response; those that are marked become true.</param>
    public static void Mark(TrainingSequence edited, TrainingSequence own, Span<bool> marks)
    {
        DiffResult diff = new Differ().CreateCustomDiffs(
            Text(own), Text(edited), ignoreWhiteSpace: false, text => text.Split(' '));
        foreach (DiffBlock block in diff.DiffBlocks)
        {
            int first = block.InsertStartB;
            marks.Slice(first, Math.Min(Math.Max(block.InsertCountB, 1), marks.Length - first)).Fill(true);
        }

        marks[^1] |= edited.Tokens[^1] == own.Tokens[^1];
    }

    private static string Text(TrainingSequence sequence) => string.Join(
        ' ',
        sequence.Tokens.Skip(sequence.FirstTarget).Select(token => token.ToString(CultureInfo.InvariantCulture)));
}
