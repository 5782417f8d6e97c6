namespace Spar.Seams;

/// <summary>Lessons that are there before a run begins.</summary>
public interface ILessonSource
{
    /// <summary>Reads the lessons; called once, before anything is taken and before prompts are drawn.</summary>
    /// <param name="responses">Most lessons for the actor, at least 0.</param>
    /// <param name="refiner">Most lessons for the refiner, at least 0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">Something cannot be read; the message names the place.</exception>
    PromptsFound Open(int responses, int refiner, CancellationToken cancellationToken);

    /// <summary>Good responses that the actor learns, in an order that is always the same.</summary>
    IReadOnlyList<ReadyLesson> Responses { get; }

    /// <summary>Judgements and refinements that the refiner learns, in an order that is always the same.</summary>
    IReadOnlyList<ReadyLesson> Refiner { get; }
}

/// <summary>A lesson as somebody wrote it down.</summary>
/// <param name="Place">Where it stands, for messages.</param>
/// <param name="Prompt">The prompt; its id may be that of other lessons too.</param>
/// <param name="Response">The response: a good one to learn, or the one that was judged.</param>
public sealed record ReadyLesson(string Place, Prompt Prompt, string Response)
{
    /// <summary>Why the text that is learnt ended, in the word of whoever wrote it; null where nobody says.</summary>
    public string? Finish { get; init; }

    /// <summary>A critique of the response, with or without the verdict; null where there is none.</summary>
    public string? Judgement { get; init; }

    /// <summary>The verdict, where it stands apart from the critique; null where it does not.</summary>
    public bool? Verdict { get; init; }

    /// <summary>The refiner's whole output, marks included; null where there is none.</summary>
    public string? Refinement { get; init; }

    /// <summary>The refined response alone; null where there is none, or where it is a part of the output.</summary>
    public string? Refined { get; init; }

    /// <summary>What goes before <see cref="Refined"/>; null for nothing.</summary>
    public string? Reflection { get; init; }

    /// <summary>
    /// What kind of row (<see cref="SupervisedRow.Kind"/>) it is, where the prompt is the very question to the refiner
    /// and the response its answer; else null.
    /// </summary>
    public string? Asked { get; init; }
}
