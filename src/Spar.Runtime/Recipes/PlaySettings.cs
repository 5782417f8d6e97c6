using System.ComponentModel.DataAnnotations;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>
/// Where a run plays: in its own process, or cut into shards that a launcher starts. What is played is the same.
/// </summary>
public sealed record PlaySettings : IRecipeRules
{
    /// <summary>Shards into which an iteration's prompts are cut; 1 plays in the run's own process.</summary>
    [Decides(Results.None), Range(1, 10_000)]
    public int Shards { get; init; } = 1;

    /// <summary>How often a shard that is lost (cancelled, killed, its node gone) is submitted.</summary>
    [Decides(Results.None), Range(1, 1000)]
    public int Tries { get; init; } = 3;

    /// <summary>
    /// The program that plays a shard and its first arguments, one entry each, as the nodes know it; the very program that
    /// runs the recipe when not given, and spar under Kubernetes.
    /// </summary>
    [Decides(Results.None)]
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Threads of each shard; all of its machine when not given. Shards that share a node need fewer.</summary>
    [Decides(Results.None), Range(1, 1024)]
    public int? Threads { get; init; }

    /// <summary>
    /// Where the shards run, each as a task on one machine; nodes and gpus_per_node have no meaning here, for the embedded
    /// engine plays on processors.
    /// </summary>
    [Decides(Results.None)]
    public LauncherSettings Launcher { get; init; } = new();

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        check.That(
            Launcher.Nodes == 1, "launcher.nodes",
            "must be 1: a shard is one process; shards says how many there are", Launcher.Nodes);
        Launcher.Check(check);
    }
}
