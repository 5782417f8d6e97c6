using System.Text;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Chat;

/// <summary>
/// Renders a conversation as the one text that a model was trained to continue, by the Jinja template in its checkpoint. Templates run as in
/// Transformers (trim_blocks, lstrip_blocks), except that <c>strftime_now</c> is not defined, so that the same messages always
/// give the same text. Thread-safe.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>
    /// The template of the project's own small models: <c>&lt;|user|&gt;{content}&lt;|end|&gt;&lt;|assistant|&gt;{content}&lt;|end|&gt;</c>. It has no system role.
    /// </summary>
    public const string Plain =
        "{% for message in messages %}"
        + "{% if message['role'] not in ['user', 'assistant'] %}{{ raise_exception('the roles of this model are user and assistant') }}{% endif %}"
        + "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    private readonly JinjaStatement template;
    private readonly TokenizerConfig tokens;

    /// <summary>Reads a template.</summary>
    /// <param name="jinja">The template's text.</param>
    /// <param name="tokens">Gives <c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c> and <c>unk_token</c>; null when the template uses none.</param>
    /// <exception cref="EngineException">The template is broken or uses a part of Jinja that is not supported; names the line.</exception>
    public ChatTemplate(string jinja, TokenizerConfig? tokens = null)
    {
        template = JinjaParser.Parse(jinja);
        this.tokens = tokens ?? new TokenizerConfig();
    }

    /// <summary>The special tokens that <see cref="Plain"/> uses, in the order of their ids; the last one, <c>&lt;|end|&gt;</c>, is eos.</summary>
    public static IReadOnlyList<string> PlainSpecialTokens { get; } = ["<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"];

    /// <summary>The template that came with a tokenizer.</summary>
    /// <exception cref="EngineException">There is none, or it cannot be read.</exception>
    public static ChatTemplate For(Tokenizer tokenizer) => new(
        tokenizer.Config.ChatTemplate ?? throw new EngineException(
            "The checkpoint has no chat template: neither chat_template.jinja nor a 'chat_template' in tokenizer_config.json (in a GGUF file: tokenizer.chat_template). Use the instruction-tuned version of the model."),
        tokenizer.Config);

    /// <summary>Renders a conversation. Encode the result without adding special tokens: the template has put them in.</summary>
    /// <param name="messages">The turns, oldest first.</param>
    /// <param name="addGenerationPrompt">True to end with what comes before an answer of the assistant.</param>
    /// <exception cref="EngineException">The template refuses the messages (a role that it lacks, say).</exception>
    public string Render(IReadOnlyList<Message> messages, bool addGenerationPrompt)
    {
        JinjaScope scope = new(null);
        scope["messages"] = messages.Select(message => (object?)new Dictionary<string, object?> { ["role"] = message.Role, ["content"] = message.Content }).ToList();
        scope["add_generation_prompt"] = addGenerationPrompt;
        foreach ((string name, string? token) in new[]
        {
            ("bos_token", tokens.BosToken), ("eos_token", tokens.EosToken), ("pad_token", tokens.PadToken), ("unk_token", tokens.UnkToken),
        })
        {
            if (token is not null)
            {
                scope[name] = token;
            }
        }

        JinjaBuiltins.AddGlobals(scope);
        StringBuilder output = new();
        template(scope, output);
        return output.ToString();
    }
}
