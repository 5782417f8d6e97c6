using Spar.Calls;
using Spar.Ground;
using Spar.Seams;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// The rows that lessons come to, whoever gave them. What is cut off, empty, refused or cannot be read becomes no row,
/// and is counted with its reason.
/// </summary>
internal sealed class LessonRows(Recipe recipe, TemplateSet templates, CallSession session)
{
    private readonly JudgementParser _judgements = new(templates.Format);
    private readonly RefinementParser _refinements = new(templates.Format);

    /// <summary>A teacher's judgement, as far as it can be read.</summary>
    public Judgement Read(Answer judgement) => _judgements.Parse(judgement);

    /// <summary>A teacher's refinement; one that is cut off is not learnt, though its response may be whole.</summary>
    public Refinement ReadRefinement(Answer refinement)
    {
        Refinement read = _refinements.Parse(refinement);
        return read.Unparsed is null && refinement.Read().Incomplete is { } why
            ? read with { Response = null, Unparsed = why }
            : read;
    }

    /// <summary>The row of a good response; null where it is left out.</summary>
    public static SupervisedRow? OfResponse(Prompt prompt, AnswerReading reading, Counts counts)
    {
        if (reading.Incomplete is { } why)
        {
            counts.Add(ActorSamples.LeftOut(why));
            return null;
        }

        return new SupervisedRow(prompt.Id, RowKinds.Response, prompt.Text, reading.Text) { Context = prompt.Context };
    }

    /// <summary>The rows of a response with its judgement and, where it failed, its refinement.</summary>
    public IEnumerable<SupervisedRow> OfLesson(Prompt prompt, Lesson lesson, Counts counts)
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

    /// <summary>The rows that the refiner learns: its judgements in balance, where the recipe wants that.</summary>
    public IReadOnlyList<SupervisedRow> Taken(List<SupervisedRow> rows, Counts counts)
    {
        rows = recipe.BalanceJudgements ? Balance(rows) : rows;
        foreach (IGrouping<string, SupervisedRow> kind in rows.GroupBy(row => row.Kind)
            .OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            counts.Add($"rows {kind.Key}", kind.Count());
        }

        return rows;
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
}

/// <summary>What a teacher had to say of a response.</summary>
/// <param name="Response">The response.</param>
/// <param name="Judgement">The judgement; null where the response is not complete.</param>
/// <param name="Refinement">The refinement; null where there is none.</param>
internal sealed record Lesson(AnswerReading Response, Judgement? Judgement, Refinement? Refinement);
