namespace Spar.Runtime.Clusters;

/// <summary>How a part of a cluster is.</summary>
public enum FindingState
{
    /// <summary>It is there.</summary>
    Ok,

    /// <summary>It is not there, and nothing that was asked about needs it.</summary>
    Absent,

    /// <summary>It is needed, and not there or not as it has to be.</summary>
    Missing,
}

/// <summary>A part of a cluster, and how it is.</summary>
/// <param name="Name">The part: "partition h100".</param>
/// <param name="State">How it is.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Remedy">The command that mends it, or what to change; null where nothing has to be.</param>
public sealed record ClusterFinding(string Name, FindingState State, string Detail, string? Remedy = null);
