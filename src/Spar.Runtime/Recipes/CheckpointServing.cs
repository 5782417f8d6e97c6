using System.ComponentModel.DataAnnotations;
using Spar.Recipes;
using Spar.Seams;

namespace Spar.Runtime.Recipes;

/// <summary>By what it is checked that a server holds the checkpoint that it was given.</summary>
public enum CheckpointProbe
{
    /// <summary>By its greedy answers, which have to be those of the embedded engine.</summary>
    Embedded,

    /// <summary>By the names alone that it says it serves.</summary>
    Names,
}

/// <summary>
/// How the models that a run trains get to the servers that play them. The run trains checkpoints as ever; before a part
/// plays, its servers are given the checkpoint, and asked whether they have it.
/// </summary>
public sealed record CheckpointServing : IRecipeRules
{
    /// <summary>The entry of endpoints whose servers play the part; it has no other use in the recipe.</summary>
    [MinLength(1)]
    public required string Pool { get; init; }

    /// <summary>Whose models they are given: the actor's, or the refiner's.</summary>
    public required ModelRole Role { get; init; }

    /// <summary>
    /// Brings a checkpoint to the servers, as a command of the shell that ends when that is under way: {checkpoint} is its
    /// folder, {stage} the training that it comes from (base for what the part starts from), {role} the part, {name} the
    /// name by which the servers are to know it. It is called again for the same checkpoint when a run goes on.
    /// </summary>
    public string? Command { get; init; }

    /// <summary>
    /// The program that serves a checkpoint, as a command of the shell that goes on for as long as it serves, in the place
    /// of command: {checkpoint} is the folder, {name} the name to serve it by, {port} the port of one of the pool's
    /// addresses. The run starts one for each address, and ends them before it trains and when it ends.
    /// </summary>
    public string? Program { get; init; }

    /// <summary>
    /// Where program runs. On this machine the pool's addresses are the servers'; elsewhere only their ports count, and
    /// hosts are those where the servers come to run.
    /// </summary>
    public LauncherSettings Launcher { get; init; } = new();

    /// <summary>
    /// Whether the servers take adapters while they run (vLLM's load_lora_adapter), in the place of a command. The servers
    /// hold what the part starts from, under the pool's model; every training of the part must be of an adapter for that.
    /// </summary>
    public bool Lora { get; init; }

    /// <summary>The name by which the servers are to know a checkpoint; {stage} in it tells one from another.</summary>
    [MinLength(1)]
    public string Name { get; init; } = "{stage}";

    /// <summary>Minutes for which servers that were given a checkpoint are waited for.</summary>
    [Range(0.0, 100_000.0, MinimumIsExclusive = true)]
    public double ReadyMinutes { get; init; } = 30;

    /// <summary>
    /// By what it is checked that a server holds the checkpoint: embedded (its greedy answers are those of the embedded
    /// engine, for checkpoints of at most 8 GB that it can run) or names (it says that it serves the name).
    /// </summary>
    public CheckpointProbe Probe { get; init; }

    /// <summary>Tokens of each greedy answer that are compared.</summary>
    [Range(1, 1000)]
    public int ProbeTokens { get; init; } = 16;

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        check.That(
            (Command is null ? 0 : 1) + (Program is null ? 0 : 1) + (Lora ? 1 : 0) == 1, "command",
            "must say how a checkpoint gets to the servers, unless program or lora does; one of the three", Command);
        check.That(
            Program is null || (Program.Contains("{checkpoint}", StringComparison.Ordinal)
                && Program.Contains("{port}", StringComparison.Ordinal)), "program",
            "must have {checkpoint} and {port} in it", Program);
        if (Program is not null)
        {
            check.That(
                Launcher.Nodes == 1, "launcher.nodes", "must be 1: each address is a server of its own", Launcher.Nodes);
            Launcher.Check(check);
        }

        check.That(
            Lora || Command is null || Command.Contains("{checkpoint}", StringComparison.Ordinal), "command",
            "must have {checkpoint} in it: the folder that is to be served", Command);
        check.That(
            !Lora || Name.Contains("{stage}", StringComparison.Ordinal), "name",
            "must have {stage} in it with lora, for adapters of several stages are in a server at a time", Name);
    }
}
