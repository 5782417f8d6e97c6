using Spar.Calls;

namespace Spar.Seams;

/// <summary>Who gives M_0 and R_0 what they learn first: responses, judgements and refinements.</summary>
public abstract record Teacher
{
    /// <summary>A program.</summary>
    /// <param name="Writer">The program.</param>
    public sealed record Program(ITeacher Writer) : Teacher;

    /// <summary>
    /// A model, asked with the run's prompt set. Its calls are kept, bounded and counted like those of the run's other
    /// models.
    /// </summary>
    /// <param name="Name">What the run's host opens.</param>
    /// <param name="Respond">How responses are sampled.</param>
    /// <param name="Judge">How judgements are sampled.</param>
    /// <param name="Refine">How refinements are sampled.</param>
    public sealed record Model(string Name, Sampling Respond, Sampling Judge, Sampling Refine) : Teacher;

    /// <summary>
    /// Rules: a model's own responses, edited until they follow what their prompts ask for, and critiques of what
    /// verifiers find.
    /// </summary>
    /// <param name="Name">The model that answers, as the run's host opens it.</param>
    /// <param name="Respond">How its responses are sampled.</param>
    /// <param name="Mender">Edits responses.</param>
    /// <param name="Verifier">Judges them.</param>
    public sealed record Mending(
        string Name, Sampling Respond, IResponseMender Mender, IConstraintVerifier Verifier) : Teacher
    {
        /// <summary>Whether the rules mend failing responses in play, too, before the refiner is asked.</summary>
        public bool InPlay { get; init; }
    }

    /// <summary>Lessons that are there already.</summary>
    /// <param name="Lessons">The lessons.</param>
    public sealed record Ready(ILessonSource Lessons) : Teacher;
}
