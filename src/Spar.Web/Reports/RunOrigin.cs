using System.Reflection;
using Spar.Runs;
using Spar.Store;

namespace Spar.Web.Reports;

/// <summary>When, by what and how a run was made.</summary>
/// <param name="Begun">When its first session began, ISO 8601.</param>
/// <param name="LastStage">The stage that ended last, with the time at which it began; null where none has.</param>
/// <param name="Command">The command of its last session; null where no log tells.</param>
/// <param name="Program">The program that writes the report, with its version.</param>
public sealed record RunOrigin(string Begun, string? LastStage, string? Command, string Program)
{
    /// <summary>The program's name and version.</summary>
    public static string ThisProgram { get; } = "spar " + (typeof(RunOrigin).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "");

    /// <summary>Reads it.</summary>
    /// <param name="store">The run.</param>
    /// <param name="results">Its results.</param>
    internal static RunOrigin Of(RunStore store, RunResults results)
    {
        StageTiming? last = store.Timings().LastOrDefault();
        return new RunOrigin(
            store.Begun(), last is null ? null : $"{last.Stage}, begun {last.Started}", RunState.Of(store, results)?.Command, ThisProgram);
    }
}

/// <summary>How much of a rejected response its chosen one keeps, over the pairs of an iteration.</summary>
/// <param name="Iteration">From 1.</param>
/// <param name="Pairs">Pairs of it.</param>
/// <param name="Refined">Mean share of words that a refinement keeps, 0..1; null where no pair is one.</param>
/// <param name="Sampled">
/// The same of two independent samples for those prompts, of which the first failed and the second passed; null where no
/// prompt has such two.
/// </param>
public sealed record KeptWords(int Iteration, int Pairs, double? Refined, double? Sampled);
