using System.Globalization;

namespace Spar.SelfPlay;

/// <summary>
/// A share of the prompts of a play stage: every n-th of n shares, so that shares of prompts whose length changes along the file are alike.
/// </summary>
/// <param name="Number">Which share, from 1.</param>
/// <param name="Count">How many there are, at least 1.</param>
public sealed record PlayShard(int Number, int Count)
{
    /// <summary>Whether an item of the stage belongs to the share.</summary>
    /// <param name="item">Its number, from 0.</param>
    public bool Has(int item) => item % Count == Number - 1;

    /// <summary>Reads a share as people write it.</summary>
    /// <param name="text">Such as 2/4.</param>
    /// <returns>Null where it is none.</returns>
    public static PlayShard? Parse(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            && number >= 1 && number <= count
            ? new PlayShard(number, count)
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}/{Count}");
}

/// <summary>How far a session goes in a play stage.</summary>
/// <param name="Shard">Only this share is played, and the session ends with it; null plays all.</param>
/// <param name="EndsBefore">Whether the session ends before a stage in which there is something to play.</param>
public sealed record PlayScope(PlayShard? Shard, bool EndsBefore)
{
    /// <summary>All is played.</summary>
    public static PlayScope Whole { get; } = new(null, false);

    /// <summary>Whether a stage that has not ended is worked on in this session.</summary>
    /// <param name="stage">The stage's name.</param>
    internal bool Allows(string stage) => Shard is null || stage.StartsWith("play-", StringComparison.Ordinal);
}

/// <summary>Ends a session where its <see cref="PlayScope"/> does; the run has not ended.</summary>
/// <param name="stage">The play stage.</param>
/// <param name="played">Items of the session's share that are played.</param>
/// <param name="items">Items of its share.</param>
internal sealed class SessionEndException(string stage, int played, int items) : Exception($"The session ends at {stage}.")
{
    /// <summary>Where it ended.</summary>
    public SessionEnd End { get; } = new(stage, played, items);
}

/// <summary>Where a session ended that was not to go on to the run's end.</summary>
/// <param name="Stage">The play stage.</param>
/// <param name="Played">Items of the session's share that are played.</param>
/// <param name="Items">Items of its share.</param>
public sealed record SessionEnd(string Stage, int Played, int Items);
