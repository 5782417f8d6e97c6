using System.CommandLine;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Runtime.Embedded;
using Spar.Runtime.Endpoints;
using Spar.Seams;

namespace Spar.Cli.Commands;

/// <summary>What several commands have in common.</summary>
internal static class Shared
{
    /// <summary>The option for the number of threads.</summary>
    public static Option<int> Threads() => new("--threads")
    {
        Description = "threads to compute with; has no influence on results",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        Validators = { result => Check(result.GetValueOrDefault<int>() >= 1, result, "--threads must be at least 1") },
    };

    /// <summary>Key of OpenAI-compatible endpoints, from OPENAI_API_KEY; servers that need none ignore it.</summary>
    public static string ApiKey => Environment.GetEnvironmentVariable("OPENAI_API_KEY") ?? "none";

    /// <summary>The option for the seed.</summary>
    public static Option<ulong> Seed() => new("--seed") { Description = "seed of everything random", DefaultValueFactory = _ => 1 };

    /// <summary>Opens models: checkpoints with the embedded engine, others behind their endpoints.</summary>
    /// <param name="threads">Threads to compute with.</param>
    /// <param name="concurrency">Most calls in flight; the engine takes at most 512 of them into a batch.</param>
    public static IModelHost Host(int threads, int concurrency) => new EndpointModelHost(
        new EmbeddedModelHost(new EngineOptions { Threads = threads, MaxSequences = Math.Min(concurrency, 512) }), ApiKey);

    /// <summary>Opens a checkpoint folder.</summary>
    public static ValueTask<IChatClient> OpenAsync(string model, int threads, CancellationToken cancellationToken) =>
        new EmbeddedModelHost(new EngineOptions { Threads = threads }).OpenAsync(model, cancellationToken);

    /// <summary>Adds a parse error where a rule does not hold.</summary>
    public static void Check(bool holds, System.CommandLine.Parsing.SymbolResult result, string message)
    {
        if (!holds)
        {
            result.AddError(message);
        }
    }
}
