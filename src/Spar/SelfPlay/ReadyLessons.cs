using Spar.Calls;
using Spar.Seams;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// Makes rows of lessons that are there already: the same rows that a teacher's answers would come to. A verdict that
/// stands apart from its critique gets a line of its own, in the prompt set's words, and a refined response its marks.
/// </summary>
internal sealed class ReadyLessons(TemplateSet templates, LessonRows rows)
{
    /// <summary>Reason: what is refined was judged to be good.</summary>
    public const string Contradiction = "of a response that is judged good";

    /// <summary>Reason: marks within the refined response end it early.</summary>
    public const string HoldsMarks = "marks within the refined response";

    private readonly OutputFormat _format = templates.Format;

    /// <summary>The rows of responses for the actor.</summary>
    public static SupervisedProduct Responses(IReadOnlyList<ReadyLesson> lessons)
    {
        Counts counts = new();
        counts.Add("lessons", lessons.Count);
        List<SupervisedRow> made = [];
        foreach (ReadyLesson lesson in lessons)
        {
            AnswerReading reading = new Answer(lesson.Response, Finish: lesson.Finish).Read();
            if (LessonRows.OfResponse(lesson.Prompt, reading, counts) is { } row)
            {
                made.Add(row);
            }
        }

        counts.Add("rows", made.Count);
        return new SupervisedProduct(counts.ToStatistics(), made);
    }

    /// <summary>The rows of judgements and refinements for the refiner.</summary>
    /// <exception cref="SparException">A lesson contradicts itself.</exception>
    public SupervisedProduct Refiner(IReadOnlyList<ReadyLesson> lessons)
    {
        Counts counts = new();
        counts.Add("lessons", lessons.Count);
        List<SupervisedRow> made = [];
        foreach (ReadyLesson lesson in lessons)
        {
            made.AddRange(lesson.Asked is { } kind ? OfAsked(lesson, kind, counts)
                : rows.OfLesson(lesson.Prompt, Read(lesson), counts));
        }

        return new SupervisedProduct(counts.ToStatistics(), rows.Taken(made, counts));
    }

    private Lesson Read(ReadyLesson lesson)
    {
        AnswerReading response = new Answer(lesson.Response).Read();
        if (!response.Complete)
        {
            return new Lesson(response, null, null);
        }

        Judgement judgement = Judgement(lesson);
        Refinement? refinement =
            lesson.Refined is { } refined ? Framed(lesson.Reflection, refined)
            : lesson.Refinement is { } output ? rows.ReadRefinement(new Answer(output, Finish: lesson.Finish))
            : null;
        return new Lesson(
            response, judgement, refinement is not null && judgement.Verdict == true
                ? refinement with { Response = null, Unparsed = Contradiction } : refinement);
    }

    private Judgement Judgement(ReadyLesson lesson)
    {
        // The reason to end is that of the last text in the row.
        string? finish = lesson.Refinement is null && lesson.Refined is null ? lesson.Finish : null;
        string text = lesson.Judgement ?? "";
        Judgement read = rows.Read(new Answer(text, Finish: finish));
        if (lesson.Verdict is not { } verdict)
        {
            return read;
        }

        if (read.Verdict is { } written)
        {
            return written == verdict ? read : throw new SparException(
                $"{lesson.Place}: the judgement ends in {(written ? _format.Yes : _format.No)[0]}, and the field "
                + $"verdict says {(verdict ? "yes" : "no")}. Make them the same, or leave the field out.");
        }

        bool whole = read.Unparsed is not (JudgementParser.CutOff or JudgementParser.UnfinishedThought);
        string line = $"{_format.Verdict} {(verdict ? _format.Yes : _format.No)[0]}";
        return whole ? rows.Read(new Answer($"{read.Critique}\n{line}")) : read;
    }

    private Refinement Framed(string? reflection, string refined)
    {
        Refinement read = rows.ReadRefinement(new Answer(_format.Frame(reflection, refined)));
        return read.Response is null || read.Response == refined.Trim()
            ? read : read with { Response = null, Unparsed = HoldsMarks };
    }

    // What the refiner is asked and what it answers are there word for word.
    private IEnumerable<SupervisedRow> OfAsked(ReadyLesson lesson, string kind, Counts counts)
    {
        Answer answer = new(lesson.Response, Finish: lesson.Finish);
        if (kind == RowKinds.Refinement)
        {
            Refinement refinement = rows.ReadRefinement(answer);
            counts.AddReasons("refinement", refinement.Unparsed is { } cause ? [cause] : null);
            if (refinement.Response is not null)
            {
                yield return new SupervisedRow(lesson.Prompt.Id, kind, lesson.Prompt.Text, refinement.Output);
            }

            yield break;
        }

        Judgement judgement = rows.Read(answer);
        counts.Add(
            judgement.Verdict switch { true => "judged yes", false => "judged no", null => "not judged" });
        counts.AddReasons("judgement", judgement.Unparsed is { } reason ? [reason] : null);
        if (judgement.Verdict is { } passed)
        {
            yield return new SupervisedRow(
                lesson.Prompt.Id, passed ? RowKinds.JudgementYes : RowKinds.JudgementNo, lesson.Prompt.Text,
                judgement.Critique);
        }
    }
}
