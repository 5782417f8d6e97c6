using System.Collections;
using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Recipes;

namespace Spar.Runtime.Recipes;

/// <summary>Writes the JSON schema (draft 7) of a recipe, by which editors complete and check its keys.</summary>
public static class RecipeSchema
{
    /// <summary>The schema as a file's text.</summary>
    /// <param name="recipe">The recipe's record.</param>
    /// <param name="title">What the recipe is for.</param>
    public static string Write(Type recipe, string title)
    {
        JsonObject schema = Group(RecipeKey.OfType(recipe));
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        schema.Insert(1, "title", title);
        return schema.ToJsonString(JsonSettings.Readable) + "\n";
    }

    private static JsonObject Group(IReadOnlyList<RecipeKey> keys)
    {
        JsonObject properties = [];
        foreach (RecipeKey key in keys)
        {
            properties.Add(key.Name, Key(key));
        }

        JsonObject group = new() { ["type"] = "object", ["additionalProperties"] = false };
        JsonArray required = [.. keys.Where(key => key.Required).Select(key => JsonValue.Create(key.Name))];
        if (required.Count > 0)
        {
            group["required"] = required;
        }

        group["properties"] = properties;
        return group;
    }

    private static JsonObject Key(RecipeKey key)
    {
        JsonObject schema = key.HoldsGroup ? Group(key.Children)
            : key.ElementType is { } element ? List(key, element)
            : Single(key.Type);
        if (key.Range is { } range)
        {
            Bound(schema, range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum", KeyRange.Least(range));
            Bound(schema, range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum", KeyRange.Most(range));
        }

        if (key.NotEmpty && key.Type == typeof(string))
        {
            schema["minLength"] = 1;
        }

        if (key.MayBeNull && schema["type"] is JsonValue type)
        {
            schema["type"] = new JsonArray(type.GetValue<string>(), "null");
        }

        string description = KeyDescriptions.Of(key.Property);
        if (description.Length > 0)
        {
            schema.Insert(0, "description", description);
        }

        if (key.Value is string || (key.Value is not (null or IEnumerable) && !key.HoldsGroup))
        {
            string text = RecipeKey.Text(key.Value);
            schema["default"] = key.Value is string or Enum ? text : JsonNode.Parse(text);
        }

        return schema;
    }

    private static JsonObject List(RecipeKey key, Type element)
    {
        JsonObject items = RecipeKey.IsGroup(element) ? Group(key.Children) : Single(element);
        JsonObject list = new() { ["type"] = "array", ["items"] = items };
        if (key.NotEmpty)
        {
            list["minItems"] = 1;
        }

        return list;
    }

    // A whole bound is written without a fraction.
    private static void Bound(JsonObject schema, string name, double? bound)
    {
        if (bound is double number)
        {
            schema[name] = number == Math.Truncate(number) ? (long)number : number;
        }
    }

    private static JsonObject Single(Type type) => type switch
    {
        _ when type == typeof(bool) => new JsonObject { ["type"] = "boolean" },
        _ when type == typeof(DateOnly) => new JsonObject { ["type"] = "string", ["format"] = "date" },
        _ when type == typeof(ulong) => new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
        _ when type == typeof(int) || type == typeof(long) => new JsonObject { ["type"] = "integer" },
        _ when RecipeKey.IsNumeric(type) => new JsonObject { ["type"] = "number" },
        _ when type.IsEnum => new JsonObject
        {
            ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => JsonValue.Create(RecipeKey.Spell(name)))]),
        },
        _ => new JsonObject { ["type"] = "string" },
    };
}
