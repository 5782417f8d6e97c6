using System.ComponentModel.DataAnnotations;
using Spar.Calls;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>Who gives M_0 and R_0 what they learn first.</summary>
public sealed record TeacherSettings : IRecipeRules
{
    /// <summary>
    /// The model that teaches, asked with the run's prompt set: it answers the prompts of the actor's first lessons,
    /// and judges and refines M_0's responses for the refiner's.
    /// </summary>
    [MinLength(1), RefersTo(Referent.Model)]
    public string? Model { get; init; }

    /// <summary>
    /// Files of responses, judgements and refinements that are there already, in the place of a model; read like files
    /// of prompts. At most sft_prompts responses and refiner_prompts other rows are drawn, by seed.
    /// </summary>
    [RefersTo(Referent.Lessons)]
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>
    /// Whether rules teach, in the place of a model: the actor's own responses are edited until they follow the
    /// constraints of their prompts, and the refiner learns what verifiers find and how the edits mend it.
    /// </summary>
    public bool Mend { get; init; }

    /// <summary>
    /// Whether the rules of mend also refine in play: a failing response that they can mend is mended, one that is cut
    /// off is ended and mended, and the refiner is asked for the other failing ones only. They are not asked when the
    /// run's models are measured.
    /// </summary>
    [Decides(Results.SelfPlay)]
    public bool? Play { get; init; }

    /// <summary>How the model's responses are sampled, where it differs from the run's own.</summary>
    public SamplingChange Respond { get; init; } = new();

    /// <summary>How the model's judgements are sampled, where it differs from the run's own.</summary>
    public SamplingChange Judge { get; init; } = new();

    /// <summary>How the model's refinements are sampled, where it differs from the run's own.</summary>
    public SamplingChange Refine { get; init; } = new();

    /// <inheritdoc/>
    public void Check(RecipeCheck check)
    {
        check.That(
            Model is not null || Files.Count > 0 || Mend, "model",
            "must name the model that teaches, unless files names files of lessons or mend is true; leave teacher out "
            + "where nobody does",
            Model);
        check.That(
            !Mend || (Model is null && Files.Count == 0), "mend",
            "must be left out where a model or files teach, or the other way round", Mend);
        check.That(Mend || Play is not true, "play", "must be left out without mend, whose rules it is about", "true");
        check.That(
            Model is null || Files.Count == 0, "files",
            "must be left out where model names the model that teaches, or the other way round", Files);
        SamplingChange none = new();
        foreach ((string key, SamplingChange change) in new[]
        {
            ("respond", Respond), ("judge", Judge), ("refine", Refine),
        })
        {
            check.That(
                Model is not null || Files.Count == 0 || change == none, key,
                "must be left out with files: nobody is asked, so nothing is sampled", "set");
            check.That(
                !Mend || key == "respond" || change == none, key,
                "must be left out with mend: verifiers judge and rules refine, so nothing is sampled", "set");
        }
    }
}

/// <summary>In what a sampling differs from another.</summary>
public sealed record SamplingChange
{
    /// <summary>0 is greedy; the run's own when not given.</summary>
    [Range(0.0, double.MaxValue)]
    public double? Temperature { get; init; }

    /// <summary>Share of the probability that is kept; the run's own when not given.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double? TopP { get; init; }

    /// <summary>Most new tokens; the run's own when not given.</summary>
    [Range(1, int.MaxValue)]
    public int? MaxTokens { get; init; }

    /// <summary>The sampling that comes of it.</summary>
    /// <param name="other">What counts where nothing is given.</param>
    public Sampling Over(Sampling other) =>
        new(Temperature ?? other.Temperature, TopP ?? other.TopP, MaxTokens ?? other.MaxTokens);
}
