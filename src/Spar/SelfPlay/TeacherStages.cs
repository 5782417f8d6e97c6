using Spar.Calls;
using Spar.Ground;
using Spar.Seams;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// What the teacher gives the run to start from: responses for the actor, judgements and refinements for the refiner.
/// </summary>
internal sealed class TeacherStages(
    Recipe recipe, TemplateSet templates, TeacherCaller teacher, StageRunner runner, CallSession session)
{
    private readonly JudgementParser _judgements = new(templates.Format);
    private readonly RefinementParser _refinements = new(templates.Format);

    /// <summary>The teacher's response to each prompt.</summary>
    public Task<SupervisedProduct> ActorDataAsync(IReadOnlyList<Prompt> items, CancellationToken cancellationToken) =>
        runner.RunAsync(StageNames.ActorSftData, items.Count, async () =>
        {
            IReadOnlyList<(string? Result, string? Failure)> responses = await runner.EachAsync(
                StageNames.ActorSftData, items, (i, prompt, token) =>
                    teacher.RespondAsync($"sft/p{i}", prompt.Instruction, token), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            List<SupervisedRow> rows = [];
            for (int i = 0; i < items.Count; i++)
            {
                counts.Add("prompts");
                if (responses[i].Result is { } answer)
                {
                    AnswerReading reading = new Answer(answer).Read();
                    if (reading.Incomplete is { } why)
                    {
                        counts.Add(ActorSamples.LeftOut(why));
                        continue;
                    }

                    string response = reading.Text;
                    rows.Add(new SupervisedRow(items[i].Id, RowKinds.Response, items[i].Text, response)
                    {
                        Context = items[i].Context,
                    });
                }
                else
                {
                    counts.Fail(items[i].Id, responses[i].Failure!);
                }
            }

            counts.Add("rows", rows.Count);
            return new SupervisedProduct(counts.ToStatistics(), rows);
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
            IReadOnlyList<(Lesson? Result, string? Failure)> lessons = await runner.EachAsync(
                StageNames.RefinerSftData, items, (i, prompt, token) =>
                    TeachAsync(actor, i, prompt, token), cancellationToken)
                .ConfigureAwait(false);
            Counts counts = new();
            List<SupervisedRow> rows = [];
            for (int i = 0; i < items.Count; i++)
            {
                counts.Add("prompts");
                if (lessons[i].Result is { } lesson)
                {
                    rows.AddRange(RowsOf(items[i], lesson, counts));
                }
                else
                {
                    counts.Fail(items[i].Id, lessons[i].Failure!);
                }
            }

            rows = recipe.BalanceJudgements ? Balance(rows) : rows;
            foreach (IGrouping<string, SupervisedRow> kind in rows.GroupBy(row => row.Kind)
                .OrderBy(kind => kind.Key, StringComparer.Ordinal))
            {
                counts.Add($"rows {kind.Key}", kind.Count());
            }

            return new SupervisedProduct(counts.ToStatistics(), rows);
        });

    private async Task<Lesson> TeachAsync(
        ModelCaller actor, int item, Prompt prompt, CancellationToken cancellationToken)
    {
        AnswerReading response = (await actor.AskAsync(
            $"refiner-sft/respond/p{item}", prompt, recipe.Respond, cancellationToken).ConfigureAwait(false)).Read();
        if (!response.Complete)
        {
            return new Lesson(response, null, null);
        }

        Judgement judgement = _judgements.Parse(
            await teacher.JudgeAsync($"refiner-sft/judge/p{item}", prompt.Instruction, response.Text, cancellationToken)
                .ConfigureAwait(false));
        Refinement? refinement = judgement.Verdict != false
            ? null
            : _refinements.Parse(await teacher.RefineAsync(
                $"refiner-sft/refine/p{item}", prompt.Instruction, response.Text, judgement.Critique, cancellationToken)
                    .ConfigureAwait(false));
        return new Lesson(response, judgement, refinement);
    }

    private IEnumerable<SupervisedRow> RowsOf(Prompt prompt, Lesson lesson, Counts counts)
    {
        if (lesson.Judgement is not { } judgement)
        {
            counts.Add(ActorSamples.LeftOut(lesson.Response.Incomplete!));
            yield break;
        }

        string response = lesson.Response.Text;
        counts.Add(
            judgement.Verdict switch { true => "judged yes", false => "judged no", null => "not judged" });
        counts.AddReasons("judgement", judgement.Unparsed is { } reason ? [reason] : null);
        counts.AddReasons("refinement", lesson.Refinement?.Unparsed is { } cause ? [cause] : null);
        if (judgement.Verdict is { } passed)
        {
            yield return new SupervisedRow(
                prompt.Id,
                passed ? RowKinds.JudgementYes : RowKinds.JudgementNo,
                templates.JudgePrompt(prompt.Instruction, response),
                judgement.Critique);
        }

        if (lesson.Refinement?.Response is not null)
        {
            yield return new SupervisedRow(
                prompt.Id,
                RowKinds.Refinement,
                templates.RefinePrompt(prompt.Instruction, response, judgement.Critique),
                lesson.Refinement.Output);
        }
    }

    /// <summary>Drops judgements of the more frequent verdict, at random, until there are as many of either.</summary>
    private List<SupervisedRow> Balance(List<SupervisedRow> rows)
    {
        SupervisedRow[] yes = [.. rows.Where(row => row.Kind == RowKinds.JudgementYes)];
        SupervisedRow[] no = [.. rows.Where(row => row.Kind == RowKinds.JudgementNo)];
        int each = Math.Min(yes.Length, no.Length);
        SeededRandom random = new(session.SeedOf("refiner-sft/balance"));
        HashSet<SupervisedRow> kept = new(
            [.. random.Choose(yes, each), .. random.Choose(no, each)], ReferenceEqualityComparer.Instance);
        return [.. rows.Where(row => row.Kind == RowKinds.Refinement || kept.Contains(row))];
    }

    // Without a judgement where the response is not complete.
    private sealed record Lesson(AnswerReading Response, Judgement? Judgement, Refinement? Refinement);
}
