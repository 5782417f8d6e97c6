using Spar.Methods;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runs;

/// <summary>Makes M_0 and R_0: what a teacher gives, and the two trainings on it.</summary>
/// <param name="run">What the run works with.</param>
/// <param name="teacher">Who teaches.</param>
/// <param name="take">Takes so many prompts of a split.</param>
internal sealed class FirstLessons(
    MethodContext run, Teacher teacher, Func<PromptSplit, int, IReadOnlyList<Prompt>> take)
{
    private readonly Recipe _recipe = run.Recipe;
    private readonly LessonRows _rows = new(run.Recipe, run.Templates, run.Session);

    /// <summary>Teaches both models.</summary>
    /// <param name="start">What they start from.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<ModelPair> LearnAsync(ModelPair start, CancellationToken cancellationToken)
    {
        ModelPair models = start;
        if (_recipe.ActorSft.Epochs > 0)
        {
            SupervisedProduct lessons = await ResponsesAsync(cancellationToken).ConfigureAwait(false);
            models = models with
            {
                Actor = await run.Training.RunAsync(
                    StageNames.Actor(0), start.Actor, new TrainingData.Supervised(lessons.Rows, _recipe.ActorSft),
                    cancellationToken).ConfigureAwait(false),
            };
        }

        if (_recipe.RefinerSft.Epochs > 0)
        {
            SupervisedProduct lessons = await RefinerAsync(models.Actor, cancellationToken).ConfigureAwait(false);
            models = models with
            {
                Refiner = await run.Training.RunAsync(
                    StageNames.Refiner(0), start.Refiner, new TrainingData.Supervised(lessons.Rows, _recipe.RefinerSft),
                    cancellationToken).ConfigureAwait(false),
            };
        }

        return models;
    }

    private Task<SupervisedProduct> ResponsesAsync(CancellationToken cancellationToken) =>
        teacher is Teacher.Ready { Lessons.Responses: var lessons }
            ? run.Runner.RunAsync(
                StageNames.ActorSftData, lessons.Count, () => Task.FromResult(ReadyLessons.Responses(lessons)))
            : Asked(cancellationToken).ActorDataAsync(take(PromptSplit.Sft, _recipe.SftPrompts), cancellationToken);

    private Task<SupervisedProduct> RefinerAsync(string actor, CancellationToken cancellationToken) =>
        teacher is Teacher.Ready { Lessons.Refiner: var lessons }
            ? run.Runner.RunAsync(
                StageNames.RefinerSftData, lessons.Count,
                () => Task.FromResult(new ReadyLessons(run.Templates, _rows).Refiner(lessons)))
            : Asked(cancellationToken).RefinerDataAsync(
                take(PromptSplit.Refiner, _recipe.RefinerPrompts),
                () => run.Models.OpenAsync(actor, cancellationToken),
                cancellationToken);

    private TeacherStages Asked(CancellationToken cancellationToken) =>
        new(_recipe, _rows, () => OpenAsync(cancellationToken), run.Runner, watched: teacher is Teacher.Model);

    private async Task<TeacherCaller> OpenAsync(CancellationToken cancellationToken) => teacher switch
    {
        Teacher.Program program => new ProgramTeacher(program.Writer, run.Session),
        Teacher.Model model => new ModelTeacher(
            await run.Models.OpenAsync(model.Name, cancellationToken).ConfigureAwait(false), run.Templates, model),
        Teacher.Mending mending => new MendingTeacher(
            await run.Models.OpenAsync(mending.Name, cancellationToken).ConfigureAwait(false), run.Templates,
            run.Session, mending),
        _ => throw new InvalidOperationException($"{teacher} cannot be asked."),
    };
}
