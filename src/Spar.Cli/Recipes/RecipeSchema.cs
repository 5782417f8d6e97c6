using System.Collections;
using System.Text.Json.Nodes;
using Spar.Ground;

namespace Spar.Cli.Recipes;

/// <summary>Writes the JSON schema (draft 7) of a recipe, by which editors complete and check its keys.</summary>
internal static class RecipeSchema
{
    /// <summary>The schema as a file's text.</summary>
    /// <param name="kind">What kind of recipe.</param>
    public static string Write(RecipeKind kind)
    {
        JsonObject schema = Group(RecipeKey.Of(kind.Type));
        schema.Insert(0, "$schema", "http://json-schema.org/draft-07/schema#");
        schema.Insert(1, "title", kind.Title);
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
        JsonObject schema = RecipeKey.IsGroup(key.Type) ? Group(key.Children)
            : key.ElementType is { } element ? new JsonObject { ["type"] = "array", ["items"] = RecipeKey.IsGroup(element) ? Group(key.Children) : Single(element) }
            : Single(key.Type);
        if (key.Description.Length > 0)
        {
            schema.Insert(0, "description", key.Description);
        }

        if (key.Value is not null && !key.Required && (key.Value is string || key.Value is not IEnumerable) && !RecipeKey.IsGroup(key.Type))
        {
            schema["default"] = key.Value is string or Enum ? RecipeKey.Scalar(key.Value) : JsonNode.Parse(RecipeKey.Scalar(key.Value));
        }

        return schema;
    }

    private static JsonObject Single(Type type) => type switch
    {
        _ when type == typeof(bool) => new JsonObject { ["type"] = "boolean" },
        _ when type == typeof(ulong) => new JsonObject { ["type"] = "integer", ["minimum"] = 0 },
        _ when type == typeof(int) || type == typeof(long) => new JsonObject { ["type"] = "integer" },
        _ when type == typeof(double) || type == typeof(float) => new JsonObject { ["type"] = "number" },
        _ when type.IsEnum => new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => JsonValue.Create(StrictYaml.SnakeCase(name)))]) },
        _ => new JsonObject { ["type"] = "string" },
    };
}
