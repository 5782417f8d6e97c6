using FsCheck;
using FsCheck.Fluent;
using Spar.Templates;

namespace Spar.Tests.Templates;

public sealed class RefinementParserTests
{
    private const string Start = "[[refined response]]";
    private const string End = "[[end of response]]";

    private static readonly RefinementParser s_delimited = new(new OutputFormat("final judgement:", Start, End));
    private static readonly RefinementParser s_lenient = new(
        new OutputFormat("final judgement:", Start, End) { ResponseEndOptional = true });
    private static readonly RefinementParser s_open = new(new OutputFormat("judgement:", "refined:", null));

    [Theory]
    [InlineData(
        $"It was too long.\n\n**{Start}**\nThe tide comes back at six.\n**{End}**", "The tide comes back at six.")]
    [InlineData(
        $"{Start}\nThe form ends with {End} in its footer.\nSign below.\n{End}",
        $"The form ends with {End} in its footer.\nSign below.")]
    [InlineData($"{Start}\na\n{End}\nb\n{End}", $"a\n{End}\nb")]
    [InlineData($"thought\n{Start} new\ntext {End}", "new\ntext")]
    [InlineData($"{Start}one{End}", "one")]
    [InlineData($"### {Start}\r\nx\r\n### {End}\r\n", "x")]
    [InlineData($"{Start}\n...\n{End}\nSo:\n{Start}\ntwo\n{End}", "two")]
    [InlineData($"I put it after {Start} as told.\n{Start}\nx\n{End}\nDone.", "x")]
    [InlineData($"<think>\n{Start}\ndraft\n{End}\n</think>\n{Start}\nx\n{End}", "x")]
    [InlineData("[[REFINED RESPONSE]]\nx\n[[End of response]]", "x")]
    public void The_last_block_is_the_response(string output, string response) =>
        Assert.Equal(response, s_delimited.Parse(output).Response);

    [Theory]
    [InlineData("nothing", RefinementParser.NoStart)]
    [InlineData("", RefinementParser.NoStart)]
    [InlineData($"say {Start} and {End} here", RefinementParser.NoStart)]
    [InlineData($"{Start}\nnot ended", RefinementParser.NoEnd)]
    [InlineData($"{Start}\ndraft\n{End}\n{Start}\nnot ended", RefinementParser.NoEnd)]
    [InlineData($"{End}\n{Start}", RefinementParser.NoEnd)]
    [InlineData($"{Start}\n \n{End}", RefinementParser.EmptyResponse)]
    [InlineData($"Put it between these two marks:\n{Start}\n...\n{End}", RefinementParser.Placeholder)]
    [InlineData($"<think>\n{Start}\nx\n{End}", RefinementParser.UnfinishedThought)]
    public void What_has_no_response_says_why(string output, string reason)
    {
        Refinement refinement = s_delimited.Parse(output);
        Assert.Null(refinement.Response);
        Assert.Equal(reason, refinement.Unparsed);
    }

    [Fact]
    public void A_missing_end_mark_is_forgiven_only_where_the_format_says_so_and_the_model_ended_by_itself()
    {
        Assert.Equal("x", s_lenient.Parse($"{Start}\nx").Response);
        Assert.Equal(RefinementParser.CutOff, s_lenient.Parse($"{Start}\nx", cutOff: true).Unparsed);
        Assert.Equal(RefinementParser.CutOff, s_delimited.Parse($"{Start}\nx", cutOff: true).Unparsed);
        Assert.Equal("x", s_delimited.Parse($"{Start}\nx\n{End}\nmore", cutOff: true).Response);
    }

    [Fact]
    public void Without_end_mark_in_the_format_the_response_goes_on_to_the_end()
    {
        Assert.Equal("a b", s_open.Parse("hm\nrefined: a b \n").Response);
        Assert.Equal("b", s_open.Parse("fix: x\nrefined: a\nrefined: b").Response);
        Assert.Equal(RefinementParser.EmptyResponse, s_open.Parse("refined:").Unparsed);
        Assert.Equal(RefinementParser.CutOff, s_open.Parse("refined: a", cutOff: true).Unparsed);
    }

    [Fact]
    public void Any_response_between_the_marks_comes_back() => Prop.ForAll(
        ArbMap.Default.ArbFor<(string, int[])>(),
        input =>
        {
            string[] pieces = [
                "\n", $"text {End} text", $"{End}\n", " ", "**bold**", $"a {Start} b", "```\ncode\n```", "…and so on",
                "> quote", "🙂"];
            string response = ((input.Item1 ?? "")
                + string.Concat((input.Item2 ?? []).Select(pick => pieces[(uint)pick % (uint)pieces.Length]))).Trim();
            Refinement refinement = s_delimited.Parse($"It was wrong.\n{Start}\n{response}\n{End}\n");
            return refinement.Response == response
                || refinement.Response is null && response.Trim('.', '…', ' ', '[', ']', '<', '>').Length == 0;
        }).QuickCheckThrowOnFailure();
}
