using System.Collections;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Spar.Cli.Recipes;

/// <summary>Writes recipes and their keys for people: a recipe with all keys, and the table of the reference.</summary>
internal static class RecipeText
{
    /// <summary>A recipe with every key, defaults filled in, as YAML that reads back into the same recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    public static string Resolved(object recipe)
    {
        StringWriter text = new() { NewLine = "\n" };
        Emitter emitter = new(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Group(emitter, RecipeKey.Of(recipe.GetType(), recipe));
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>A Markdown table of every key with its default and meaning.</summary>
    /// <param name="recipe">The recipe's record.</param>
    public static string Reference(Type recipe)
    {
        StringBuilder text = new("| key | default | meaning |\n| --- | --- | --- |\n");
        Rows(text, "", RecipeKey.Of(recipe));
        return text.ToString();
    }

    private static void Group(Emitter emitter, IReadOnlyList<RecipeKey> keys)
    {
        emitter.Emit(new MappingStart());
        foreach (RecipeKey key in keys)
        {
            emitter.Emit(new Scalar(key.Name));
            Value(emitter, key.Value);
        }

        emitter.Emit(new MappingEnd());
    }

    private static void Value(Emitter emitter, object? value)
    {
        switch (value)
        {
            case null:
                emitter.Emit(new Scalar("null"));
                break;
            case string text:
                emitter.Emit(new Scalar(text));
                break;
            case IEnumerable list:
                object[] items = [.. list.Cast<object>()];
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, items.Any(item => RecipeKey.IsGroup(item.GetType())) ? SequenceStyle.Block : SequenceStyle.Flow));
                foreach (object item in items)
                {
                    Value(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            default:
                if (RecipeKey.IsGroup(value.GetType()))
                {
                    Group(emitter, RecipeKey.Of(value.GetType(), value));
                }
                else
                {
                    emitter.Emit(new Scalar(RecipeKey.Scalar(value)));
                }

                break;
        }
    }

    private static void Rows(StringBuilder text, string prefix, IReadOnlyList<RecipeKey> keys)
    {
        foreach (RecipeKey key in keys)
        {
            string values = (key.ElementType ?? key.Type) is { IsEnum: true } type ? $" One of {string.Join(", ", Enum.GetNames(type).Select(StrictYaml.SnakeCase))}." : "";
            text.Append("| `").Append(prefix).Append(key.Name).Append("` | ").Append(Default(key)).Append(" | ")
                .Append((key.Description + values).Replace("|", "\\|", StringComparison.Ordinal)).Append(" |\n");
            Rows(text, $"{prefix}{key.Name}.", key.Children);
        }
    }

    private static string Default(RecipeKey key) => key switch
    {
        { Required: true } => "required",
        { Value: null } => "none",
        { ElementType: not null, Value: IEnumerable list } => key.Children.Count > 0 ? "" : $"[{string.Join(", ", list.Cast<object>().Select(RecipeKey.Scalar))}]",
        { Children.Count: > 0 } => "",
        _ => RecipeKey.Scalar(key.Value),
    };
}
