using System.Text.Json.Nodes;
using Spar.Evaluation.Data;
using Spar.Ground;

namespace Spar.Evaluation.Refinement;

/// <summary>A response that failed, and what a refiner made of it.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Instruction">The instruction.</param>
/// <param name="Failed">The response that does not follow it.</param>
/// <param name="Repaired">
/// The refinement; null where the refiner gave none that can be read, which counts as not repaired.
/// </param>
public sealed record RepairCase(string Id, string Instruction, string Failed, string? Repaired)
{
    /// <summary>
    /// Reads cases from a file with {id, instruction, response, refined} a line; refined may be null.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <param name="input">Gives the lines in the file's place; null reads the file.</param>
    /// <exception cref="EvaluationException">
    /// The file cannot be read, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<RepairCase> Load(string path, DataProblems problems, TextReader? input = null) =>
        DataFile.Read(
            path,
            problems,
            row => new RepairCase(
                row.Text("id"),
                row.Text("instruction"),
                row.Text("response"),
                row.OptionalText("refined")
            ),
            ("id", item => item.Id),
            input
        );

    /// <summary>Writes cases as <see cref="Load"/> reads them.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="cases">The cases.</param>
    /// <exception cref="UserFaultException">The file cannot be written.</exception>
    public static void Save(string path, IEnumerable<RepairCase> cases) =>
        AtomicFile.WriteLines(
            path,
            cases.Select(item =>
                new JsonObject
                {
                    ["id"] = item.Id,
                    ["instruction"] = item.Instruction,
                    ["response"] = item.Failed,
                    ["refined"] = item.Repaired,
                }.ToJsonString(JsonSettings.Compact)
            )
        );
}
