using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Tests.Calls;

public sealed class AnswerReadingTests
{
    [Theory]
    [InlineData("A line.", "stop", AnswerStatus.Complete, null)]
    [InlineData("A line.", null, AnswerStatus.Complete, null)]
    [InlineData("<think>\nplan\n</think>\nA line.", "stop", AnswerStatus.Complete, null)]
    [InlineData("A line that", "length", AnswerStatus.CutOff, "cut off at the token limit")]
    [InlineData("", "length", AnswerStatus.CutOff, "cut off at the token limit")]
    [InlineData("A line that", "abort", AnswerStatus.CutOff, "broken off by the server")]
    [InlineData("<think>\nplan", "stop", AnswerStatus.CutOff, "unfinished thought")]
    [InlineData("<think>\nplan", "length", AnswerStatus.CutOff, "cut off at the token limit")]
    [InlineData("", "stop", AnswerStatus.Empty, "empty")]
    [InlineData(" \n\u200B\uFEFF\t", null, AnswerStatus.Empty, "empty")]
    [InlineData("<think>\nplan\n</think>\n", "stop", AnswerStatus.Empty, "empty")]
    [InlineData("I cannot", "content_filter", AnswerStatus.Refused, "refused by the server's filter")]
    public void An_answer_has_a_status_and_says_why_it_is_not_complete(
        string text, string? finish, AnswerStatus status, string? why)
    {
        AnswerReading reading = new Answer(text, Finish: finish).Read();
        Assert.Equal((status, why), (reading.Status, reading.Incomplete));
        Assert.Equal(why is null, reading.Complete);
    }

    [Fact]
    public void Scored_choices_are_complete_without_a_text() =>
        Assert.True(new Answer("", LogLikelihoods: [-1, -2]).Read().Complete);

    [Fact]
    public void Thoughts_that_come_apart_never_reach_the_text() => Prop.ForAll(
        ArbMap.Default.ArbFor<(string, string)>(),
        input =>
        {
            string thinking = (input.Item1 ?? "").Trim();
            string text = (input.Item2 ?? "").Trim();
            ChatResponse response = new(new ChatMessage(
                ChatRole.Assistant, [new TextReasoningContent(thinking), new TextContent(text)]))
            {
                FinishReason = ChatFinishReason.Stop,
            };
            AnswerReading reading = response.ToAnswer().Read();
            return reading.Text.Trim() == text && (thinking.Length == 0 || reading.Thinking == thinking);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Every_mark_of_thinking_may_stand_within_thoughts_that_come_apart()
    {
        string thinking = string.Join('\n', "<think>", "</think>", "<thinking>", "</thinking>", "[THINK]", "done");
        ChatResponse response = new(new ChatMessage(
            ChatRole.Assistant, [new TextReasoningContent(thinking), new TextContent("said")]));
        AnswerReading reading = response.ToAnswer().Read();
        Assert.Equal(("said", thinking), (reading.Text, reading.Thinking));
    }
}
