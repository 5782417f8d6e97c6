using System.CommandLine;
using Spar.Cli.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar eval</c>: measures a model.</summary>
internal static class EvalCommand
{
    public static Command Create(CommandContext context)
    {
        Command command = new(
            "eval",
            "Measures a model on the nano world's held-out tasks or on a benchmark, and compares results."
        )
        {
            EvalNanoCommand.Create(context),
        };
        foreach (Command task in EvalTaskCommand.CreateAll(context))
        {
            command.Add(task);
        }

        command.Add(EvalPromptsCommand.Create(context));
        command.Add(EvalRefinementCommand.Create(context));
        command.Add(EvalCompareCommand.Create(context));
        return command;
    }
}
