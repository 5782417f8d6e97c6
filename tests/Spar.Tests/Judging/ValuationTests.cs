using Spar.Judging;
using Spar.Templates;

namespace Spar.Tests.Judging;

public sealed class ValuationTests
{
    [Theory]
    [InlineData("yny", Verdict.Yes, "0", 2.0 / 3)]
    [InlineData("nyn", Verdict.No, "0", 1.0 / 3)]
    [InlineData("ynn", Verdict.No, "1", 1.0 / 3)]
    [InlineData("yn", Verdict.Tie, "1", 0.5)]
    [InlineData("?yn?", Verdict.Tie, "2", 0.5)]
    [InlineData("??y", Verdict.Yes, "2", 1.0)]
    [InlineData("n?", Verdict.No, "0", 0.0)]
    [InlineData("??", Verdict.Undecided, null, null)]
    public void Votes_are_counted(string votes, Verdict verdict, string? critique, double? value)
    {
        Valuation valuation = Valuation.Of([.. votes.Select((letter, i) => letter switch
        {
            'y' => new Judgement($"{i}", true, null),
            'n' => new Judgement($"{i}", false, null),
            _ => new Judgement($"{i}", null, JudgementParser.NoMark),
        })], Gate.Majority);
        Assert.Equal(verdict, Gate.Majority.VerdictOn(valuation));
        Assert.Equal(critique, valuation.Critique);
        Assert.Equal(value, valuation.Value);
        Assert.Equal(votes.Count(letter => letter == '?'), valuation.Unparsed?.Count ?? 0);
        Assert.Equal(votes.Contains('y') && votes.Contains('n'), valuation.Disputed);
    }
}
