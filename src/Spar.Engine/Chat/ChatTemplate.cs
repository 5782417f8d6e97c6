using Spar.Engine.Chat.Jinja;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Chat;

/// <summary>
/// Renders a conversation as the one text that a model was trained to continue, by the Jinja template in its
/// checkpoint. Templates run as in Transformers, except that <c>strftime_now</c> gives a fixed date, so that the same
/// messages always give the same text. Thread-safe.
/// </summary>
public sealed class ChatTemplate
{
    /// <summary>
    /// The template of the project's own small models:
    /// <c>&lt;|user|&gt;{content}&lt;|end|&gt;&lt;|assistant|&gt;{content}&lt;|end|&gt;</c>. It has no system role.
    /// </summary>
    public const string Plain =
        "{% for message in messages %}"
        + "{% if message['role'] not in ['user', 'assistant'] %}"
        + "{{ raise_exception('the roles of this model are user and assistant') }}{% endif %}"
        + "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    private readonly JinjaTemplate _template;
    private readonly TokenizerConfig _tokens;
    private readonly DateOnly _date;

    /// <summary>Reads a template.</summary>
    /// <param name="jinja">The template's text.</param>
    /// <param name="tokens">
    /// Gives the special tokens by name (<c>bos_token</c> and so on); null when the template uses none.
    /// </param>
    /// <param name="date">The date that the template sees; null takes <see cref="DefaultDate"/>.</param>
    /// <exception cref="EngineException"> The template is broken or uses a part of Jinja that is not supported; names
    /// the line.
    /// </exception>
    public ChatTemplate(string jinja, TokenizerConfig? tokens = null, DateOnly? date = null)
    {
        _template = new JinjaTemplate(jinja);
        _tokens = tokens ?? new TokenizerConfig();
        _date = date ?? DefaultDate;
    }

    /// <summary>
    /// The date that templates see unless another is given: 26 July 2024, which the templates of Llama 3.1 and 3.2
    /// themselves fall back to.
    /// </summary>
    public static DateOnly DefaultDate { get; } = new(2024, 7, 26);

    /// <summary>
    /// The special tokens that <see cref="Plain"/> uses, in the order of their ids; the last one, <c>&lt;|end|&gt;</c>,
    /// is eos.
    /// </summary>
    public static IReadOnlyList<string> PlainSpecialTokens { get; } =
    ["<|pad|>", "<|user|>", "<|assistant|>", "<|end|>"];

    /// <summary>The template that came with a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="date">The date that the template sees; null takes <see cref="DefaultDate"/>.</param>
    /// <exception cref="EngineException">There is none, or it cannot be read.</exception>
    public static ChatTemplate For(Tokenizer tokenizer, DateOnly? date = null) =>
        new(
            tokenizer.Config.ChatTemplate
                ?? throw new EngineException(
                    "The checkpoint has no chat template: neither chat_template.jinja nor a 'chat_template' in "
                        + "tokenizer_config.json "
                        + "(in a GGUF file: tokenizer.chat_template). Use the instruction-tuned version of the model."
                ),
            tokenizer.Config,
            date
        );

    /// <summary>
    /// Renders a conversation. Encode the result without adding special tokens: the template has put them in.
    /// </summary>
    /// <param name="messages">The turns, oldest first.</param>
    /// <param name="addGenerationPrompt">True to end with what comes before an answer of the assistant.</param>
    /// <exception cref="EngineException">The template refuses the messages (a role that it lacks, say).</exception>
    public string Render(IReadOnlyList<Message> messages, bool addGenerationPrompt)
    {
        Dictionary<string, object?> variables = new()
        {
            ["messages"] = messages.Select(ToDict).ToList(),
            ["tools"] = null,
            ["documents"] = null,
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        return Render(variables);
    }

    /// <summary>Renders the template for any variables, as <see cref="JinjaTemplate"/> takes them.</summary>
    internal string Render(IReadOnlyDictionary<string, object?> variables)
    {
        Dictionary<string, object?> all = new(StringComparer.Ordinal);
        foreach ((string name, object? value) in _tokens.NamedTokens.Concat(variables))
        {
            all[name] = value;
        }

        return _template.Render(all, _date.ToDateTime(TimeOnly.MinValue));
    }

    private static object? ToDict(Message message)
    {
        PyDict dict = new();
        dict["role"] = message.Role;
        dict["content"] = message.Content;
        return dict;
    }
}
