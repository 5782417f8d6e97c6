using FsCheck;
using FsCheck.Fluent;
using Spar.Runtime.Recipes;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Recipes;

/// <summary>
/// Whatever a recipe file holds, reading it ends in a recipe or in one message that a terminal can show.
/// </summary>
public sealed class RecipeJunkTests
{
    private static readonly string[] s_pieces =
    [
        "base_model", "dpo", "search", "judging", ":", ": ", "- ", "? ", "\n", "\n  ", "\n\t", "[", "]", "{", "}",
        ",", "&a ", "*a", "*b", "!!int ", "!x ", "|", ">", "|2\n", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! x\n",
        "\"", "'", "\\", "\\x", "\"\\U00110000\"", "#", " #", "<<: *a", "0x1f", ".inf", "1e999", "null", "~", "true",
        "\u0085", "\u2028", "\ufeff", "\ud800", "\u001b[2J", "é", "🎲", "\r", "\r\n", "@", "`", "%", "\0",
    ];

    private static readonly string s_quickstart = File.ReadAllText(
        Path.Combine(SharedData.ProjectRoot, "recipes", "quickstart.yaml"));

    [Fact]
    public void Pieces_of_yaml_in_any_order() => Prop.ForAll(
        Gen.Elements(s_pieces).ListOf().Select(string.Concat).ToArbitrary(), EndsWell).Check(
            Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void Any_text() => Prop.ForAll(
        ArbMap.Default.GeneratorFor<string>().Where(text => text is not null).ToArbitrary(), EndsWell).Check(
            Config.QuickThrowOnFailure.WithMaxTest(3000));

    [Fact]
    public void A_recipe_with_junk_somewhere_in_it() => Prop.ForAll(
        (from at in Gen.Choose(0, s_quickstart.Length)
         from cut in Gen.Choose(0, 40)
         from junk in Gen.Elements(s_pieces).ListOf(3)
         select s_quickstart[..at] + string.Concat(junk) + s_quickstart[Math.Min(
             at + cut, s_quickstart.Length)..]).ToArbitrary(),
        EndsWell).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    private static bool EndsWell(string text)
    {
        try
        {
            RunRecipe recipe = RecipeDocument.Parse(text, "r.yaml").Bind<RunRecipe>();
            return recipe.Method.BaseModel is not null;
        }
        catch (SparException fault)
        {
            return fault.Message.StartsWith("r.yaml", StringComparison.Ordinal)
                && fault.Message.Split('\n').All(line => line.Length < 3000 && !line.Any(char.IsControl));
        }
    }
}
