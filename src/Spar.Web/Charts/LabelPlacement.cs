namespace Spar.Web.Charts;

/// <summary>Keeps labels that stand over each other apart.</summary>
public static class LabelPlacement
{
    /// <summary>
    /// Moves heights as little as needed so that neighbours are at least <paramref name="gap"/> apart and all lie
    /// within the limits, if there is room; their order stays.
    /// </summary>
    /// <param name="wanted">Wanted heights, in any order.</param>
    /// <param name="gap">Least distance of two labels.</param>
    /// <param name="top">Smallest height allowed.</param>
    /// <param name="bottom">Largest height allowed.</param>
    /// <returns>The heights, in the order of <paramref name="wanted"/>.</returns>
    public static double[] Spread(IReadOnlyList<double> wanted, double gap, double top, double bottom)
    {
        int[] order = [.. Enumerable.Range(0, wanted.Count).OrderBy(index => wanted[index])];
        double[] placed = new double[wanted.Count];

        // Labels that collide form a block which is centred on the mean of what they want (isotonic regression by
        // pooling neighbours).
        List<(double Start, int Count)> blocks = [];
        foreach (int index in order)
        {
            (double Start, int Count) block = (wanted[index], 1);
            while (blocks.Count > 0 && blocks[^1].Start + (blocks[^1].Count * gap) > block.Start)
            {
                (double start, int count) = blocks[^1];
                blocks.RemoveAt(blocks.Count - 1);
                double shifted = ((start * count) + ((block.Start - (count * gap)) * block.Count)) / (
                    count + block.Count);
                block = (shifted, count + block.Count);
            }
            blocks.Add(block);
        }

        int next = 0;
        foreach ((double start, int count) in blocks)
        {
            for (int member = 0; member < count; member++)
            {
                placed[order[next++]] = start + (member * gap);
            }
        }
        double floor = bottom;
        for (int rank = order.Length - 1; rank >= 0; rank--, floor -= gap)
        {
            placed[order[rank]] = Math.Min(placed[order[rank]], floor);
            floor = placed[order[rank]];
        }
        double ceiling = top;
        for (int rank = 0; rank < order.Length; rank++, ceiling += gap)
        {
            placed[order[rank]] = Math.Max(placed[order[rank]], ceiling);
            ceiling = placed[order[rank]];
        }
        return placed;
    }
}
