using System.Globalization;
using DiffPlex;
using DiffPlex.Model;
using Spar.Engine.Training;

namespace Spar.Runtime.Embedded;

/// <summary>Which tokens of an edited response an edit put there.</summary>
internal static class EditedTokens
{
    /// <summary>
    /// Weighs the targets of an edited response: 1 for tokens that the unedited one lacks, for the token behind
    /// something that an edit took away, and for the one that ends the turn; a given weight for all others.
    /// </summary>
    /// <param name="edited">The edited response, at least one target; it may have lost its end.</param>
    /// <param name="own">The same prompt with the unedited response, whole.</param>
    /// <param name="weight">Weight of the tokens that both have, 0 to 1.</param>
    public static TrainingSequence Weighted(TrainingSequence edited, TrainingSequence own, float weight)
    {
        float[] weights = new float[edited.Tokens.Length];
        weights.AsSpan(edited.FirstTarget).Fill(weight);
        DiffResult diff = new Differ().CreateCustomDiffs(
            Text(own), Text(edited), ignoreWhiteSpace: false, text => text.Split(' '));
        foreach (DiffBlock block in diff.DiffBlocks)
        {
            int first = edited.FirstTarget + block.InsertStartB;
            weights.AsSpan(first, Math.Min(Math.Max(block.InsertCountB, 1), weights.Length - first)).Fill(1);
        }

        if (edited.Tokens[^1] == own.Tokens[^1])
        {
            weights[^1] = 1;
        }

        return edited with { Weights = weights };
    }

    private static string Text(TrainingSequence sequence) => string.Join(
        ' ',
        sequence.Tokens.Skip(sequence.FirstTarget).Select(token => token.ToString(CultureInfo.InvariantCulture)));
}
