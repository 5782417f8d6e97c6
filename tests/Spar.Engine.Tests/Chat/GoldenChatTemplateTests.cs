using System.Text.Json;
using Spar.Engine.Chat;
using Spar.Engine.Tests.Tokenization;
using Spar.Engine.Tokenization;
using Spar.TestSupport;

namespace Spar.Engine.Tests.Chat;

/// <summary>Parity with the families' own templates as the reference renders them.</summary>
public class GoldenChatTemplateTests
{
    [Theory]
    [MemberData(nameof(GoldenTokenizerTests.Folders), MemberType = typeof(GoldenTokenizerTests))]
    public void Rendered_text_and_ids_match(string folder)
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedData.Path("fixtures", "tokenizers", folder));
        JsonElement golden = GoldenTokenizerTests.Golden("fixtures", "tokenizers", folder, "golden_tokenizer.json");
        Check(golden.GetProperty("chat"), "rendered", ChatTemplate.For(tokenizer), tokenizer);
    }

    [Fact]
    public void SmolLM2_matches()
    {
        Tokenizer tokenizer = Tokenizer.Load(SharedData.Path("models", "smollm2-135m-instruct", "tokenizer.json"));
        JsonElement golden = GoldenTokenizerTests.Golden("models", "smollm2-135m-instruct", "golden.json");
        Check(
            golden.GetProperty("chat"),
            "text",
            new ChatTemplate(golden.GetProperty("chat_template").GetString()!),
            tokenizer
        );
    }

    private static void Check(JsonElement chats, string textKey, ChatTemplate template, Tokenizer tokenizer)
    {
        foreach (JsonElement chat in chats.EnumerateArray())
        {
            Message[] messages = GoldenMessages.Of(chat);
            string rendered = template.Render(messages, chat.GetProperty("add_generation_prompt").GetBoolean());
            Assert.Equal(chat.GetProperty(textKey).GetString(), rendered);
            Assert.Equal(GoldenTokenizerTests.Ints(chat.GetProperty("ids")), tokenizer.Encode(rendered));
        }
    }
}
