using System.Collections;
using System.Text;
using Spar.Recipes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Spar.Runtime.Recipes;

/// <summary>Writes recipes and their keys for people: a recipe with all keys, and the table of the reference.</summary>
public static class RecipeText
{
    /// <summary>A recipe with every key, defaults filled in, as YAML that reads back into the same recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    public static string Resolved(object recipe)
    {
        StringWriter text = new() { NewLine = "\n" };
        Emitter emitter = new(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart());
        Group(emitter, RecipeKey.OfValue(recipe));
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>A Markdown table of every key with its default, what it may be, and its meaning.</summary>
    /// <param name="recipe">The recipe's record.</param>
    public static string Reference(Type recipe)
    {
        StringBuilder text = new("| key | default | may be | meaning |\n| --- | --- | --- | --- |\n");
        Rows(text, "", RecipeKey.OfType(recipe));
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
                // In quotes where the text alone would be read as something else.
                ScalarStyle style = text is "" or "null" or "~" ? ScalarStyle.DoubleQuoted : ScalarStyle.Any;
                emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, style, true, true));
                break;
            case IEnumerable list:
                object[] items = [.. list.Cast<object>()];
                SequenceStyle layout = items.Any(item => RecipeKey.IsGroup(item.GetType()))
                    ? SequenceStyle.Block
                    : SequenceStyle.Flow;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, layout));
                foreach (object item in items)
                {
                    Value(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case { } group when RecipeKey.IsGroup(group.GetType()):
                Group(emitter, RecipeKey.OfValue(group));
                break;
            default:
                emitter.Emit(new Scalar(RecipeKey.Text(value)));
                break;
        }
    }

    private static void Rows(StringBuilder text, string prefix, IReadOnlyList<RecipeKey> keys)
    {
        foreach (RecipeKey key in keys)
        {
            string[] cells = [$"`{prefix}{key.Name}`", Default(key), MayBe(key), KeyDescriptions.Of(key.Property)];
            IEnumerable<string> safe = cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal));
            text.Append("| ").AppendJoin(" | ", safe).Append(" |\n");
            Rows(text, $"{prefix}{key.Name}.", key.Children);
        }
    }

    private static string Default(RecipeKey key) => key switch
    {
        { Required: true } => "required",
        { Value: null } => "none",
        { ElementType: not null, Children.Count: > 0 } or { HoldsGroup: true } => "",
        _ => RecipeKey.Text(key.Value),
    };

    private static string MayBe(RecipeKey key) => (key.ElementType ?? key.Type) switch
    {
        _ when key.Range is { } range => KeyRange.Words(range),
        { IsEnum: true } type => string.Join(", ", Enum.GetNames(type).Select(RecipeKey.Spell)),
        var type when type == typeof(bool) => "true, false",
        var type when type == typeof(DateOnly) => "date",
        var type when type == typeof(ulong) => "at least 0",
        _ => (key.RefersTo, key.ElementType) switch
        {
            ({ } model, null) when model.IsModel() => "model",
            ({ } model, _) when model.IsModel() => "models",
            (Referent.PromptSet, _) => "name or folder",
            (Referent.File, _) => "file",
            (Referent.Rows or Referent.Lessons, _) => "files of rows",
            (_, { } element) => RecipeKey.IsGroup(element) ? "groups" : "texts",
            _ => key.HoldsGroup ? "group" : "text",
        },
    };
}
