namespace Spar.Evaluation.LlmBar;

/// <summary>The majority of votes for one of two outputs.</summary>
public static class Majority
{
    /// <summary>The winner by majority; votes that named none do not count.</summary>
    /// <param name="votes">1, 2 or null each.</param>
    /// <returns>1 or 2; null for a tie or where no vote counts.</returns>
    public static int? Of(IEnumerable<int?> votes)
    {
        int balance = votes.Sum(vote => vote switch { 1 => 1, 2 => -1, _ => 0 });
        return balance switch { > 0 => 1, < 0 => 2, _ => null };
    }
}
