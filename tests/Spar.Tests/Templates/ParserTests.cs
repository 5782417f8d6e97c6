using FsCheck;
using FsCheck.Fluent;
using Spar.Templates;

namespace Spar.Tests.Templates;

public sealed class ParserTests
{
    private static readonly JudgementParser _judgements = new(new OutputFormat("final judgement:", "<r>", "</r>"));
    private static readonly RefinementParser _delimited = new(new OutputFormat("final judgement:", "<r>", "</r>"));
    private static readonly RefinementParser _open = new(new OutputFormat("judgement:", "refined:", null));

    [Theory]
    [InlineData("fine.\nFinal judgement: yes", true)]
    [InlineData("Final judgement: No.", false)]
    [InlineData("**Final Judgement:** **Yes**!", true)]
    [InlineData("### FINAL JUDGEMENT : \"no\"", false)]
    [InlineData("**Final judgement**: yes, all of it", true)]
    [InlineData("Final judgment:\n\n no", false)]
    [InlineData("Final judgement: yes\nbut then\nFinal judgement: no", false)]
    [InlineData("final\njudgement: yes", true)]
    public void TheLastVerdictCounts(string output, bool verdict)
    {
        Judgement judgement = _judgements.Parse("  " + output + "\n");
        Assert.Equal(verdict, judgement.Verdict);
        Assert.Equal(output, judgement.Critique);
        Assert.Null(judgement.Unparsed);
    }

    [Theory]
    [InlineData("  \n", JudgementParser.Empty)]
    [InlineData("yes", JudgementParser.NoMark)]
    [InlineData("the judgement: yes", JudgementParser.NoMark)]
    [InlineData("Final judgement: perhaps", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yesterday", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yes\nFinal judgement:", JudgementParser.NoVerdict)]
    [InlineData("Final judgement: yes or no", JudgementParser.BothVerdicts)]
    [InlineData("Final judgement: yes|no", JudgementParser.BothVerdicts)]
    public void WhatCannotBeReadSaysWhy(string output, string reason)
    {
        Judgement judgement = _judgements.Parse(output);
        Assert.Null(judgement.Verdict);
        Assert.Equal(reason, judgement.Unparsed);
    }

    [Theory]
    [InlineData("thought <r> new\ntext </r> done", "new\ntext")]
    [InlineData("<r>one</r> no: <R>two</R>", "two")]
    [InlineData("use <r> marks: <r>x</r>", "x")]
    [InlineData("<r>whole</r> <r>cut", "whole")]
    [InlineData("<r>a</r> and </r>", "a")]
    public void TheLastCompleteResponseCounts(string output, string response) => Assert.Equal(response, _delimited.Parse(output).Response);

    [Theory]
    [InlineData("nothing", RefinementParser.NoStart)]
    [InlineData("", RefinementParser.NoStart)]
    [InlineData("<r>cut off", RefinementParser.NoEnd)]
    [InlineData("</r><r>", RefinementParser.NoEnd)]
    [InlineData("<r> \n</r>", RefinementParser.EmptyResponse)]
    public void WhatHasNoResponseSaysWhy(string output, string reason)
    {
        Refinement refinement = _delimited.Parse(output);
        Assert.Null(refinement.Response);
        Assert.Equal(reason, refinement.Unparsed);
    }

    [Fact]
    public void WithoutEndMarkTheResponseGoesOnToTheEnd()
    {
        Assert.Equal("a b", _open.Parse("hm\nrefined: a b \n").Response);
        Assert.Equal(RefinementParser.EmptyResponse, _open.Parse("refined:").Unparsed);
        Assert.Equal(RefinementParser.CutOff, _open.Parse("refined: a", cutOff: true).Unparsed);
        Assert.Equal("a", _delimited.Parse("<r>a</r>", cutOff: true).Response);
    }

    [Fact]
    public void ParsersTakeAnyText() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        string output = (text ?? "").Replace("\0", "<r>", StringComparison.Ordinal);
        Judgement judgement = _judgements.Parse(output);
        Refinement refinement = _delimited.Parse(output);
        return judgement.Verdict is null == judgement.Unparsed is not null && refinement.Response is null == refinement.Unparsed is not null;
    }).QuickCheckThrowOnFailure();
}
