using Spar.Calls;
using Spar.Judging;
using Spar.Recipes;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

public sealed class RecipeTests
{
    [Fact]
    public void The_defaults_are_the_papers()
    {
        Recipe recipe = new() { BaseModel = "m" };
        recipe.Validate();
        Assert.Equal((5, 5, 3), (recipe.Responses, recipe.Votes, recipe.Iterations));
        Assert.Equal(
            (3, 2, 3, 1000, 0.5),
            (recipe.Search.Branch, recipe.Search.SelectBranch, recipe.Search.MaxDepth, recipe.Search.MaxCalls,
            recipe.Search.Gate));
        Assert.Equal(
            new RefinerQuotas { Refinements = 4000, TreeYes = 1500, TreeNo = 1000, VoteYes = 500, VoteNo = 2500 },
            recipe.Quotas);
        Assert.Equal((2e-7, 0.1, 0.1), (recipe.Dpo.LearningRate, recipe.Dpo.Beta, recipe.Dpo.SftWeight));
    }

    [Fact]
    public void Every_impossible_value_is_named()
    {
        Recipe recipe = new()
        {
            BaseModel = " ",
            Votes = 0,
            Respond = new Sampling(-1, 0, 0),
            Search = new SearchSettings { Gate = 1.5, Branch = 0 },
            Quotas = new RefinerQuotas { VoteNo = -1 },
            SftPrompts = 0,
            Dpo = new PreferenceSettings { LearningRate = 0, Beta = double.NaN },
            Judging = new JudgingSettings { Judges = [" "] },
            Drift = new DriftSettings { Threshold = 2 },
        };
        string message = Assert.Throws<RecipeException>(recipe.Validate).Message;
        Assert.All(
            ["base_model", "votes must be at least 1 (it is 0)", "respond.temperature", "respond.top_p",
                "respond.max_tokens", "search.gate", "search.branch",
                "quotas.vote_no", "sft_prompts", "dpo.learning_rate", "dpo.beta", "judging.judges", "drift.threshold"],
            key => Assert.Contains(key, message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_identity_is_everything_that_decides_results()
    {
        RunIdentity identity = TestRuns.IdentityOf(TestRuns.Small);
        Assert.Equal("3", identity.Values["search.branch"]);
        Assert.Equal("bfs", identity.Values["search.order"]);
        Assert.Empty(identity.DifferencesFrom(TestRuns.IdentityOf(TestRuns.Small with { Concurrency = 1 })));
        Recipe other = TestRuns.Small with { Seed = 8, Dpo = TestRuns.Small.Dpo with { Beta = 0.2 } };
        Assert.Equal(
            ["dpo.beta was 0.1, is 0.2", "seed was 7, is 8"],
            identity.DifferencesFrom(TestRuns.IdentityOf(other)).Select(difference => difference.ToString()));
    }

    [Theory]
    [InlineData("2E-07", "2.0e-07", true)]
    [InlineData("0.5", "0.50", true)]
    [InlineData("9007199254740993", "9007199254740992", false)]
    [InlineData("a sha256:12", "b/a sha256:12", true)]
    [InlineData("a sha256:12", "a sha256:13", false)]
    [InlineData("a", "a sha256:13", true)]
    [InlineData("a sha256:12", "a", false)]
    [InlineData("x http://a", "y http://a", false)]
    public void Values_are_the_same_by_what_they_say(string there, string wanted, bool same)
    {
        RunIdentity run = new(new Dictionary<string, string> { ["key"] = there });
        Assert.Equal(
            same, run.DifferencesFrom(new RunIdentity(new Dictionary<string, string> { ["key"] = wanted })).Count == 0);
    }
}
