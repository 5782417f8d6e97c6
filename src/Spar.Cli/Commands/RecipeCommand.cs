using System.CommandLine;
using Spar.Cli.Arguments;
using Spar.Cli.Console;
using Spar.Ground;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spectre.Console;

namespace Spar.Cli.Commands;

/// <summary><c>spar recipe</c>: looks at recipes without running them.</summary>
internal static class RecipeCommand
{
    private const string CheckHelp = """
        Checks a recipe: every key and value; that models, prompts and verifiers are there, whole, and fit each other; by
        one short question, that served models answer and take the key. The exit code is 0 when it can be run, 1 when
        not; every fault is named with file, line and column, and warnings stand apart.

        Example:
          spar recipe check recipes/quickstart.yaml
          spar recipe check recipes/quickstart.yaml --set dpo.learning_rate=1e-4
        """;

    private const string ShowHelp = """
        Prints a recipe, with --resolved, or with a key set, as the run sees it: every key, defaults filled in.

        Example:
          spar recipe show recipes/quickstart.yaml --resolved
        """;

    private const string SchemaHelp = """
        Prints the JSON schema of recipes, by which editors complete and check them, or with --markdown the table of all
        keys. A recipe names its schema in its first line: # yaml-language-server: $schema=recipe.schema.json

        Examples:
          spar recipe schema > recipes/recipe.schema.json
          spar recipe schema --kind pretrain > recipes/pretrain.schema.json
          spar recipe schema --markdown
        """;

    public static Command Create(CommandContext context) => new("recipe", "Checks and explains recipes.")
    {
        Check(context),
        Show(context),
        Schema(context),
    };

    private static Command Check(CommandContext context)
    {
        Argument<string> file = File();
        Option<RecipeKind> kind = Kind();
        Option<string[]> settings = Options.RecipeSettings();
        Command command = new("check", CheckHelp) { file, kind, settings };
        command.SetAction(async (parse, cancellationToken) =>
        {
            RecipeDocument document = RecipeDocument.Read(parse.GetValue(file)!, parse.GetValue(settings));
            IReadOnlyList<string> warnings = [];
            if (parse.GetValue(kind) == RecipeKind.Run)
            {
                (_, warnings) = await Preflight.ReadAsync(document, "runs", cancellationToken);
            }
            else
            {
                parse.GetValue(kind)!.Read(document);
            }

            Shared.Tell(document, context);
            foreach (string warning in warnings)
            {
                context.Warn(warning);
            }

            context.Output.WriteLine($"{parse.GetValue(file)} can be run.");
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Show(CommandContext context)
    {
        Argument<string> file = File();
        Option<RecipeKind> kind = Kind();
        Option<bool> resolved = Options.Flag("--resolved", "fill in the defaults");
        Option<string[]> settings = Options.RecipeSettings();
        Command command = new("show", ShowHelp) { file, kind, settings, resolved };
        command.SetAction(parse =>
        {
            bool whole = parse.GetValue(resolved) || parse.GetValue(settings)!.Length > 0;
            RecipeDocument document = RecipeDocument.Read(parse.GetValue(file)!, parse.GetValue(settings));
            object recipe = parse.GetValue(kind)!.Read(document);
            Shared.Tell(document, context);
            context.Print(whole
                ? RecipeText.Resolved(recipe)
                : HarmlessText.Of(System.IO.File.ReadAllText(parse.GetValue(file)!).ReplaceLineEndings("\n")));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Schema(CommandContext context)
    {
        Option<RecipeKind> kind = Kind();
        Option<bool> markdown = Options.Flag("--markdown", "print the table of all keys instead");
        Command command = new("schema", SchemaHelp) { kind, markdown };
        command.SetAction(parse =>
        {
            RecipeKind wanted = parse.GetValue(kind)!;
            context.Print(parse.GetValue(markdown) ? RecipeText.Reference(wanted.Type) : wanted.Schema());
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> File() => Options.Argument("recipe", "recipe file");

    private static Option<RecipeKind> Kind() => Options.Choice(
        "--kind", "which command the recipe is for", RecipeKind.All.ToDictionary(kind => kind.Name),
        RecipeKind.Run.Name);
}
