namespace Spar.Seams;

/// <summary>Where a run's prompts come from.</summary>
public interface IPromptSource
{
    /// <summary>
    /// The prompts of a split. The same arguments give the same prompts in the same order; splits and iterations do not share prompts.
    /// </summary>
    /// <param name="split">"sft" (the actor learns the teacher's responses), "refiner" (the refiner learns to judge and refine) or "self-play".</param>
    /// <param name="count">How many are wanted; fewer come back when there are no more.</param>
    /// <param name="iteration">1-based for "self-play", 0 for the others.</param>
    IReadOnlyList<Prompt> Take(string split, int count, int iteration);
}

/// <summary>An instruction to answer.</summary>
/// <param name="Id">Unique among the prompts of one run.</param>
/// <param name="Text">The instruction.</param>
public sealed record Prompt(string Id, string Text);
