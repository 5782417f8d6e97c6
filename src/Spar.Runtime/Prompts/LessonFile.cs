using System.Text.Json;
using Spar.Ground;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Prompts;

/// <summary>A lesson as a row of a file gives it.</summary>
/// <param name="Row">Its prompt.</param>
/// <param name="Lesson">All of it.</param>
internal sealed record LessonRow(PromptRow Row, ReadyLesson Lesson)
{
    /// <summary>Whether the refiner learns it; else the actor does.</summary>
    public bool ForRefiner => Lesson is not { Asked: null, Judgement: null, Verdict: null };

    /// <summary>All that makes it this lesson, as one text.</summary>
    public string Signature => string.Join(
        '\0', Row.Conversation, Lesson.Asked, Lesson.Response, Lesson.Judgement, Lesson.Verdict, Lesson.Refinement,
        Lesson.Reflection, Lesson.Refined, Lesson.Finish);
}

/// <summary>
/// Reads lessons from files of rows: a prompt in any layout with a response for the actor, or with a response, a
/// judgement of it and perhaps a refinement for the refiner; and what <c>spar export</c> wrote, whose file of origins
/// beside it (<c>NAME.rows.jsonl</c>) says which kind of lesson each row is.
/// </summary>
internal static class LessonFile
{
    private static readonly string[] s_judgement = ["judgement", "judgment", "critique"];
    private static readonly string[] s_refined = ["refined", "refined_response"];

    /// <summary>The lessons in order, one by one.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">
    /// A row cannot be read or is no lesson; thrown while the rows are enumerated.
    /// </exception>
    public static IEnumerable<LessonRow> Read(string file)
    {
        string? layout = null;
        using IEnumerator<RecordRow>? origins =
            OriginsOf(file) is { } beside ? RecordFile.Read(beside).GetEnumerator() : null;
        foreach (RecordRow record in RecordFile.Read(file))
        {
            PromptRow row = PromptRows.RowOf(record, ref layout);
            string? kind = null;
            if (origins is not null)
            {
                (string id, kind) = Origin(origins, record.Place);
                row = row with { Id = id };
            }

            yield return Of(record, row, kind);
        }

        if (origins?.MoveNext() == true)
        {
            throw new SparException($"{origins.Current.Place}: {file} has fewer rows. Export both again.");
        }
    }

    /// <summary>Checks that a file can be read and begins with a lesson.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">It is not so; the message names file and row.</exception>
    public static void CheckFirst(string file)
    {
        if (!Read(file).Any())
        {
            throw new SparException($"{file} has no rows.");
        }
    }

    /// <summary>The fingerprint of a file with its origins, in hexadecimal digits.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="SparException">It cannot be read.</exception>
    public static string DigestOf(string file) =>
        OriginsOf(file) is { } beside ? $"{RowsDigest.Of(file)}{RowsDigest.Of(beside)}" : RowsDigest.Of(file);

    // What an export wrote beside its rows; null where there is nothing.
    private static string? OriginsOf(string file)
    {
        string beside = Path.ChangeExtension(file, ".rows.jsonl");
        return Path.GetExtension(file) is ".json" or ".jsonl" && beside != file && File.Exists(beside) ? beside : null;
    }

    private static (string Id, string? Kind) Origin(IEnumerator<RecordRow> origins, string place)
    {
        if (!origins.MoveNext())
        {
            throw new SparException($"{place}: the file of origins beside it has fewer rows. Export both again.");
        }

        RecordRow origin = origins.Current;
        string? id = Text(origin, "prompt_id");
        string? kind = Text(origin, "kind");
        return (id, kind) switch
        {
            (null, _) or (_, null) => throw new SparException($"{origin.Place}: prompt_id and kind must be there."),
            (_, RowKinds.Response) => (id, null),
            (_, RowKinds.Refinement) => (id, RowKinds.Refinement),
            (_, RowKinds.JudgementYes or RowKinds.JudgementNo or RowKinds.TreeYes or RowKinds.TreeNo
                or RowKinds.VoteYes or RowKinds.VoteNo) => (id, RowKinds.JudgementYes),
            _ => throw new SparException(
                $"{origin.Place}: rows of the kind {kind} are no lessons; responses, judgements and refinements are."),
        };
    }

    private static LessonRow Of(RecordRow record, PromptRow row, string? asked)
    {
        string place = record.Place;
        string response = Text(record, "response") ?? Text(record, "output") ?? Completion(record) ?? row.Response
            ?? throw new SparException(
                $"{place}: there is no response to learn or to judge. Give one as response, output or completion, or "
                + "as the assistant's last turn.");
        string? refined = First(record, s_refined);
        ReadyLesson lesson = new(
            place,
            new Prompt(asked is null ? PromptPool.IdOf(row) : row.Id!, row.Text)
            {
                Context = row.Context.Count == 0 ? null : row.Context,
            },
            response)
        {
            Finish = Text(record, "finish_reason"),
            Asked = asked,
        };
        if (asked is not null)
        {
            return new LessonRow(row, lesson);
        }

        lesson = lesson with
        {
            Judgement = First(record, s_judgement),
            Verdict = Verdict(record),
            Refinement = Text(record, "refinement"),
            Refined = refined,
            Reflection = Text(record, "reflection"),
        };
        string? fault = lesson switch
        {
            { Judgement: null, Verdict: null } when (lesson.Refinement ?? lesson.Refined) is not null =>
                "a refinement needs the judgement that it mends (judgement, with the critique)",
            { Refinement: not null, Refined: not null } =>
                "refinement is the refiner's whole output and refined the response alone; give one of them",
            { Reflection: not null, Refined: null } => "a reflection needs the refined response behind it (refined)",
            _ => null,
        };
        return fault is null ? new LessonRow(row, lesson) : throw new SparException($"{place}: {fault}.");
    }

    // A text, or a list of turns of which the last says it.
    private static string? Completion(RecordRow record)
    {
        if (Find(record, "completion") is not { ValueKind: JsonValueKind.Array } turns)
        {
            return Text(record, "completion");
        }

        JsonElement last = turns.EnumerateArray().LastOrDefault();
        return last.ValueKind == JsonValueKind.Object && last.TryGetProperty("content", out JsonElement content)
            && content.ValueKind == JsonValueKind.String
            ? JsonText.Of(content)
            : throw new SparException(
                $"{record.Place}: field completion must be a text, or turns with role and content.");
    }

    private static bool? Verdict(RecordRow record) => Find(record, "verdict") switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.String } text => JsonText.Of(text).Trim().ToLowerInvariant() switch
        {
            "yes" or "true" => true,
            "no" or "false" => false,
            _ => throw Unknown(record),
        },
        _ => throw Unknown(record),
    };

    private static SparException Unknown(RecordRow record) =>
        new($"{record.Place}: field verdict must be yes or no, true or false.");

    private static string? First(RecordRow record, string[] fields) =>
        fields.Select(field => Text(record, field)).FirstOrDefault(text => text is not null);

    private static string? Text(RecordRow record, string field) => Find(record, field) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => JsonText.Of(text),
        _ => throw new SparException($"{record.Place}: field {field} must be a text."),
    };

    private static JsonElement? Find(RecordRow record, string field) =>
        record.Value.ValueKind == JsonValueKind.Object && record.Value.TryGetProperty(field, out JsonElement value)
        && value.ValueKind != JsonValueKind.Null ? value : null;
}
