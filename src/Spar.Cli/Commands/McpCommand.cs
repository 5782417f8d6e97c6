using System.CommandLine;
using Microsoft.Extensions.AI;
using Spar.Cli.Arguments;
using Spar.Cli.Assistants;
using Spar.Cli.Console;
using Spar.Templates;

namespace Spar.Cli.Commands;

/// <summary><c>spar mcp</c>: judge, refine, search and verify as tools of an assistant.</summary>
internal static class McpCommand
{
    private const string Help = """
        Offers judge, refine, search and verify as tools to assistants that speak the Model Context Protocol, over standard input and output.
        verify checks the instructions of IFEval, IFTrain and IFBench by rule; the others ask the model. An assistant's configuration names the
        command and its arguments: {"mcpServers": {"spar": {"command": "spar", "args": ["mcp"]}}}.

        Examples:
          spar mcp
          spar mcp --model http://localhost:8000/v1#qwen --prompts full
        """;

    public static Command Create(CommandContext context)
    {
        Option<string> model = Shared.Model("the actor");
        Option<string?> refiner = Options.OptionalText(
            "--refiner", "who judges and refines, named like the actor (default: the actor)", "model");
        Option<string> prompts = Shared.TemplateSet();
        Option<int> votes = Shared.Votes();
        Option<int> threads = Options.Threads();
        Command command = new("mcp", Help) { model, refiner, prompts, votes, threads };
        command.SetAction(async (parse, cancellationToken) =>
        {
            string actorModel = parse.GetValue(model)!;
            int count = parse.GetValue(threads);
            TemplateSet templates = TemplateSet.Load(parse.GetValue(prompts)!);
            using IChatClient actor = await Shared.OpenAsync(actorModel, count, null, cancellationToken);
            using IChatClient second = await Shared.OpenRefinerAsync(
                actor, actorModel, parse.GetValue(refiner) ?? actorModel, count, null, cancellationToken);
            context.Say($"Tools of {actorModel} on standard input and output.");
            await using Stream input = System.Console.OpenStandardInput();
            await using Stream output = System.Console.OpenStandardOutput();
            await AssistantServer.RunAsync(
                new AssistantTools(actor, second, templates, parse.GetValue(votes)), input, output, cancellationToken);
            return ExitCode.Success;
        });
        return command;
    }
}
