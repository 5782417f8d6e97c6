using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// What a teacher that is asked gives the run to start from: responses for the actor, judgements and refinements for
/// the refiner.
/// </summary>
/// <param name="recipe">How the actor answers.</param>
/// <param name="rows">Makes rows of the answers.</param>
/// <param name="openTeacher">Opens the teacher; not called when the stage has ended before.</param>
/// <param name="runner">Runs the stages.</param>
/// <param name="watched">Whether a run ends whose teacher's judgements cannot be read.</param>
internal sealed class TeacherStages(
    Recipe recipe, LessonRows rows, Func<Task<TeacherCaller>> openTeacher, StageRunner runner, bool watched)
{
    // Its own, so that good judgements of a teacher do not hide bad ones of the refiner.
    private readonly JudgementWatch? _watch = watched ? new JudgementWatch() : null;

    /// <summary>The teacher's response to each prompt.</summary>
    public Task<SupervisedProduct> ActorDataAsync(IReadOnlyList<Prompt> items, CancellationToken cancellationToken) =>
        runner.RunAsync(StageNames.ActorSftData, items.Count, async () =>
        {
            TeacherCaller teacher = await openTeacher().ConfigureAwait(false);
            IReadOnlyList<(Taught? Result, string? Failure)> responses = await runner.EachAsync(
                StageNames.ActorSftData, items, (i, prompt, token) =>
                    teacher.RespondAsync($"sft/p{i}", prompt, token), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            List<SupervisedRow> made = [];
            for (int i = 0; i < items.Count; i++)
            {
                counts.Add("prompts");
                if (responses[i].Result is not { } taught)
                {
                    counts.Fail(items[i].Id, responses[i].Failure!);
                }
                else if (taught.LeftOut is { } why)
                {
                    counts.Add(ActorSamples.LeftOut(why));
                }
                else if (LessonRows.OfResponse(items[i], taught.Answer.Read(), counts) is { } row)
                {
                    if (taught.Ended)
                    {
                        counts.Add(MendingTeacher.EndedByRule);
                    }

                    made.Add(row with { Unedited = taught.Unedited });
                }
            }

            counts.Add("rows", made.Count);
            return new SupervisedProduct(counts.ToStatistics(), made);
        });

    /// <summary>
    /// The actor answers each prompt once; the teacher judges the response, and refines it when it failed.
    /// </summary>
    /// <param name="items">The prompts.</param>
    /// <param name="openActor">Opens M_0; not called when the stage has ended before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<SupervisedProduct> RefinerDataAsync(
        IReadOnlyList<Prompt> items, Func<Task<ModelCaller>> openActor, CancellationToken cancellationToken) =>
        runner.RunAsync(StageNames.RefinerSftData, items.Count, async () =>
        {
            ModelCaller actor = await openActor().ConfigureAwait(false);
            TeacherCaller teacher = await openTeacher().ConfigureAwait(false);
            IReadOnlyList<(Lesson? Result, string? Failure)> lessons = await runner.EachAsync(
                StageNames.RefinerSftData, items, (i, prompt, token) =>
                    TeachAsync(actor, teacher, i, prompt, token), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            List<SupervisedRow> made = [];
            for (int i = 0; i < items.Count; i++)
            {
                counts.Add("prompts");
                if (lessons[i].Result is { } lesson)
                {
                    made.AddRange(rows.OfLesson(items[i], lesson, counts));
                }
                else
                {
                    counts.Fail(items[i].Id, lessons[i].Failure!);
                }
            }

            IReadOnlyList<SupervisedRow> taken = rows.Taken(made, counts);
            return new SupervisedProduct(counts.ToStatistics(), taken);
        });

    private async Task<Lesson> TeachAsync(
        ModelCaller actor, TeacherCaller teacher, int item, Prompt prompt, CancellationToken cancellationToken)
    {
        AnswerReading response = (await actor.AskAsync(
            $"refiner-sft/respond/p{item}", prompt, recipe.Respond, cancellationToken).ConfigureAwait(false)).Read();
        if (!response.Complete)
        {
            return new Lesson(response, null, null);
        }

        Judgement judgement = rows.Read(
            await teacher.JudgeAsync($"refiner-sft/judge/p{item}", prompt.Instruction, response.Text, cancellationToken)
                .ConfigureAwait(false));
        _watch?.Count(judgement);
        if (judgement.Verdict != false)
        {
            return new Lesson(response, judgement, null);
        }

        Taught taught = await teacher.RefineAsync(
            $"refiner-sft/refine/p{item}", prompt.Instruction, response.Text, judgement.Critique, cancellationToken)
            .ConfigureAwait(false);
        Refinement refinement = rows.ReadRefinement(taught.Answer);
        return new Lesson(
            response, judgement,
            taught.LeftOut is { } why ? refinement with { Response = null, Unparsed = why } : refinement);
    }
}
