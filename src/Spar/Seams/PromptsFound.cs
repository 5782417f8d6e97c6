namespace Spar.Seams;

/// <summary>How many prompts of a split a run wants.</summary>
/// <param name="Split">The split.</param>
/// <param name="Count">How many, at least 1.</param>
public sealed record PromptRequest(PromptSplit Split, int Count);

/// <summary>What a source of prompts found in its files, and what came of it.</summary>
/// <param name="Files">The files in the order of the recipe.</param>
/// <param name="Dropped">Rows that no split got, by reason.</param>
/// <param name="KeptOut">
/// Rows that are too near to a prompt which the run's models are measured by, at most <see cref="MostListed"/> of them.
/// </param>
/// <param name="Splits">The splits in the order in which they were filled.</param>
public sealed record PromptsFound(
    IReadOnlyList<PromptFile> Files,
    IReadOnlyDictionary<string, long> Dropped,
    IReadOnlyList<KeptOutPrompt> KeptOut,
    IReadOnlyList<FoundSplit> Splits
)
{
    /// <summary>Kept-out rows that are listed, at most; <see cref="Dropped"/> counts them all.</summary>
    public const int MostListed = 1000;
}

/// <summary>A file of prompts.</summary>
/// <param name="Path">The file.</param>
/// <param name="Rows">Its rows.</param>
public sealed record PromptFile(string Path, long Rows);

/// <summary>A row that is kept out of the run.</summary>
/// <param name="Id">The row's own id, or the hash of its text.</param>
/// <param name="Place">File and row.</param>
/// <param name="Near">What it is near to: the benchmark and the key of its prompt.</param>
/// <param name="Measure">What they have in common.</param>
public sealed record KeptOutPrompt(string Id, string Place, string Near, string Measure);

/// <summary>A split as it was filled.</summary>
/// <param name="Name">The split's name, with the iteration of self-play behind it.</param>
/// <param name="Wanted">Prompts that the recipe asks for.</param>
/// <param name="Taken">Prompts that it got.</param>
/// <param name="Digest">Hash of the prompts, 16 hexadecimal digits.</param>
public sealed record FoundSplit(string Name, int Wanted, int Taken, string Digest);
