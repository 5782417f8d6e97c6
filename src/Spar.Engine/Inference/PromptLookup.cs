namespace Spar.Engine.Inference;

/// <summary>
/// Guesses what a sequence says next: what came after its last tokens when they stood in it before. A refinement repeats
/// most of the response that stands in its prompt, and a judgement quotes (prompt lookup decoding, Saxena 2023). The
/// guesses are checked in the pass that would have computed the next token alone, so they decide how fast a text comes,
/// and never which.
/// </summary>
internal static class PromptLookup
{
    /// <summary>Tokens that must have stood in the same order before a guess is made, and those that are compared.</summary>
    private const int Least = 2, Most = 12;

    /// <summary>The tokens that followed the longest, and of these the latest, earlier occurrence of the last tokens.</summary>
    /// <param name="ids">The sequence so far.</param>
    /// <param name="draft">Takes the guess.</param>
    /// <returns>Tokens that are guessed, from 0 to the length of <paramref name="draft"/>.</returns>
    public static int Guess(ReadOnlySpan<int> ids, Span<int> draft)
    {
        if (ids.Length <= Least || draft.IsEmpty)
        {
            return 0;
        }

        int last = ids[^1], best = Least - 1, from = -1;
        for (int end = ids[..^1].LastIndexOf(last); end >= 0; end = ids[..end].LastIndexOf(last))
        {
            int same = 1;
            while (same < Most && same <= end && ids[end - same] == ids[ids.Length - 1 - same])
            {
                same++;
            }

            if (same > best)
            {
                (best, from) = (same, end + 1);
                if (same == Most)
                {
                    break;
                }
            }
        }

        if (from < 0)
        {
            return 0;
        }

        // The longer what went before is the same, the longer the rest is likely to be.
        int count = Math.Min(Math.Min(draft.Length, 2 * best), ids.Length - from);
        ids.Slice(from, count).CopyTo(draft);
        return count;
    }
}
