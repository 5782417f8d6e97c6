using Spar.Calls;
using Spar.Judging;
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
    public void TheDefaultsAreThePapers()
    {
        Recipe recipe = new() { BaseModel = "m" };
        recipe.Validate();
        Assert.Equal((5, 5, 3), (recipe.Responses, recipe.Votes, recipe.Iterations));
        Assert.Equal((3, 2, 3, 1000, 0.5), (recipe.Search.Branch, recipe.Search.SelectBranch, recipe.Search.MaxDepth, recipe.Search.MaxCalls, recipe.Search.Gate));
        Assert.Equal(new RefinerQuotas { Refinements = 4000, TreeYes = 1500, TreeNo = 1000, VoteYes = 500, VoteNo = 2500 }, recipe.Quotas);
        Assert.Equal((2e-7, 0.1, 0.1), (recipe.Dpo.LearningRate, recipe.Dpo.Beta, recipe.Dpo.SftWeight));
    }

    [Fact]
    public void EveryImpossibleValueIsNamed()
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
            ["base_model", "votes must be at least 1 (it is 0)", "respond.temperature", "respond.top_p", "respond.max_tokens", "search.gate", "search.branch",
                "quotas.vote_no", "sft_prompts", "dpo.learning_rate", "dpo.beta", "judging.judges", "drift.threshold"],
            key => Assert.Contains(key, message, StringComparison.Ordinal));
    }

    [Fact]
    public void TheIdentityIsEverythingThatDecidesResults()
    {
        RunIdentity identity = TestRuns.Small.Identity(TestRuns.Compact);
        Assert.Equal("3", identity.Values["search.branch"]);
        Assert.Equal("breadthFirst", identity.Values["search.order"]);
        Assert.Empty(identity.DifferencesFrom((TestRuns.Small with { Concurrency = 1 }).Identity(TestRuns.Compact)));
        Assert.Equal(
            ["dpo.beta (0.1 there, 0.2 in the recipe)", "seed (7 there, 8 in the recipe)"],
            identity.DifferencesFrom((TestRuns.Small with { Seed = 8, Dpo = TestRuns.Small.Dpo with { Beta = 0.2 } }).Identity(TestRuns.Compact)));
        Assert.StartsWith("promptSet", Assert.Single(identity.DifferencesFrom(TestRuns.Small.Identity(TemplateSet.Load("full")))), StringComparison.Ordinal);
        Assert.StartsWith("world.size", Assert.Single(identity.DifferencesFrom(identity.With([new("world.size", "3")]))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_from_the_time_when_supervised_training_had_a_beta_goes_on()
    {
        IReadOnlyDictionary<string, string> keys = TestRuns.Small.Identity(TestRuns.Compact).Values;
        Assert.All(
            ["actorSft", "refinerSft", "dpo", "rft", "iterationSft", "backwardSft"],
            group => Assert.Equal(("0.1", "0.1"), (keys[$"{group}.beta"], keys[$"{group}.sftWeight"])));
    }
}
