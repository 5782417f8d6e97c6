using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

/// <summary>What rules make of a model's own response before they mend it.</summary>
public sealed class MendingTeacherTests
{
    [Theory]
    [InlineData("say it. no commas.", "say it.", null)]
    [InlineData("of unknown parts", "of unknown parts", "no edit is known")]
    public async Task The_model_is_asked_for_the_request_alone_where_it_is_known(
        string instruction, string asked, string? leftOut)
    {
        List<string> heard = [];
        Taught taught = await RespondAsync(instruction, "said, so. again, so.", "stop", heard);
        Assert.Equal([asked], heard);
        Assert.Equal(leftOut, taught.LeftOut);
        Assert.False(taught.Ended);
        if (leftOut is null)
        {
            Assert.Equal("said so. again so.", taught.Answer.Text);
        }
    }

    [Theory]
    [InlineData("said, so. and then", "length", "said so.", true, null)]
    [InlineData("said, so. ROUND", "stop", "said so.", true, null)]
    [InlineData("said so, without an end", "length", null, false, "no whole sentence")]
    [InlineData("it is over, they", "content_filter", null, false, null)]
    [InlineData("   ", "length", null, false, null)]
    public async Task What_did_not_find_its_end_is_ended_or_left_out(
        string response, string finish, string? learnt, bool ended, string? leftOut)
    {
        Taught taught = await RespondAsync("say it. no commas.", response, finish, []);
        Assert.Equal((ended, leftOut), (taught.Ended, taught.LeftOut));
        if (learnt is not null)
        {
            Assert.True(taught.Answer.Read().Complete);
            Assert.Equal(learnt, taught.Answer.Text);
        }
        else if (leftOut is null)
        {
            Assert.False(taught.Answer.Read().Complete);
        }
    }

    [Fact]
    public async Task What_was_edited_is_kept_beside_what_it_became()
    {
        Taught taught = await RespondAsync("say it. no commas.", "said, so. and", "length", []);
        Assert.Equal("said so.", taught.Answer.Text);
        Assert.Equal("said, so.", taught.Unedited);
    }

    private static async Task<Taught> RespondAsync(
        string instruction, string response, string finish, List<string> heard)
    {
        using CallSession session = new(1, 1);
        ModelCaller model = new(
            new ScriptedClient(
                (prompt, _) =>
                {
                    heard.Add(prompt);
                    return Task.FromResult(response);
                },
                finish: finish),
            session);
        Rules rules = new();
        Teacher.Mending settings = new("base", new Sampling(0.7, 1, 9), rules, rules);
        return await new MendingTeacher(model, TestRuns.Compact, session, settings)
            .RespondAsync("p0", new Prompt("1", instruction), TestContext.Current.CancellationToken);
    }

    // Mends commas; a cut-off text ends with its last full stop, and ROUND begins to repeat.
    private sealed class Rules : IResponseMender, IConstraintVerifier
    {
        public string? RequestOf(string instruction) =>
            instruction.EndsWith(" no commas.", StringComparison.Ordinal) ? instruction[..^11] : null;

        public string? End(string response, bool cutOff)
        {
            string text = response.Split(" ROUND")[0];
            return !cutOff ? text : text.LastIndexOf('.') is > 0 and int stop ? text[..(stop + 1)] : null;
        }

        public string? Mend(string instruction, string response, ulong seed) =>
            RequestOf(instruction) is null ? null : response.Replace(",", "", StringComparison.Ordinal);

        public Verification Verify(string instruction, string response) => Verification.Unknown;
    }
}
