using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>
/// Writes prompts that were made, in the layout of IFEval's data, and an answer to each that follows its constraints.
/// </summary>
public static class SynthesisFiles
{
    /// <summary>
    /// The file of prompts: <c>key</c>, <c>prompt</c>, <c>instruction_id_list</c>, <c>kwargs</c>, and <c>request</c>,
    /// the prompt without constraints.
    /// </summary>
    public const string Prompts = "prompts.jsonl";

    /// <summary>The file of answers: <c>key</c> and <c>response</c>.</summary>
    public const string Examples = "examples.jsonl";

    /// <summary>The file of counts.</summary>
    public const string Summary = "summary.json";

    /// <summary>Writes the three files; keys are the numbers from 1.</summary>
    /// <param name="folder">The folder; it is made if need be.</param>
    /// <param name="result">The prompts.</param>
    /// <returns>The text of the summary.</returns>
    /// <exception cref="UserFaultException">A file cannot be written.</exception>
    public static string Write(string folder, SynthesisResult result)
    {
        AtomicFile.WriteLines(Path.Combine(folder, Prompts), result.Prompts.Select((prompt, i) => Line(new()
        {
            ["key"] = i + 1,
            ["prompt"] = prompt.Prompt,
            ["instruction_id_list"] = new JsonArray([.. prompt.Constraints.Select(c => JsonValue.Create(c.Id))]),
            ["kwargs"] = new JsonArray([.. prompt.Constraints.Select(c => c.Arguments.DeepClone())]),
            ["request"] = prompt.Request,
        })));
        AtomicFile.WriteLines(Path.Combine(folder, Examples), result.Prompts.Select((prompt, i) => Line(new()
        {
            ["key"] = i + 1,
            ["response"] = prompt.Example,
        })));
        string summary = JsonSerializer.Serialize(SynthesisSummary.Of(result), JsonSettings.Readable) + "\n";
        AtomicFile.WriteText(Path.Combine(folder, Summary), summary);
        return summary;
    }

    private static string Line(JsonObject line) => line.ToJsonString(JsonSettings.SnakeCaseLines);
}
