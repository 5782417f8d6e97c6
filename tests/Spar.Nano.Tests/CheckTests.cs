namespace Spar.Nano.Tests;

public class CheckTests
{
    [Theory]
    [InlineData("write a line about the sea. use exactly 4 words.", "the crab sleeps now.", true, "words 4 need 4 ok")]
    [InlineData(
        "write a line about the sea. it must have 5 words.",
        "the crab sleeps now.",
        false,
        "words 4 need 5 bad"
    )]
    [InlineData("write a line about the sea. include the word red.", "the red crab sleeps.", true, "include red 2 ok")]
    [InlineData("write a line about the sea. use the word red.", "the crab sleeps.", false, "include red none bad")]
    [InlineData("write a line about the sea. avoid the word the.", "a wave meets the crab.", false, "avoid the 4 bad")]
    [InlineData("write a line about the sea. do not use the word the.", "a wave sleeps.", true, "avoid the none ok")]
    [InlineData(
        "write a line about the sea. start with the word now.",
        "now a wave sleeps.",
        true,
        "first now need now ok"
    )]
    [InlineData(
        "write a line about the sea. the first word must be now.",
        "a wave sleeps now.",
        false,
        "first a need now bad"
    )]
    [InlineData(
        "write a line about the sea. end with the word crab.",
        "a wave meets the crab!",
        true,
        "last crab need crab ok"
    )]
    [InlineData(
        "write a line about the sea. the last word must be crab.",
        "the crab sleeps.",
        false,
        "last sleeps need crab bad"
    )]
    [InlineData(
        "write a line about the sea. finish with a question mark.",
        "the crab sleeps?",
        true,
        "mark ? need ? ok"
    )]
    [InlineData(
        "write a line about the sea. the last sign must be an exclamation mark.",
        "the crab sleeps",
        false,
        "mark none need ! bad"
    )]
    [InlineData(
        "write a line about the sea. put a star at both ends.",
        "* the crab sleeps. *",
        true,
        "stars 2 need 2 ok"
    )]
    [InlineData(
        "write a line about the sea. begin and close with a star.",
        "* the crab sleeps.",
        false,
        "stars 1 need 2 bad"
    )]
    [InlineData("write a line about the sea. make it happy.", "the jolly crab sleeps.", true, "happy jolly 2 ok")]
    [InlineData("write a line about the sea. it must sound sad.", "the jolly crab sleeps.", false, "sad none bad")]
    [InlineData(
        "write a line about the sea. set it at night.",
        "the crab sleeps in starlight.",
        true,
        "night starlight 5 ok"
    )]
    [InlineData(
        "write a line about the sea. let it happen in winter.",
        "the crab sleeps in heat.",
        false,
        "winter none bad"
    )]
    [InlineData(
        "write a story about the sea. use exactly 2 sentences.",
        "the crab sleeps. a wave waits.",
        true,
        "sentences 2 need 2 ok"
    )]
    [InlineData(
        "write a story about the sea. use at least 7 words.",
        "the crab sleeps. a wave waits.",
        false,
        "words 6 least 7 bad"
    )]
    [InlineData(
        "write a story about the sea. use no more than 6 words.",
        "the crab sleeps. a wave waits.",
        true,
        "words 6 most 6 ok"
    )]
    public void A_constraint_is_checked_and_explained(string instruction, string response, bool followed, string check)
    {
        NanoTask task = NanoTask.Parse(instruction)!;
        Finding finding = task.Check(response)[1];
        Assert.Equal((followed, check), (finding.Followed, finding.Check));
    }

    [Fact]
    public void A_response_off_the_topic_fails()
    {
        NanoTask task = NanoTask.Parse("write a line about the sea. make it happy.")!;
        Assert.False(task.IsSatisfiedBy("the jolly cow sleeps."));
        Assert.True(task.IsSatisfiedBy("the jolly crab sleeps."));
    }

    [Fact]
    public void A_critique_reads_the_response_back_and_ends_in_its_verdict()
    {
        NanoTask task = NanoTask.Parse("write a line about the sea. use exactly 4 words. make it sad.")!;
        Assert.Equal(
            "read: the 1 crab 2 sleeps 3 .\nsea crab 2 ok\nwords 3 need 4 bad\nsad none bad\njudgement: no",
            Critic.Critique(task, "the crab sleeps.", "judgement:")
        );
        Assert.Equal("fix: words feeling", Critic.Reflection(task, "the crab sleeps."));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("* ")]
    [InlineData("...")]
    [InlineData("?!")]
    [InlineData("* *")]
    public void Empty_and_odd_responses_are_judged_without_a_fault(string response)
    {
        NanoTask task = NanoTask.Parse(
            "tell me a story about the sea. end with the word crab. use exactly 3 sentences. begin and close with "
                + "a star."
        )!;
        Assert.False(task.IsSatisfiedBy(response));
        Assert.EndsWith("judgement: no", Critic.Critique(task, response, "judgement:"));
    }
}
