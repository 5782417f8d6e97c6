using System.CommandLine;
using Spar.Cli.Commands;
using Spar.Engine;
using Spar.Evaluation;
using Spectre.Console;

namespace Spar.Cli;

/// <summary>What commands write to; a process has its console, a test has buffers.</summary>
/// <param name="Output">Results: tables, JSON, generated text.</param>
/// <param name="Messages">Progress, warnings and errors.</param>
/// <param name="Input">What the user types.</param>
/// <param name="Time">The clock.</param>
public sealed record CommandContext(IAnsiConsole Output, IAnsiConsole Messages, TextReader Input, TimeProvider Time)
{
    /// <summary>The console of this process: results go to standard output, the rest to standard error; colour only on a terminal.</summary>
    public static CommandContext ForProcess() => new(
        ForStream(System.Console.Out, System.Console.IsOutputRedirected),
        ForStream(System.Console.Error, System.Console.IsErrorRedirected),
        System.Console.In,
        TimeProvider.System);

    private static IAnsiConsole ForStream(TextWriter stream, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(stream),
            Ansi = redirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = redirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected)
        {
            // Nobody's window: lines are not broken for it.
            console.Profile.Width = 1000;
        }

        return console;
    }
}

/// <summary>The <c>spar</c> command: its subcommands, and what becomes of errors and Ctrl-C.</summary>
public static class CommandLine
{
    /// <summary>Exit code of a run that ended well.</summary>
    public const int Success = 0;

    /// <summary>Exit code of a fault that a message explains.</summary>
    public const int Fault = 1;

    /// <summary>Exit code after Ctrl-C: work is saved and can be continued (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>Runs one command.</summary>
    /// <param name="args">Arguments, without the program's name.</param>
    /// <param name="context">Where output goes.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> InvokeAsync(string[] args, CommandContext context)
    {
        RootCommand root = new("Self-play with tree-search refinement (SPaR): makes a language model follow instructions better.")
        {
            RunCommand.Create(context),
            GenerateCommand.Create(context),
            ChatCommand.Create(context),
            EvalCommand.Create(context),
            ReportCommand.Create(context),
            ExportCommand.Create(context),
            EvolveCommand.Create(context),
            ExperimentCommand.Create(context),
            PretrainCommand.Create(context),
            ModelCommand.Create(context),
            RecipeCommand.Create(context),
        };
        InvocationConfiguration configuration = new()
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromMinutes(1),
            Output = context.Output.Profile.Out.Writer,
            Error = context.Messages.Profile.Out.Writer,
        };
        try
        {
            return await root.Parse(args).InvokeAsync(configuration);
        }
        catch (Exception e) when (Message(e) is string message)
        {
            context.Messages.MarkupLineInterpolated($"[red]error:[/] {message}");
            return Fault;
        }
        catch (OperationCanceledException)
        {
            context.Messages.WriteLine("Stopped. What was done is kept; the same command goes on from here.");
            return Interrupted;
        }
    }

    // The text of a fault that the user can mend; null for defects, whose stack trace is wanted.
    private static string? Message(Exception e) => e switch
    {
        SparException or EngineException or EvaluationException => e.Message,
        IOException io => io.Message,
        AggregateException { InnerExceptions: [Exception only] } => Message(only),
        _ => null,
    };
}
