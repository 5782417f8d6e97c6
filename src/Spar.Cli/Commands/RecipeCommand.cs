using System.CommandLine;
using Spar.Cli.Recipes;

namespace Spar.Cli.Commands;

/// <summary><c>spar recipe</c>: looks at recipes without running them.</summary>
internal static class RecipeCommand
{
    private const string CheckHelp = """
        Checks a recipe: every key and value, and that the models, prompts and verifiers that it names are there. The exit code is 0 when it can be run, 1
        when not; every fault is named with file, line and column.

        Example:
          spar recipe check recipes/quickstart.yaml
        """;

    private const string ShowHelp = """
        Prints a recipe, with --resolved as the run sees it: every key, defaults filled in.

        Example:
          spar recipe show recipes/quickstart.yaml --resolved
        """;

    private const string SchemaHelp = """
        Prints the JSON schema of recipes, by which editors complete and check them, or with --markdown the table of all keys. A recipe names its schema in its
        first line: # yaml-language-server: $schema=recipe.schema.json

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
        Option<string> kind = Kind();
        Command command = new("check", CheckHelp) { file, kind };
        command.SetAction(parse =>
        {
            Find(parse.GetValue(kind)!).Read(parse.GetValue(file)!);
            context.Output.Profile.Out.Writer.WriteLine($"{parse.GetValue(file)} can be run.");
            return CommandLine.Success;
        });
        return command;
    }

    private static Command Show(CommandContext context)
    {
        Argument<string> file = File();
        Option<string> kind = Kind();
        Option<bool> resolved = new("--resolved") { Description = "with every key, defaults filled in" };
        Command command = new("show", ShowHelp) { file, kind, resolved };
        command.SetAction(parse =>
        {
            object recipe = Find(parse.GetValue(kind)!).Read(parse.GetValue(file)!);
            context.Output.Profile.Out.Writer.Write(parse.GetValue(resolved) ? RecipeText.Resolved(recipe) : System.IO.File.ReadAllText(parse.GetValue(file)!));
            return CommandLine.Success;
        });
        return command;
    }

    private static Command Schema(CommandContext context)
    {
        Option<string> kind = Kind();
        Option<bool> markdown = new("--markdown") { Description = "print the table of all keys instead" };
        Command command = new("schema", SchemaHelp) { kind, markdown };
        command.SetAction(parse =>
        {
            RecipeKind wanted = Find(parse.GetValue(kind)!);
            context.Output.Profile.Out.Writer.Write(parse.GetValue(markdown) ? RecipeText.Reference(wanted.Type) : RecipeSchema.Write(wanted));
            return CommandLine.Success;
        });
        return command;
    }

    private static Argument<string> File() => new("recipe") { Description = "recipe file" };

    private static Option<string> Kind()
    {
        Option<string> kind = new("--kind") { Description = "which command the recipe is for", DefaultValueFactory = _ => RecipeKind.Run.Name };
        kind.AcceptOnlyFromAmong([.. RecipeKind.All.Select(known => known.Name)]);
        return kind;
    }

    private static RecipeKind Find(string name) => RecipeKind.All.First(kind => kind.Name == name);
}
