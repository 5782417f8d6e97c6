using System.ComponentModel.DataAnnotations;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>Prompts of one's own.</summary>
public sealed record PromptSettings
{
    /// <summary>
    /// Files of prompts, in any mix: .jsonl, .json, .csv, .tsv, .parquet, the first four also packed as .gz.
    /// </summary>
    [MinLength(1), RefersTo(Referent.Rows)]
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>
    /// Prompts that are held out to measure the models on; they are drawn first and never trained on.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int HeldOut { get; init; }

    /// <summary>
    /// From which similarity on a prompt is left out as a near-duplicate of another: shared runs of three words divided
    /// by all of both; 1 leaves out only what is the same.
    /// </summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double NearDuplicates { get; init; } = 0.8;

    /// <summary>
    /// Files whose prompts no prompt of the run may be near to, such as those of a benchmark; read like
    /// <see cref="Files"/>.
    /// </summary>
    [RefersTo(Referent.Rows)]
    public IReadOnlyList<string> KeepAwayFrom { get; init; } = [];
}
