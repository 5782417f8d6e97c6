using Spar.Engine.Chat;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Tests.Chat;

public class ChatTemplateTests
{
    private static readonly Message[] s_messages =
    [
        new("system", "Be brief."),
        new("user", " Hi \"you\" \n"),
        new("assistant", "Yes \u2014 \u00E9 \uD83D\uDE80"),
        new("user", "More"),
    ];

    // The expected texts are those of Jinja2 3.1 with trim_blocks and lstrip_blocks.
    [Theory]
    [InlineData("a\n  {% if true %}\n  b\n  {% endif %}\nc\n", "a\n  b\nc")]
    [InlineData("a\n  {%+ if true %}\n  b\n{% endif +%}\nc", "a\n    b\n\nc")]
    [InlineData("a \n {%- if true -%} \n b \n {%- endif %}\n c", "ab c")]
    [InlineData("x {{- ' y ' -}} z\n{# note #}\nw {#- n -#}  v", "x y z\nwv")]
    [InlineData(
        "{{ 1 + 2 * 9 // 4 % 5 - -1 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2.50 }}",
        "6 3.5 2.0 -4 2 2.5"
    )]
    [InlineData(
        "{{ 'a' ~ 1 ~ true ~ none }} {{ not true or false and true }} {{ 3 > 2 > 1 }} {{ 'b' in 'abc' }} {{ 3 not "
            + "in [1,2] }}",
        "a1TrueNone False True True True"
    )]
    [InlineData("{{ 'yes' if messages|length > 3 else 'no' }}{{ 'x' if false }}", "yes")]
    [InlineData(
        "{% for m in messages if m.role != 'system' %}{{ loop.index }}/{{ loop.length }}{{ m['role'][0] }}{{ ',' "
            + "if not loop.last }}{% else %}none{% endfor %}",
        "1/3u,2/3a,3/3u"
    )]
    [InlineData("{% for m in [] %}x{% else %}none{% endfor %}", "none")]
    [InlineData(
        "{% set ns = namespace(n=0, last='') %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.n = ns.n "
            + "+ 1 %}{% set ns.last = m.content %}{% endif %}{% endfor %}{{ ns.n }}{{ ns.last }}",
        "2More"
    )]
    [InlineData("{% set x = 1 %}{% for m in messages %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "22221")]
    [InlineData(
        "{% set a, b = 'p', 'q' %}{{ b ~ a }}{% for k, v in {'k1': 1, 'k2': 'z'}.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in {'k': 1}|items %}{{ k }}{{ v }}{% endfor %}",
        "qpk1=1;k2=z;k1"
    )]
    [InlineData("{% set t %}in{{ 1 }}{% endset %}[{{ t }}]", "[in1]")]
    [InlineData(
        "{{ messages[1].content | trim | tojson }} {{ {'a': [1, 2.5, none, true], 'b': "
            + "'\\n\\t/<\u00e9\ud83d\ude80\\u0001'} | tojson }}",
        "\"Hi \\\"you\\\"\" {\"a\": [1, 2.5, null, true], \"b\": \"\\n\\t/<\u00e9\ud83d\ude80\\u0001\"}"
    )]
    [InlineData(
        "{{ messages[-1].content }} {{ messages[1:3]|length }} {{ messages[::-1][0].content }} {{ 'abcdef'[1:-1:2] "
            + "}} {{ 'abc'[-1] }} {{ [1,2,3][5:] | length }}",
        "More 2 More bd c 0"
    )]
    [InlineData(
        "{{ missing is defined }} {{ missing is not defined }} {{ messages is iterable }} {{ none is none }} {{ "
            + "'a' is string }} {{ 3 is odd }} {{ messages[0] is mapping }} {{ missing }}{{ missing | default('d') "
            + "}}{{ '' | default('e', true) }}",
        "False True True True True True True de"
    )]
    [InlineData(
        "{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', "
            + "'eq', 'user') | list | length }}",
        "2 2"
    )]
    [InlineData(
        "{{ 'a,b,c'.split(',') | join('-') }} {{ ' x y  z '.split() | join('|') }} {{ 'xxabxx'.strip('x') }} {{ "
            + "'Hello'.startswith('He') }} {{ 'a-b-c'.split('-', 1)[1] }} {{ 'abc'|upper }} {{ "
            + "'aXbX'.replace('X','y') }}",
        "a-b-c x|y|z ab True b-c ABC ayby"
    )]
    [InlineData(
        "{{ messages[0].get('name', 'anon') }} {{ messages[0].get('role') }} {{ 'role' in messages[0] }} {{ "
            + "[1,[2]] == [1.0,[2]] }} {{ 1 == true }} {{ '1' == 1 }}",
        "anon system True True True False"
    )]
    [InlineData(
        "{%- for m in messages -%}\n  {{- '<' + m.role + '>' -}}\n  {{ m.content }}\n{%- endfor -%}",
        "<system>Be brief.<user> Hi \"you\" \n<assistant>Yes \u2014 \u00e9 \ud83d\ude80<user>More"
    )]
    [InlineData("{% if false %}a{% elif messages %}b{% elif true %}c{% else %}d{% endif %}", "b")]
    [InlineData("line\r\n{% if true %}\r\nx\r\n{% endif %}\r\n\n", "line\nx\n")]
    [InlineData(
        "{{ not messages[0].role == 'system' }} {{ 2 if true else 3 if true else 4 }} {{ 'ab' * 1 if false else "
            + "'z' }} {{ messages | first | length }} {{ (messages | last).content }} {{ 5 is not none and 'x' is "
            + "not number }}",
        "False 2 z 2 More True"
    )]
    [InlineData("{{ {}|tojson }}{{ []|tojson }} {{ '%}' }} {{ {'a': {'b': 1}}.a.b }}", "{}[] %} 1")]
    [InlineData(
        "{{ (1, 2)[1] }} {{ 'a' 'b' }} {{ \"q'\\\"\\x41\\u00e9\" }} {{ ([1,2] + [3]) | length }}",
        "2 ab q'\"A\u00e9 3"
    )]
    [InlineData(
        "{% macro tag(name, end='>') %}\n<{{ name }}{{ end }}\n{%- endmacro %}\n{{ tag('a') }}{{ tag('b', "
            + "end='/>') | upper }}",
        "<a><B/>"
    )]
    public void Templates_render_as_the_reference_does(string template, string expected) =>
        Assert.Equal(expected, new ChatTemplate(template).Render(s_messages, addGenerationPrompt: true));

    [Fact]
    public void The_plain_template_puts_turns_between_its_special_tokens()
    {
        ChatTemplate plain = new(ChatTemplate.Plain);
        Message[] messages = [new("user", "a"), new("assistant", "b"), new("user", "c")];
        Assert.Equal(
            "<|user|>a<|end|><|assistant|>b<|end|><|user|>c<|end|><|assistant|>",
            plain.Render(messages, addGenerationPrompt: true)
        );
        Assert.Equal("<|user|>a<|end|>", plain.Render(messages[..1], addGenerationPrompt: false));
        Assert.Contains(
            "the roles of this model are user and assistant",
            Assert.Throws<EngineException>(() => plain.Render(s_messages, false)).Message
        );
    }

    [Fact]
    public void The_plain_template_and_a_trained_tokenizer_fit_together()
    {
        Tokenizer tokenizer = BpeTrainer
            .Train(["hello there, hello"], 270, ChatTemplate.PlainSpecialTokens)
            .WithConfig(
                new TokenizerConfig
                {
                    EosToken = "<|end|>",
                    PadToken = "<|pad|>",
                    ChatTemplate = ChatTemplate.Plain,
                }
            );
        int[] ids = tokenizer.Encode(
            ChatTemplate.For(tokenizer).Render([new Message("user", "hello")], addGenerationPrompt: true)
        );
        Assert.Equal([1, .. tokenizer.Encode("hello"), 3, 2], ids);
    }

    [Fact]
    public void Special_tokens_come_from_the_config() =>
        Assert.Equal(
            "<s>|</s>|",
            new ChatTemplate(
                "{{ bos_token }}|{{ eos_token }}|{{ pad_token }}",
                new TokenizerConfig { BosToken = "<s>", EosToken = "</s>" }
            ).Render([], false)
        );

    [Fact]
    public void What_is_not_supported_does_no_harm_where_it_is_not_reached() =>
        Assert.Equal("a", new ChatTemplate("{% if tools %}{{ tools | shout }}{% endif %}a").Render([], false));

    [Fact]
    public void Generation_blocks_are_transparent() =>
        Assert.Equal("ab", new ChatTemplate("a{% generation %}b{% endgeneration %}").Render([], false));

    [Theory]
    [InlineData("{{ messages", "not closed")]
    [InlineData("{% if true %}a", "endif")]
    [InlineData("\n\n{% endfor %}", "line 3")]
    [InlineData("{% include 'x' %}", "'include' is not supported")]
    [InlineData("\n{% extends 'x' %}", "line 2: 'extends' is not supported")]
    [InlineData("{% block a %}{% endblock %}", "'block' is not supported")]
    [InlineData("{% from 'x' import y %}", "'from' is not supported")]
    [InlineData("{% autoescape true %}{% endautoescape %}", "'autoescape' is not supported")]
    [InlineData("{% do x %}", "'do' was not expected")]
    [InlineData("{% if false %}\n{{ 'a' | wordwrap }}{% endif %}", "line 2: the filter 'wordwrap' is not supported")]
    [InlineData("{{ 'a' | shout }}", "no filter 'shout'")]
    [InlineData("{{ 'a' is loud }}", "no test 'loud'")]
    [InlineData("{{ self }}", "'self' is not supported")]
    [InlineData("{{ 99999999999999999999 }}", "more than 64 bits")]
    [InlineData("{{ 'a }}", "not closed")]
    [InlineData("{# a", "not closed")]
    [InlineData("{{ a b }}", "'b' was not expected")]
    [InlineData("{{ ? }}", "'?'")]
    [InlineData("{% for x in y %}{% set loop = 1 %}{% endfor %}", "'loop'")]
    [InlineData("{% break %}", "outside of a loop")]
    public void A_broken_template_is_one_clear_fault(string template, string expected)
    {
        EngineException e = Assert.Throws<EngineException>(() => new ChatTemplate(template));
        Assert.Contains(expected, e.Message);
        Assert.Contains("line", e.Message);
    }

    [Theory]
    [InlineData("{{ raise_exception('no such role') }}", "no such role")]
    [InlineData("{{ missing.name }}", "'missing' is undefined")]
    [InlineData("a\n{% if true %}\n{{ missing.name }}{% endif %}", "line 3")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself without end")]
    [InlineData("{% if true %}{{ 'a' | shout }}{% endif %}", "filter 'shout'")]
    [InlineData("{% if true %}{{ 'a' is loud }}{% endif %}", "test 'loud'")]
    [InlineData("{{ missing() }}", "'missing' is undefined")]
    [InlineData("{{ 1 + 'a' }}", "a number + a text")]
    [InlineData("{{ 1 // 0 }}", "divided by zero")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "more than 64 bits")]
    [InlineData("{{ 1 < 'a' }}", "cannot be compared")]
    [InlineData("{% for x in 3 %}{% endfor %}", "gone through like a list")]
    [InlineData("{% set a, b = [1] %}", "1 values")]
    [InlineData("{{ strftime_now('%Q') }}", "'%Q' of strftime_now is not supported")]
    [InlineData("{{ 'a'.encode() }}", "'encode' of a text is not supported")]
    [InlineData("{{ [].append }}{{ [].append(1) }}", "would change a list")]
    [InlineData("{{ [1] | map('upper') }}", "where it lies in memory")]
    [InlineData("{{ 'a'.upper }}", "where it lies in memory")]
    public void What_fails_while_rendering_is_one_clear_fault(string template, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<EngineException>(() => new ChatTemplate(template).Render(s_messages, false)).Message
        );

    [Theory]
    [InlineData("{{ ", "(", "1", ")", " }}", 900)]
    [InlineData("{{ ", "not ", "1", "", " }}", 1900)]
    [InlineData("{{ ", "-", "1", "", " }}", 1900)]
    [InlineData("{{ ", "[", "", "]", " }}", 900)]
    [InlineData("{{ ", "1 if 1 else ", "1", "", " }}", 400)]
    [InlineData("{{ ", "1 + ", "1", "", " }}", 100_000)]
    [InlineData("", "{% if 1 %}", "", "{% endif %}", "", 10_000)]
    public void Endless_nesting_is_a_fault_and_no_crash(
        string begin,
        string open,
        string middle,
        string close,
        string end,
        int times
    )
    {
        string Repeat(string text) => string.Concat(Enumerable.Repeat(text, times));
        EngineException e = Assert.Throws<EngineException>(() =>
            new ChatTemplate(begin + Repeat(open) + middle + Repeat(close) + end)
        );
        Assert.Matches("nested too deeply|more than 2000 words", e.Message);
    }

    [Theory]
    [InlineData(
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}"
    )]
    [InlineData(
        "{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}"
    )]
    [InlineData(
        "{% set ns = namespace(x=(), y=()) %}{% for i in range(99999) %}{% set ns.x = (ns.x,) %}{% set ns.y = "
            + "(ns.y,) %}{% endfor %}{{ ns.x == ns.y }}{{ {ns.x: 1} }}"
    )]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}")]
    [InlineData(
        "{% macro f() %}{% call g() %}{% endcall %}{% endmacro %}{% macro g() %}{{ caller() }}{{ f() }}{% endmacro "
            + "%}{{ f() }}"
    )]
    [InlineData(
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor "
            + "%}{% endfor %}"
    )]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{{ 'text' }}{% endfor %}{% endfor %}")]
    [InlineData("{{ 'a' * 9999999999 }}")]
    [InlineData("{{ [0] * 9999999999 }}")]
    [InlineData("{% set ns = namespace(x='a') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData(
        "{% set ns = namespace(x='aa') %}{% for i in range(99) %}{% set ns.x = ns.x.replace('a', 'aa') %}{% endfor %}"
    )]
    [InlineData("{% set s = 'a' * 9999999 %}{% for i in range(99999) %}{% set x = s.split('b') %}{% endfor %}")]
    [InlineData("{{ '%9999999999d' % 1 }}")]
    [InlineData("{{ 'a'.center(9999999999) }}{{ '{:9999999999}'.format('a') }}")]
    [InlineData("{{ 9 ** 9 ** 9 }}")]
    [InlineData("{{ 'a'|indent(999999999, true) }}")]
    [InlineData("{{ [1]|batch(999999999, 'x')|list }}")]
    [InlineData("{{ [1]|slice(999999999)|list }}")]
    public void What_would_run_write_or_nest_without_end_is_a_fault(string template)
    {
        EngineException e = Assert.Throws<EngineException>(() => new ChatTemplate(template).Render([], false));
        Assert.Matches("without end|never end|takes too long|more than", e.Message);
    }

    [Fact]
    public void A_chain_of_ten_thousand_conditions_renders() =>
        Assert.Equal(
            "b",
            new ChatTemplate(
                "{% if 0 %}" + string.Concat(Enumerable.Repeat("{% elif 0 %}a", 10_000)) + "{% else %}b{% endif %}"
            ).Render([], false)
        );

    [Fact]
    public void A_template_sees_a_fixed_date_that_can_be_set()
    {
        const string Template = "{{ strftime_now('%d %B %Y, %H:%M') }}";
        Assert.Equal("26 July 2024, 00:00", new ChatTemplate(Template).Render([], false));
        Assert.Equal(
            "01 February 2025, 00:00",
            new ChatTemplate(Template, date: new DateOnly(2025, 2, 1)).Render([], false)
        );
    }

    [Fact]
    public void A_long_expression_renders() =>
        Assert.Equal(
            "990",
            new ChatTemplate("{{ " + string.Concat(Enumerable.Repeat("1 + ", 989)) + "1 }}").Render([], false)
        );

    [Fact]
    public void A_checkpoint_without_a_template_is_named() =>
        Assert.Contains(
            "no chat template",
            Assert.Throws<EngineException>(() => ChatTemplate.For(BpeTrainer.Train(["a"], 256, []))).Message
        );
}
