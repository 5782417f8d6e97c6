namespace Spar.Seams;

/// <summary>Where a run's prompts come from.</summary>
public interface IPromptSource
{
    /// <summary>
    /// Reads what the prompts come from; called once, before the first <see cref="Take"/>. Null where there is nothing
    /// to read.
    /// </summary>
    /// <param name="wanted">The splits that the run is going to take, in their order.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">Something cannot be read, or a split gets no prompt.</exception>
    PromptsFound? Open(IReadOnlyList<PromptRequest> wanted, CancellationToken cancellationToken) => null;

    /// <summary>
    /// The prompts of a split. The same arguments give the same prompts in the same order; splits do not share prompts.
    /// </summary>
    /// <param name="split">What the prompts are for.</param>
    /// <param name="count">How many are wanted; fewer come back when there are no more.</param>
    IReadOnlyList<Prompt> Take(PromptSplit split, int count);
}

/// <summary>What a part of a run's prompts is for.</summary>
public readonly record struct PromptSplit
{
    private PromptSplit(string name, int iteration) => (Name, Iteration) = (name, iteration);

    /// <summary>The actor learns the teacher's responses.</summary>
    public static PromptSplit Sft { get; } = new("sft", 0);

    /// <summary>The refiner learns to judge and refine.</summary>
    public static PromptSplit Refiner { get; } = new("refiner", 0);

    /// <summary>What the models are measured on; never trained on.</summary>
    public static PromptSplit HeldOut { get; } = new("held-out", 0);

    /// <summary>A word for it: sft, refiner, held-out or self-play.</summary>
    public string Name { get; }

    /// <summary>The iteration of self-play, 1 and up; 0 for the other splits.</summary>
    public int Iteration { get; }

    /// <summary>An iteration of self-play.</summary>
    /// <param name="iteration">1 and up.</param>
    public static PromptSplit SelfPlay(int iteration)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iteration, 1);
        return new PromptSplit("self-play", iteration);
    }

    /// <summary>The split as messages name it.</summary>
    public override string ToString() => Iteration == 0 ? $"\"{Name}\"" : $"\"{Name}\", iteration {Iteration}";
}
