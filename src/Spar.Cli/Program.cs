using Spar.Cli;

return await CommandLine.InvokeAsync(args, CommandContext.ForProcess());
