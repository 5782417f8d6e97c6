using Spar.Runtime.Composition;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Tests.Composition;

/// <summary>
/// Which stages a changed key concerns. That a fork comes to what a new run does is told by the command line's tests.
/// </summary>
public sealed class RunForksTests
{
    private static readonly Dictionary<string, string> s_own = new()
    {
        ["iterations"] = "3",
        ["iterative_training"] = "true",
        ["prompts.files.0"] = "mine.jsonl sha256:1",
        ["prompts.held_out"] = "150",
        ["refiner_prompts"] = "200",
        ["sft_prompts"] = "4500",
        ["prompts_per_iteration"] = "250",
    };

    /// <summary>Splits of files are drawn one after another, so that those drawn before stay what they are.</summary>
    [Theory]
    [InlineData("prompts_per_iteration", "refiner-0", "play-1")]
    [InlineData(
        "refiner_prompts", "actor-sft-data actor-0 evaluation-base",
        "refiner-sft-data refiner-0 play-1 evaluation-sft")]
    [InlineData("sft_prompts", "evaluation-base", "actor-sft-data actor-0 refiner-sft-data play-1")]
    [InlineData("prompts.held_out", "", "evaluation-base actor-sft-data actor-0 refiner-sft-data play-1")]
    public void More_prompts_of_a_kind_concern_those_that_are_drawn_later(string key, string kept, string anew)
    {
        Dictionary<string, string> wanted = new(s_own) { [key] = "100" };
        Func<string, bool> concerned = RunForks.Concerned(
            s_own, wanted, [new IdentityDifference(key, s_own[key], "100")]);
        Assert.All(
            kept.Split(' ', StringSplitOptions.RemoveEmptyEntries), stage => Assert.False(concerned(stage), stage));
        Assert.All(anew.Split(' '), stage => Assert.True(concerned(stage), stage));
    }
}
