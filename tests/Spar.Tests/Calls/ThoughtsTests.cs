using Spar.Calls;

namespace Spar.Tests.Calls;

public sealed class ThoughtsTests
{
    [Theory]
    [InlineData("<think>\nplan\n</think>\n\nThe sea is calm.", "The sea is calm.", "plan")]
    [InlineData("<think></think>x", "x", "")]
    [InlineData("  \n<thinking>a</thinking> x", "x", "a")]
    [InlineData("[THINK]a[/THINK]x", "x", "a")]
    [InlineData("<seed:think>a</seed:think>\nx", "x", "a")]
    [InlineData("<|START_THINKING|>a<|END_THINKING|>x", "x", "a")]
    [InlineData("◁think▷a◁/think▷x", "x", "a")]
    [InlineData("plan, plan\n</think>\n\nx", "x", "plan, plan")]
    [InlineData("plan.</think>\nx", "x", "plan.")]
    [InlineData("<think>a</think>\n<think>b</think>\nx", "x", "a\n\nb")]
    [InlineData("<think>see `</think>` and\n```\nopen\n</think>\nx", "x", "see `</think>` and\n```\nopen")]
    [InlineData(
        "<|channel|>analysis<|message|>plan<|end|><|start|>assistant<|channel|>final<|message|>x<|return|>",
        "x",
        "plan"
    )]
    public void Thoughts_are_apart_from_the_answer(string raw, string text, string thinking)
    {
        ThoughtSplit split = Thoughts.Split(raw);
        Assert.Equal(text, split.Text);
        Assert.Equal(thinking, split.Thinking);
        Assert.False(split.Unfinished);
    }

    [Theory]
    [InlineData("<think>\nplan, and no end")]
    [InlineData("Well.\n<think>\nplan, and no end")]
    [InlineData("<|channel|>analysis<|message|>plan, and no end")]
    public void A_thought_that_does_not_end_leaves_no_answer(string raw)
    {
        ThoughtSplit split = Thoughts.Split(raw);
        Assert.True(split.Unfinished);
        Assert.Equal("", split.Text);
        Assert.Contains("plan, and no end", split.Thinking, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" The sea. ")]
    [InlineData("Close the block with `</think>` and go on.")]
    [InlineData("Models write <think> first, then </think> and the answer.")]
    [InlineData("```\n<think>\nx\n</think>\n```")]
    [InlineData("1 < 2 and <b>bold</b>")]
    public void Text_about_marks_is_left_as_it_is(string raw) =>
        Assert.Equal(new ThoughtSplit(raw, null, false), Thoughts.Split(raw));

    [Theory]
    [InlineData("<think>")]
    [InlineData("</think>")]
    [InlineData("```\n</think>\n")]
    [InlineData("\n<think>")]
    [InlineData("`</think>`\n")]
    [InlineData("\n<think></think>")]
    [InlineData("\n<think>a</think> x")]
    public void A_megabyte_of_marks_takes_no_time(string piece)
    {
        string raw = string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length));
        Assert.True(Thoughts.Split(raw).Text.Length <= raw.Length);
    }
}
