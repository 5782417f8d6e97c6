using Spar.Ground;

namespace Spar.Evaluation.Synthesis;

/// <summary>A request that one instruction alone makes sense with.</summary>
/// <param name="Request">The request; a template with the blanks of <see cref="RequestTemplates"/>.</param>
/// <param name="Options">The options that it offers, as the instruction's argument; null where it offers none.</param>
internal sealed record OwnTask(string Request, string? Options = null);

/// <summary>
/// Requests for the instructions that settle what the answer is about (IFBench's <c>custom</c> family and the choice of
/// an option), which make no sense with just any request.
/// </summary>
internal static class OwnTasks
{
    private static readonly Lazy<Dictionary<string, OwnTask[]>> s_builtIn =
        new(() => SynthesisData.Read<Dictionary<string, OwnTask[]>>("tasks.json"));

    /// <summary>Whether an instruction needs a request of its own.</summary>
    public static bool Has(string id) => s_builtIn.Value.ContainsKey(id);

    /// <summary>A request for an instruction that needs its own.</summary>
    public static OwnTask Draw(string id, SeededRandom random)
    {
        OwnTask task = random.Pick(s_builtIn.Value[id]);
        return task with { Request = RequestTemplates.BuiltIn.Fill(task.Request, random) };
    }
}
