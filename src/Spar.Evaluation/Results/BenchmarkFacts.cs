using System.Text.Json.Nodes;

namespace Spar.Evaluation.Results;

/// <summary>What a reader of the results needs to know of a benchmark.</summary>
/// <param name="Name">Its name on the command line and in results, such as "gsm8k".</param>
/// <param name="Version">
/// Grows when prompts or scoring change, so that results of different versions are not compared.
/// </param>
/// <param name="OriginalCount">Documents in the data, before any limit.</param>
/// <param name="EffectiveCount">Documents that are asked.</param>
/// <param name="Shots">Worked examples in each prompt.</param>
/// <param name="Config">What else matters: prompt form, sampling.</param>
public sealed record BenchmarkFacts(
    string Name,
    int Version,
    int OriginalCount,
    int EffectiveCount,
    int Shots,
    JsonObject Config
);
