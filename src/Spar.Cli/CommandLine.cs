using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Globalization;
using Spar.Cli.Arguments;
using Spar.Cli.Commands;
using Spar.Cli.Console;
using Spectre.Console;

namespace Spar.Cli;

/// <summary>The <c>spar</c> command: its subcommands, and what becomes of errors and Ctrl-C.</summary>
internal static class CommandLine
{
    private static readonly string s_about = $"""
        Self-play with tree-search refinement (SPaR): makes a language model follow instructions better.

        Exit codes:
        {string.Join(
            '\n',
            ExitCode.All.Select(code =>
                string.Create(CultureInfo.InvariantCulture, $"  {code.Code,3}  {code.Meaning}")
            )
        )}

        A defect's trace file lies in the folder for temporary files. '-' as a file of prompts, or as a prompt, reads standard input.
        """;

    /// <summary>The command with all its subcommands.</summary>
    /// <param name="context">What commands write to and read from.</param>
    public static Command Create(CommandContext context)
    {
        // Not RootCommand: that one is called what its file is called, and reads words in brackets as directives.
        Option<bool> quiet = Options.Flag("--quiet", "write results, warnings and errors only: no progress", "-q");
        quiet.Recursive = true;
        return new Command("spar", s_about)
        {
            NewCommand.Create(context),
            RunCommand.Create(context),
            GenerateCommand.Create(context),
            ChatCommand.Create(context),
            ServeCommand.Create(context),
            McpCommand.Create(context),
            EvalCommand.Create(context),
            DashboardCommand.Create(context),
            ReportCommand.Create(context),
            ExportCommand.Create(context),
            ImportCommand.Create(context),
            EvolveCommand.Create(context),
            ExperimentCommand.Create(context),
            PretrainCommand.Create(context),
            ModelCommand.Create(context),
            RecipeCommand.Create(context),
            RunsCommand.Create(context),
            MockServerCommand.Create(context),
            TrainCommand.Create(context),
            ClusterCommand.Create(context),
            EnvCommand.Create(context),
            quiet,
            new HelpOption { Action = new ShortListHelp() },
            new VersionOption(),
        };
    }

    /// <summary>Runs one command.</summary>
    /// <param name="args">Arguments, without the program's name.</param>
    /// <param name="context">Where output goes.</param>
    /// <returns>The exit code; see <see cref="ExitCode"/>.</returns>
    public static async Task<int> InvokeAsync(IReadOnlyList<string> args, CommandContext context)
    {
        // A prompt may begin with @, so that sign does not name a file of arguments.
        ParseResult parse = Create(context).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        bool askedForHelp = parse.Action is not ParseErrorAction && parse.Action != parse.CommandResult.Command.Action;
        if (!askedForHelp && UsageFault.Find(parse) is string problem)
        {
            return Refuse(problem);
        }

        context.Quiet = parse.GetValue<bool>("--quiet");
        Telemetry? telemetry = askedForHelp ? null : Telemetry.Start(context.Warn);
        try
        {
            return await parse.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
                    Output = context.Output.Profile.Out.Writer,
                    Error = context.Messages.Profile.Out.Writer,
                }
            );
        }
        catch (UsageException fault)
        {
            return Refuse(fault.Message);
        }
        catch (Exception fault)
        {
            return Faults.Report(fault, context, parse.CommandResult.Command is ResumableCommand);
        }
        finally
        {
            telemetry?.Dispose();
            foreach (IDisposable open in context.OpenToTheEnd)
            {
                open.Dispose();
            }

            context.OpenToTheEnd.Clear();
        }

        int Refuse(string problem)
        {
            context.Messages.MarkupLineInterpolated($"[red]error:[/] {problem}");
            context.Messages.WriteLine($"See {UsageFault.Name(parse.CommandResult.Command)} --help.");
            return ExitCode.Usage;
        }
    }
}
