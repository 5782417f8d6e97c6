using System.Text.Json;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;

namespace Spar.Evaluation.TriviaQa;

/// <summary>One question.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Question">The question.</param>
/// <param name="Aliases">Accepted answers, at least one.</param>
public sealed record TriviaQaQuestion(string Id, string Question, IReadOnlyList<string> Aliases);

/// <summary>
/// Loads TriviaQA (Joshi et al. 2017) from files that the user downloads: records of {question, answers} a line, or the
/// original JSON files ({"Data": [{Question, QuestionId, Answer: {Aliases}}]}).
/// </summary>
public static class TriviaQaData
{
    /// <summary>Reads the questions to ask.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// There is no file, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<TriviaQaQuestion> LoadQuestions(DataFolder folder, DataProblems problems) =>
        Read(
            folder.Require("triviaqa", "dev.jsonl", "validation.jsonl", "test.jsonl", "unfiltered-web-dev.json"),
            problems
        );

    /// <summary>Reads questions for worked examples; none where there is no such file.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">A record is bad and <paramref name="problems"/> is strict.</exception>
    public static IReadOnlyList<TriviaQaQuestion> LoadShots(DataFolder folder, DataProblems problems) =>
        folder.Find("triviaqa", "train.jsonl", "unfiltered-web-train.json") is { } path ? Read(path, problems) : [];

    private static IReadOnlyList<TriviaQaQuestion> Read(string path, DataProblems problems) =>
        path.EndsWith(".json", StringComparison.Ordinal) || path.EndsWith(".json.gz", StringComparison.Ordinal)
            ? ReadOriginal(path, problems)
            : DataFile.Read(path, problems, ParseLine, ("id", question => question.Id));

    private static TriviaQaQuestion ParseLine(DataRow row) =>
        new(row.OptionalText("id") ?? $"triviaqa-{row.Line - 1}", row.Text("question"), row.Texts("answers"));

    private static List<TriviaQaQuestion> ReadOriginal(string path, DataProblems problems)
    {
        var questions = new List<TriviaQaQuestion>();
        try
        {
            using StreamReader reader = LineFile.Open(path);
            using JsonDocument document = JsonDocument.Parse(reader.BaseStream);
            int number = 0;
            foreach (JsonElement item in document.RootElement.GetProperty("Data").EnumerateArray())
            {
                number++;
                try
                {
                    var row = new DataRow($"{path}, record {number}", 1, item);
                    var answer = new DataRow(
                        row.File,
                        1,
                        item.TryGetProperty("Answer", out JsonElement found) && found.ValueKind == JsonValueKind.Object
                            ? found
                            : throw row.Error("Answer", "is missing")
                    );
                    questions.Add(
                        new TriviaQaQuestion(row.Text("QuestionId"), row.Text("Question"), answer.Texts("Aliases"))
                    );
                }
                catch (EvaluationException problem)
                {
                    problems.Report(problem);
                }
            }
        }
        catch (Exception fault)
            when (fault
                    is IOException
                        or JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or InvalidDataException
            )
        {
            throw new EvaluationException($"{path}: not a TriviaQA file ({{\"Data\": [...]}}): {fault.Message}", fault);
        }

        return questions;
    }
}
