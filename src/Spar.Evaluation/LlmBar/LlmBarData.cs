using Spar.Evaluation.Data;

namespace Spar.Evaluation.LlmBar;

/// <summary>One instruction with two outputs, one of them objectively better.</summary>
/// <param name="Id">Such as "Natural-000".</param>
/// <param name="Subset">Natural, or the adversarial Neighbor, GPTInst, GPTOut or Manual.</param>
/// <param name="Input">The instruction.</param>
/// <param name="Output1">One output.</param>
/// <param name="Output2">The other.</param>
/// <param name="Label">The better one, 1 or 2.</param>
public sealed record LlmBarInstance(string Id, string Subset, string Input, string Output1, string Output2, int Label);

/// <summary>Loads LLMBar (Zeng et al. 2024).</summary>
public static class LlmBarData
{
    /// <summary>The subsets in the order of published tables; all but the first are adversarial.</summary>
    public static readonly IReadOnlyList<string> Subsets = ["Natural", "Neighbor", "GPTInst", "GPTOut", "Manual"];

    /// <summary>Reads all instances.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<LlmBarInstance> Load(DataFolder folder, DataProblems problems) =>
        DataFile.Read(folder.Require("llmbar", "llmbar.jsonl"), problems, Parse, ("id", instance => instance.Id));

    private static LlmBarInstance Parse(DataRow row)
    {
        string subset = row.Text("subset");
        int label = row.Number("label");
        return new LlmBarInstance(
            row.Text("id"),
            Subsets.Contains(subset)
                ? subset
                : throw row.Error("subset", $"must be one of {string.Join(", ", Subsets)}, not \"{subset}\""),
            row.Text("input"),
            row.Text("output_1"),
            row.Text("output_2"),
            label is 1 or 2 ? label : throw row.Error("label", $"must be 1 or 2, not {label}")
        );
    }
}
