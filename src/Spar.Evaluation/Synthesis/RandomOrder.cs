using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>Random order without changing what is ordered.</summary>
internal static class RandomOrder
{
    /// <summary>The items in random order.</summary>
    public static List<T> Shuffled<T>(this SeededRandom random, IEnumerable<T> items)
    {
        List<T> shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
