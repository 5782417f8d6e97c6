using Spar.Cli;
using Spar.Cli.Console;

CommandContext context = CommandContext.ForProcess();

// A fault on a thread that no command waits for would else end in the runtime's own stack trace.
AppDomain.CurrentDomain.UnhandledException += (_, fault) =>
    Environment.Exit(Faults.Report((Exception)fault.ExceptionObject, context, resumes: false));
return await CommandLine.InvokeAsync(args, context);
