using System.ComponentModel.DataAnnotations;
using Spar.Nano;
using Spar.Recipes;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Recipes;

/// <summary>
/// A recipe of <c>spar run</c>: the method in numbers, and the settings of the parts that it is run with. Plain data;
/// the composition makes parts of it.
/// </summary>
public sealed record RunRecipe
{
    /// <summary>The method in numbers.</summary>
    [Inlined]
    public required Recipe Method { get; init; }

    /// <summary>
    /// The date that the chat templates of models see, such as 2025-01-31; 2024-07-26 when not given, which the
    /// templates of Llama 3.1 and 3.2 themselves fall back to.
    /// </summary>
    [Decides(Results.All)]
    public DateOnly? TemplateDate { get; init; }

    /// <summary>
    /// What the embedded engine multiplies, in training and in generation: float32 (when not given), or bfloat16 with
    /// float32 sums, which is about twice as fast on processors with AMX; others give the same results, more slowly.
    /// </summary>
    [Decides(Results.All)]
    public NumberType? Dtype { get; init; }

    /// <summary>Prompts of one's own; none takes those of the built-in world.</summary>
    [Decides(Results.All)]
    public PromptSettings? Prompts { get; init; }

    /// <summary>
    /// Who gives M_0 and R_0 what they learn first; none takes the built-in world's program for its own prompts, and
    /// nobody for yours: then M_0 and R_0 are what they start from.
    /// </summary>
    [Decides(Results.All)]
    public TeacherSettings? Teacher { get; init; }

    /// <summary>The built-in world: where prompts, teacher and evaluation come from.</summary>
    [Decides(Results.All)]
    public NanoSettings Nano { get; init; } = new();

    /// <summary>
    /// What the models of every row are measured by, beside what the run's world measures by itself. Measuring changes
    /// nothing in a run: a yardstick may be added to a finished one.
    /// </summary>
    [Decides(Results.None)]
    public IReadOnlyList<YardstickSettings> Evaluation { get; init; } = [];

    /// <summary>Folder with the data of the benchmarks that measure, one folder a benchmark.</summary>
    [Decides(Results.None), MinLength(1), RefersTo(Referent.Folder)]
    public string BenchmarkData { get; init; } = "data";

    /// <summary>How served models are asked, and the servers that models may be named by as <c>pool://name</c>.</summary>
    [Decides(Results.None)]
    public ServerSettings Servers { get; init; } = new();

    /// <summary>What trains the run's models; the embedded engine when not given.</summary>
    [Decides(Results.All)]
    public TrainerSettings? Trainer { get; init; }

    /// <summary>Where the run plays; in its own process when not given.</summary>
    [Decides(Results.None)]
    public PlaySettings Play { get; init; } = new();

    /// <summary>The row of the results that a run of this recipe ends with.</summary>
    public RowName LastRow => Method.LastRow;

    /// <summary>This recipe without self-play, as <see cref="Recipe.Start"/>.</summary>
    public RunRecipe Start() => RecipeKeys.WithoutSelfPlay(this) with { Method = Method.Start() };
}

/// <summary>How a run uses the nano world.</summary>
public sealed record NanoSettings
{
    /// <summary>Share of prompts that ask for a story of 20 to 40 words; the rest ask for a line.</summary>
    [Range(0.0, 1.0)]
    public double Stories { get; init; }

    /// <summary>Held-out prompts on which each stage is measured.</summary>
    [Range(1, HeldOut.Count)]
    public int HeldOutPrompts { get; init; } = 500;

    /// <summary>Failed base responses, at most, on which each stage's refiner is measured.</summary>
    [Range(0, int.MaxValue)]
    public int HeldOutRepairs { get; init; } = 200;

    /// <summary>
    /// Held-out prompts that are answered with tree search as well; all of them when not given, and 0 measures no
    /// search.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int? HeldOutSearched { get; init; }

    /// <summary>
    /// Held-out prompts on whose responses the refiner's vote is measured; all of them when not given.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int? HeldOutJudged { get; init; }

    /// <summary>
    /// Share of the checks and test cases that the teacher gets wrong when it writes them for method autoif.
    /// </summary>
    [Decides(Results.SelfPlay), Range(0.0, 1.0)]
    public double CheckError { get; init; } = 0.1;
}
