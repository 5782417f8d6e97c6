using System.CommandLine;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval</c>: measures a model.</summary>
internal static class EvalCommand
{
    public static Command Create(CommandContext context) => new("eval", "Measures a model on held-out prompts or a benchmark.") { EvalNanoCommand.Create(context) };
}
