using System.CommandLine;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spar.Store;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar runs prune</c>: frees space in a run directory.</summary>
internal static class RunsPruneCommand
{
    private const string Help = """
        Frees space in a run directory: removes the models between the first and the last, which are trained again, to the
        same bytes, if something asks for them; what interrupted trainings left; copies of older stores; empty space in the
        store. Results, reports and exports are as before, and an unfinished run goes on. Says what it would remove, and
        removes it with --yes, or when you say so.

        Examples:
          spar runs prune runs/quickstart
          spar runs prune runs/quickstart --yes
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<bool> yes = Options.Flag("--yes", "remove it without asking");
        Option<bool> json = Shared.Json("print what is, or would be, removed as JSON");
        Command command = new("prune", Help) { run, yes, json };
        command.SetAction(async (parse, _) =>
        {
            string directory = parse.GetValue(run)!;
            IReadOnlyList<Prunable> found = await ReadRun.OfAsync(
                directory, context, store => Task.FromResult(RunPruning.Find(store)));
            bool removes = parse.GetValue(yes);
            if (!parse.GetValue(json))
            {
                Tell(directory, found, context);
                removes = found.Count > 0 && (removes || Asked(context));
            }

            if (removes)
            {
                found = RunPruning.Remove(directory, context.Time);
            }

            if (parse.GetValue(json))
            {
                context.Print(JsonSerializer.Serialize(new { removed = removes, found }, JsonSettings.Readable) + "\n");
            }
            else if (found.Count > 0)
            {
                string size = DiskSize.Words(found.Sum(one => one.Bytes));
                context.Output.WriteLine(
                    removes ? $"{size} are free again." : $"Nothing was removed; --yes frees {size}.");
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static void Tell(string directory, IReadOnlyList<Prunable> found, CommandContext context)
    {
        if (found.Count == 0)
        {
            context.Output.WriteLine(HarmlessText.Of($"There is nothing in {directory} that can be removed."));
            return;
        }

        Figures table = new Figures().Column("").Column("size", right: true).Column("why nothing needs it");
        foreach (Prunable one in found)
        {
            table.Row(one.Path, DiskSize.Words(one.Bytes), one.Why);
        }

        table.WriteTo(context.Output);
    }

    // Only where somebody sits there.
    private static bool Asked(CommandContext context)
    {
        if (!context.Messages.Profile.Capabilities.Interactive || System.Console.IsInputRedirected)
        {
            return false;
        }

        context.Messages.Write("Remove it? [y/N] ");
        return context.Input.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }
}
