using System.CommandLine;
using System.Text.Json;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runtime.Clusters;
using Spar.Runtime.Recipes;

namespace Spar.Cli.Commands;

/// <summary><c>spar cluster</c>: what there is beyond this process to train with.</summary>
internal static class ClusterCommand
{
    private const string Help = "What there is beyond this process to train with.";

    private const string CheckHelp = """
        Says what can be reached: Slurm with its partitions, GPUs, LLaMA-Factory and TRL with their versions; with a recipe
        its servers too, and whether there is all that its trainer needs. What is missing comes with what mends it, and
        exit code 1 where the recipe needs it. --probe submits a short job as a training would be, which says from the
        nodes themselves whether they see the folder of runs, their GPUs and the trainer.

        Examples:
          spar cluster check
          spar cluster check --json
          spar cluster check recipes/quickstart.yaml --set trainer.kind=trl
          spar cluster check recipes/quickstart.yaml --probe --output runs
        """;

    public static Command Create(CommandContext context) => new("cluster", Help) { Check(context) };

    private static Command Check(CommandContext context)
    {
        Argument<string?> file = new("recipe")
        {
            Description = "recipe file whose trainer and servers are looked at",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string[]> settings = Options.RecipeSettings();
        Option<string> output = Options.Text("--output", "where runs go", "dir", "runs", "-o");
        Option<bool> probe = Options.Flag("--probe", "submit a short job that looks from the nodes");
        Option<int> wait = Options.Count("--wait", "most seconds that the probe may take", 120, most: 86_400);
        Option<bool> json = Shared.Json("print JSON for scripts");
        Command command = new("check", CheckHelp) { file, settings, output, probe, wait, json };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RunRecipe? recipe = null;
            if (parse.GetValue(file) is { } path)
            {
                RecipeDocument document = RecipeDocument.Read(path, parse.GetValue(settings));
                recipe = document.Bind<RunRecipe>();
                Shared.Tell(document, context);
            }

            IReadOnlyList<ClusterFinding> findings = await new ClusterCheck(
                recipe, parse.GetValue(output)!, context.Time).LookAsync(
                parse.GetValue(probe), TimeSpan.FromSeconds(parse.GetValue(wait)), cancellationToken);
            if (parse.GetValue(json))
            {
                context.Print(JsonSerializer.Serialize(findings, JsonSettings.Readable) + "\n");
            }
            else
            {
                foreach (ClusterFinding finding in findings)
                {
                    string state = finding.State.ToString().ToLowerInvariant();
                    context.Print($"{state,-8} {HarmlessText.Name(finding.Name)}: {HarmlessText.Name(finding.Detail)}\n");
                    if (finding.Remedy is { } remedy)
                    {
                        context.Print($"         {HarmlessText.Name(remedy)}\n");
                    }
                }
            }

            return findings.Any(finding => finding.State == FindingState.Missing) ? ExitCode.Fault : ExitCode.Success;
        });
        return command;
    }
}
