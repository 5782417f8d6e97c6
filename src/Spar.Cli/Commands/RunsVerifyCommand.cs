using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runs;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar runs verify</c>: whether a run directory is whole.</summary>
internal static class RunsVerifyCommand
{
    private const string Help = """
        Checks that a run directory is whole: the store's file, every record in it, that no stage lacks what it rests on,
        the digests of the checkpoints, that every call belongs to a stage, and that results.json is what the store says.
        Says what is wrong, where, and what to do. The exit code is 0 when all is well, 1 when not. Changes nothing.

        Examples:
          spar runs verify runs/quickstart
          spar runs verify runs/quickstart --json
        """;

    public static Command Create(CommandContext context)
    {
        Argument<string> run = Options.Argument("run", "run directory");
        Option<bool> json = Shared.Json("print what was found as JSON");
        Command command = new("verify", Help) { run, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string directory = parse.GetValue(run)!;
            RunCheckReport report;
            using (ProgressLine progress = new(context))
            {
                progress.Begin($"checking {directory}", 0);
                report = await RunCheck.OfAsync(directory, cancellationToken);
                progress.End();
            }

            int code = report.Faults.Count == 0 ? ExitCode.Success : ExitCode.Fault;
            if (parse.GetValue(json))
            {
                context.Print(JsonSerializer.Serialize(report, JsonSettings.Readable) + "\n");
                return code;
            }

            foreach (RunFault fault in report.Faults)
            {
                context.Messages.MarkupLineInterpolated($"[red]error:[/] {fault.Where}: {fault.What}. {fault.Remedy}");
            }

            string pruned = report.Pruned.Count == 0 ? ""
                : $"; {string.Join(", ", report.Pruned)} removed to free space";
            context.Output.WriteLine(HarmlessText.Of(string.Create(
                CultureInfo.InvariantCulture,
                $"{directory}: {report.Stages} stages, {report.Items} items, {report.Calls} calls, "
                    + $"{report.Checkpoints} checkpoints{pruned}: "
                    + $"{(report.Faults.Count == 0 ? "all is well." : $"{report.Faults.Count} faults.")}")));
            return code;
        });
        return command;
    }
}
