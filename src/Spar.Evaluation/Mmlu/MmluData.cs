using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;

namespace Spar.Evaluation.Mmlu;

/// <summary>One question with four choices.</summary>
/// <param name="Subject">One of the 57 subjects, as in "high_school_biology".</param>
/// <param name="Index">Its number within the subject.</param>
/// <param name="Question">The question.</param>
/// <param name="Choices">The four choices.</param>
/// <param name="Answer">Index of the right choice, 0..3.</param>
public sealed record MmluItem(string Subject, int Index, string Question, IReadOnlyList<string> Choices, int Answer)
{
    /// <summary>Unique in a file.</summary>
    public string Id => $"{Subject}/{Index}";
}

/// <summary>Loads MMLU (Hendrycks et al. 2021).</summary>
public static class MmluData
{
    /// <summary>The letters of the choices.</summary>
    public const string Letters = "ABCD";

    private static readonly Dictionary<string, string> s_groups = new()
    {
        ["stem"] =
            "abstract_algebra anatomy astronomy college_biology college_chemistry college_computer_science "
                + "college_mathematics college_physics "
            + "computer_security conceptual_physics electrical_engineering elementary_mathematics "
            + "high_school_biology high_school_chemistry "
            + "high_school_computer_science high_school_mathematics high_school_physics high_school_statistics "
            + "machine_learning",
        ["humanities"] =
            "formal_logic high_school_european_history high_school_us_history high_school_world_history "
                + "international_law jurisprudence "
            + "logical_fallacies moral_disputes moral_scenarios philosophy prehistory professional_law world_religions",
        ["social_sciences"] =
            "econometrics high_school_geography high_school_government_and_politics high_school_macroeconomics "
                + "high_school_microeconomics "
            + "high_school_psychology human_sexuality professional_psychology public_relations security_studies "
            + "sociology us_foreign_policy",
        ["other"] =
            "business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing "
                + "medical_genetics miscellaneous "
            + "nutrition professional_accounting professional_medicine virology",
    };

    private static readonly Dictionary<string, string> s_groupBySubject = s_groups
        .SelectMany(pair => pair.Value.Split(' ').Select(subject => (subject, pair.Key)))
        .ToDictionary(pair => pair.subject, pair => pair.Key);

    /// <summary>The group of a subject: stem, humanities, social_sciences or other.</summary>
    /// <param name="subject">One of the 57 subjects.</param>
    public static string GroupOf(string subject) => s_groupBySubject[subject];

    /// <summary>Reads the test questions.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<MmluItem> LoadTest(DataFolder folder, DataProblems problems) =>
        Read(folder.Require("mmlu", "test.jsonl"), problems);

    /// <summary>Reads the worked examples.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<MmluItem> LoadShots(DataFolder folder, DataProblems problems) =>
        Read(folder.Require("mmlu", "dev.jsonl"), problems);

    private static IReadOnlyList<MmluItem> Read(string path, DataProblems problems) =>
        DataFile.Read(path, problems, Parse, ("index", item => item.Id));

    private static MmluItem Parse(DataRow row)
    {
        string subject = row.Text("subject");
        string answer = row.Text("answer");
        return new MmluItem(
            s_groupBySubject.ContainsKey(subject)
                ? subject
                : throw row.Error("subject", $"\"{subject}\" is none of the 57 subjects"),
            row.Number("index"),
            row.Text("question"),
            row.Texts("choices", Letters.Length),
            answer.Length == 1 && Letters.Contains(answer[0])
                ? Letters.IndexOf(answer[0])
                : throw row.Error("answer", $"must be A, B, C or D, not \"{answer}\"")
        );
    }
}
