using System.Text.Json.Nodes;
using Spar.Ground;
using Spar.Recipes;
using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Composition;

/// <summary>What checking a recipe says about the tokenizer and the chat template of its base model.</summary>
public sealed class BaseModelCheckTests : IDisposable
{
    private const string User =
        "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|end|>{% endif %}";

    private readonly string _model = Directory.CreateTempSubdirectory("spar-model-").FullName;

    public BaseModelCheckTests()
    {
        foreach (string file in Directory.GetFiles(Path.Combine(SharedData.ProjectRoot, "models", "nano")))
        {
            File.WriteAllBytes(Path.Combine(_model, Path.GetFileName(file)), File.ReadAllBytes(file));
        }
    }

    public void Dispose() => Directory.Delete(_model, recursive: true);

    [Fact]
    public void A_model_whose_generation_prompt_opens_a_thought_can_be_trained()
    {
        SetTemplate(
            User
                + "{% if m.role == 'assistant' %}<|assistant|>{{ m.content.split('</think>')[-1] }}<|end|>{% endif "
                + "%}{% endfor %}"
                + "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}"
        );
        Check();
    }

    [Theory]
    [InlineData("{% include 'x' %}", "'include' is not supported")]
    [InlineData("{{ messages", "not closed")]
    [InlineData("{{ messages[0].content.encode() }}", "'encode' of a text is not supported")]
    [InlineData("{{ raise_exception('never') }}", "refuses these messages: never")]
    [InlineData(User + "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}", "cannot be told apart")]
    [InlineData(null, "no chat template")]
    public void A_template_that_cannot_be_rendered_or_trained_with_is_a_fault(string? template, string expected)
    {
        SetTemplate(template);
        Assert.Contains(expected, Assert.ThrowsAny<UserFaultException>(() => Check()).Message);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_is_a_fault()
    {
        File.Delete(Path.Combine(_model, "tokenizer.json"));
        Assert.Contains("tokenizer.json", Assert.ThrowsAny<UserFaultException>(() => Check()).Message);
    }

    [Theory]
    [InlineData("2025-01-31", true)]
    [InlineData("31.1.2025", false)]
    [InlineData("2025-02-30", false)]
    [InlineData("today", false)]
    public void The_date_of_templates_is_a_date(string date, bool right)
    {
        string? fault = Record.Exception(() => Check($"template_date: {date}\n"))?.Message;
        Assert.Equal(right, fault is null);
        Assert.True(right || fault!.Contains("template_date", StringComparison.Ordinal), fault);
    }

    [Fact]
    public void The_date_of_templates_decides_results_and_its_absence_changes_no_identity()
    {
        RunRecipe plain = Read(""),
            dated = Read("template_date: 2025-01-31\n");
        Assert.DoesNotContain("template_date", RecipeKeys.Deciding(plain, (_, text) => text).Keys);
        Assert.Equal("2025-01-31", RecipeKeys.Deciding(dated, (_, text) => text)["template_date"]);
    }

    [Fact]
    public void The_type_of_numbers_decides_results_and_its_absence_changes_no_identity()
    {
        RunRecipe plain = Read(""),
            rounded = Read("dtype: bfloat16\n");
        Assert.DoesNotContain("dtype", RecipeKeys.Deciding(plain, (_, text) => text).Keys);
        Assert.Equal("bfloat16", RecipeKeys.Deciding(rounded, (_, text) => text)["dtype"]);
        string fault = Record.Exception(() => Check("dtype: float16\n"))!.Message;
        Assert.Contains("float32, bfloat16", fault, StringComparison.Ordinal);
    }

    private void SetTemplate(string? template)
    {
        string path = Path.Combine(_model, "tokenizer_config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        json["chat_template"] = template;
        File.WriteAllText(path, json.ToJsonString());
    }

    private RunRecipe Read(string more) =>
        RecipeDocument.Parse(
            $"base_model: {_model}\nprompt_set: compact\nrespond: {{ max_tokens: 64 }}\njudge: {{ max_tokens: 200 }}\n{more}",
            "r.yaml").Bind<RunRecipe>();

    private void Check(string more = "") => RunComposer.Check(Read(more));
}
