using Spar.Judging;
using Spar.Templates;

namespace Spar.Tests.Judging;

public sealed class ValuationTests
{
    [Theory]
    [InlineData("yny", Majority.Yes, "0", 2.0 / 3)]
    [InlineData("nyn", Majority.No, "0", 1.0 / 3)]
    [InlineData("ynn", Majority.No, "1", 1.0 / 3)]
    [InlineData("yn", Majority.Tie, "1", 0.5)]
    [InlineData("?yn?", Majority.Tie, "2", 0.5)]
    [InlineData("??y", Majority.Yes, "2", 1.0)]
    [InlineData("n?", Majority.No, "0", 0.0)]
    [InlineData("??", Majority.Undecided, null, null)]
    public void VotesAreCounted(string votes, Majority majority, string? critique, double? value)
    {
        Valuation vote = Valuation.Of([.. votes.Select((letter, i) => letter switch
        {
            'y' => new Judgement($"{i}", true, null),
            'n' => new Judgement($"{i}", false, null),
            _ => new Judgement($"{i}", null, JudgementParser.NoMark),
        })]);
        Assert.Equal(majority, vote.Majority);
        Assert.Equal(critique, vote.Critique);
        Assert.Equal(value, vote.Value);
        Assert.Equal(votes.Count(letter => letter == '?'), vote.Unparsed?.Count ?? 0);
        Assert.Equal(votes.Contains('y') && votes.Contains('n') && majority != Majority.Tie, vote.Disputed);
    }
}
