using Spar.Engine;
using Spar.Engine.Chat;
using Spar.Engine.Tokenization;
using Spar.Engine.Training;
using Spar.Runtime.Embedded;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Embedded;

public sealed class ChatEncoderTests
{
    private const string Prompt = "write a line about the sea. use exactly 6 words.";
    private const string User
        = "{% for m in messages %}{% if m.role == 'user' %}<|user|>{{ m.content }}<|end|>{% endif %}";

    // The generation prompt opens a thought, and finished turns have lost theirs.
    private const string Thinking = User
        + "{% if m.role == 'assistant' %}<|assistant|>{{ m.content.split('</think>')[-1] }}<|end|>{% endif %}"
        + "{% endfor %}"
        + "{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}";

    private static readonly Tokenizer s_nano = Tokenizer.Load(Path.Combine(SharedData.ProjectRoot, "models", "nano"));

    [Theory]
    [InlineData("the sea is deep and blue.")]
    [InlineData("")]
    [InlineData("<|end|> 😀")]
    public void The_targets_are_the_response_and_the_token_that_ends_its_turn(string response)
    {
        TrainingSequence sequence = Encode(ChatTemplate.Plain, response);
        Assert.Equal($"{response}<|end|>", Targets(sequence));
        Assert.Equal(s_nano.Encode($"<|user|>{Prompt}<|end|><|assistant|>{response}<|end|>"), sequence.Tokens);
    }

    [Fact]
    public void The_turn_of_a_response_that_was_cut_off_has_no_end()
    {
        ChatEncoder encoder = new(s_nano, new ChatTemplate(ChatTemplate.Plain));
        Assert.Equal(
            "the sea is",
            Targets(encoder.Encode([new("user", Prompt)], "the sea is", 4096, out _, ended: false)));
        Assert.Equal(
            "the sea",
            Targets(encoder.Encode(
                [new("user", Prompt)], "the sea",
                encoder.Encode(Prompt, "the sea", 4096, out _).Tokens.Length - 1, out bool cut, ended: false)));
        Assert.False(cut);
    }

    [Fact]
    public void Of_a_conversation_the_last_response_alone_is_learnt()
    {
        Message[] turns = [new("user", "say a"), new("assistant", "a"), new("user", Prompt)];
        TrainingSequence sequence = new ChatEncoder(s_nano, new ChatTemplate(ChatTemplate.Plain)).Encode(
            turns, "the sea is deep.", 4096, out _);
        Assert.Equal("the sea is deep.<|end|>", Targets(sequence));
        Assert.Equal(
            s_nano.Encode(
                "<|user|>say a<|end|><|assistant|>a<|end|>"
                + $"<|user|>{Prompt}<|end|><|assistant|>the sea is deep.<|end|>"),
            sequence.Tokens);
    }

    [Theory]
    [InlineData("the sea is deep.", "the sea is deep.<|end|>")]
    [InlineData("<b>the sea</b>", "<b>the sea</b><|end|>")]
    [InlineData("a thought</think>the sea", "the sea<|end|>")]
    public void Where_the_generation_prompt_opens_a_thought_what_follows_the_common_beginning_is_learnt(
        string response, string targets)
        => Assert.Equal(targets, Targets(Encode(Thinking, response)));

    [Fact]
    public void Thoughts_that_the_template_writes_into_a_finished_turn_are_learnt()
        => Assert.Equal("<think>\n\n</think>\n\nthe sea<|end|>", Targets(Encode(
            User + "{% if m.role == 'assistant' %}<|assistant|><think>\n\n</think>\n\n{{ m.content }}<|end|>{% endif %}"
            + "{% endfor %}" + "{% if add_generation_prompt %}<|assistant|>{% endif %}",
            "the sea")));

    [Fact]
    public void What_follows_the_token_that_ends_the_turn_is_no_target()
        => Assert.Equal("the sea<|end|>", Targets(Encode(
            User + "{% if m.role == 'assistant' %}<|assistant|>\n{{ m.content }}<|end|>\n{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
            "the sea")));

    [Fact]
    public void A_token_that_joins_prompt_and_response_is_the_one_that_the_whole_conversation_has()
    {
        string template = "{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}"
            + "{% if add_generation_prompt %}assistant: {% endif %}";
        TrainingSequence sequence = Encode(template, "the sea");
        Assert.Equal(s_nano.Encode($"user: {Prompt} assistant: the sea "), sequence.Tokens);
        Assert.Equal(" the sea ", Targets(sequence));
    }

    [Theory]
    [InlineData(10, 0, true)]
    [InlineData(25, 0, true)]
    [InlineData(1000, 10, false)]
    public void A_row_whose_prompt_alone_reaches_the_cutoff_has_no_target(int cutoff, int least, bool cut)
    {
        TrainingSequence sequence = new ChatEncoder(s_nano, new ChatTemplate(ChatTemplate.Plain))
            .Encode(Prompt + Prompt, "the sea is deep and blue, and nobody knows it.", cutoff, out bool truncated);
        Assert.Equal(cut, truncated);
        int targets = sequence.TargetCount;
        Assert.True(least == 0 ? targets == 0 : targets >= least, $"{targets} targets");
    }

    [Theory]
    [InlineData("<|pad|>")]
    [InlineData("<|user|>")]
    [InlineData("")]
    public void A_template_that_begins_finished_turns_in_another_way_is_refused(string opening)
    {
        string template = User + "{% if m.role == 'assistant' %}" + opening
            + "{{ m.content }}<|end|>{% endif %}{% endfor %}"
            + "{% if add_generation_prompt %}<|assistant|>{% endif %}";
        EngineException e = Assert.Throws<EngineException>(new ChatEncoder(s_nano, new ChatTemplate(template)).Check);
        Assert.Contains("cannot be told apart for training", e.Message);
    }

    private static TrainingSequence Encode(string template, string response)
        => new ChatEncoder(s_nano, new ChatTemplate(template)).Encode(Prompt, response, 4096, out _);

    private static string Targets(TrainingSequence sequence)
        => s_nano.Decode(sequence.Tokens.AsSpan(sequence.FirstTarget), skipSpecialTokens: false);
}
