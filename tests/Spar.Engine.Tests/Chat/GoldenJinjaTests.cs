using System.Text.Json;
using Spar.Engine.Chat;
using Spar.Engine.Chat.Jinja;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Chat;

/// <summary>
/// Parity with jinja2 in Transformers' environment: make_goldens.py rendered the templates beside it. Where jinja2 ends
/// with a fault, so does the project's own renderer.
/// </summary>
public class GoldenJinjaTests
{
    private static readonly string s_folder = Path.Combine(
        SharedData.ProjectRoot,
        "tests",
        "Spar.Engine.Tests",
        "Chat"
    );

    private static readonly TokenizerConfig s_tokens = new()
    {
        BosToken = "<s>",
        EosToken = "</s>",
        PadToken = "<pad>",
        UnkToken = "<unk>",
    };

    private static readonly JsonElement s_conversations = Golden("conversations");

    public static IEnumerable<TheoryDataRow<string>> Templates =>
        Directory
            .GetFiles(Path.Combine(s_folder, "Templates"), "*.jinja")
            .Order(StringComparer.Ordinal)
            .Select(path => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(path)));

    [Theory]
    [MemberData(nameof(Templates))]
    public void Templates_of_the_families_in_use_render_as_jinja2_renders_them(string name)
    {
        string template = File.ReadAllText(Path.Combine(s_folder, "Templates", name + ".jinja"));
        JsonElement texts = Golden("templates").GetProperty(name);
        List<string> differences =
        [
            .. texts.EnumerateObject().Select(text => Difference(template, text.Name, text.Value)).OfType<string>(),
        ];
        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.True(texts.EnumerateObject().Count(text => text.Value.ValueKind == JsonValueKind.String) >= 5);
    }

    [Theory]
    [InlineData("constructs", 300)]
    [InlineData("fuzz", 600)]
    public void Constructs_and_random_templates_render_as_jinja2_renders_them(string file, int least)
    {
        JsonElement[] cases = [.. Golden(file).EnumerateArray()];
        List<string> differences =
        [
            .. cases
                .Select(c =>
                    Difference(c.GetProperty("template").GetString()!, "system_and_turns", c.GetProperty("text"))
                )
                .OfType<string>(),
        ];
        Assert.True(
            differences.Count == 0,
            $"{differences.Count} of {cases.Length} differ\n{string.Join("\n", differences)}"
        );
        Assert.True(cases.Length >= least);
    }

    private static string? Difference(string template, string conversation, JsonElement expected)
    {
        Dictionary<string, object?> variables = s_conversations
            .GetProperty(conversation)
            .EnumerateObject()
            .ToDictionary(variable => variable.Name, variable => JinjaTemplate.Values(variable.Value));
        string? text,
            fault = null;
        try
        {
            text = new ChatTemplate(template, s_tokens).Render(variables);
        }
        catch (EngineException e)
        {
            (text, fault) = (null, e.Message);
        }

        return text == expected.GetString()
            ? null
            : $"{conversation}: {JsonSerializer.Serialize(template)}\n  jinja2: {expected.GetRawText()}\n  here:   "
                + $"{JsonSerializer.Serialize(text)} {fault}";
    }

    private static JsonElement Golden(string name)
    {
        using JsonDocument document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(s_folder, "Goldens", name + ".json"))
        );
        return document.RootElement.Clone();
    }
}
