namespace Spar.Runtime.Shards;

/// <summary>How play is cut into shards, and what plays one.</summary>
public sealed record ShardOptions
{
    /// <summary>Into how many, at least 2.</summary>
    public required int Shards { get; init; }

    /// <summary>How often a shard that was lost is submitted, at least 1.</summary>
    public int Tries { get; init; } = 3;

    /// <summary>The command that goes on with the run, a word an entry; --shard is added to it.</summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>The folder in which the command is to run, as a full path.</summary>
    public required string Folder { get; init; }
}
