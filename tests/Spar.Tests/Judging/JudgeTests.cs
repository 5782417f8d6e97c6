using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Judging;
using Spar.Templates;
using Spar.Seams;
using Spar.Search;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Judging;

public sealed class JudgeTests
{
    private static readonly Sampling _sampling = new(0.7, 1, 9);

    [Theory]
    [InlineData("why\njudgement: yes", -0.1, -2.5, Majority.Yes, false)]
    [InlineData("why\njudgement: no", -2.0, -0.2, Majority.No, true)]
    [InlineData("why\njudgement: no", -9.0, -0.01, Majority.No, false)]
    [InlineData("why\njudgement: no", -0.7, -0.7, Majority.Tie, false)]
    public async Task TheProbabilityOfYesIsTheValue(string text, double yes, double no, Majority majority, bool disputed)
    {
        using CallSession session = new(1, 1);
        WeighingClient client = new(text, [yes, no]);
        Valuation vote = await new ProbabilityJudge(new ModelCaller(client, session), TestRuns.Compact, _sampling).JudgeAsync("r", "task", "x", default);
        Assert.Equal(Math.Exp(yes) / (Math.Exp(yes) + Math.Exp(no)), vote.Value!.Value, 12);
        Assert.Equal((majority, disputed, text, 1), (vote.Majority, vote.Disputed, vote.Critique, vote.Calls));
        Assert.Equal((1, 0f), (session.Calls, client.Options!.Temperature));
        Assert.Equal(text.IndexOf("judgement: ", StringComparison.Ordinal) + 11, client.Place!.Start);
        Assert.Equal(["yes", "no"], client.Place.Words);
    }

    [Fact]
    public async Task AJudgementThatCannotBeReadOrWeighedIsUndecided()
    {
        using CallSession session = new(1, 1);
        Valuation vote = await JudgeAsync("hm", [-1, -1]);
        Assert.Equal((Majority.Undecided, JudgementParser.NoMark, 1), (vote.Majority, Assert.Single(vote.Unparsed!), vote.Calls));
        vote = await JudgeAsync("judgement: yes", [double.NegativeInfinity, double.NegativeInfinity]);
        Assert.Equal((Majority.Undecided, ProbabilityJudge.NoProbability), (vote.Majority, Assert.Single(vote.Unparsed!)));

        Task<Valuation> JudgeAsync(string text, double[] logProbs) =>
            new ProbabilityJudge(new ModelCaller(new WeighingClient(text, logProbs), session), TestRuns.Compact, _sampling).JudgeAsync("r", "task", "x", default);
    }

    [Fact]
    public async Task AModelWithoutLogProbabilitiesIsRefused()
    {
        using CallSession session = new(1, 1);
        ProbabilityJudge judge = new(new ModelCaller(new ScriptedClient(_ => "judgement: yes"), session), TestRuns.Compact, _sampling);
        Assert.Contains("judging.valuation", (await Assert.ThrowsAsync<SparException>(() => judge.JudgeAsync("r", "task", "x", default))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AProbabilityIsKeptWithItsAnswer()
    {
        using TempDirectory directory = new();
        RunIdentity identity = TestRuns.Small.Identity(TestRuns.Compact);
        Valuation first = await JudgeAsync(new WeighingClient("judgement: yes", [-0.25, -1.75]));
        Valuation second = await JudgeAsync(new WeighingClient("not asked", []));
        Assert.Equal(first, second);
        Assert.Equal(1 / (1 + Math.Exp(-1.5)), second.Probability!.Value, 12);

        async Task<Valuation> JudgeAsync(WeighingClient client)
        {
            using RunStore store = RunStore.Open(directory.Path, identity);
            using CallSession session = new(1, 1, store);
            return await new ProbabilityJudge(new ModelCaller(client, session), TestRuns.Compact, _sampling).JudgeAsync("r", "task", "x", default);
        }
    }

    [Theory]
    [InlineData("yyn", Majority.Yes, "0", 2.0 / 3)]
    [InlineData("nyn", Majority.No, "0", 1.0 / 3)]
    [InlineData("y?n", Majority.Tie, "2", 0.5)]
    [InlineData("?ny", Majority.Tie, "1", 0.5)]
    [InlineData("??", Majority.Undecided, null, null)]
    public async Task APanelVotesByItsVerdicts(string verdicts, Majority majority, string? critique, double? value)
    {
        using CallSession session = new(1, 4);
        PanelJudge panel = new([.. verdicts.Select((letter, i) => new VotingJudge(
            new ModelCaller(new ScriptedClient(_ => letter switch { 'y' => $"{i}\njudgement: yes", 'n' => $"{i}\njudgement: no", _ => "hm" }), session),
            TestRuns.Compact, _sampling, 3))]);
        Valuation vote = await panel.JudgeAsync("r", "task", "x", default);
        Assert.Equal((majority, critique?[..1], value), (vote.Majority, vote.Critique?[..1], vote.Value));
        Assert.Equal((3 * verdicts.Length, 3 * verdicts.Length, session.Calls), (panel.MostCalls, vote.Calls, vote.Calls));
    }

    [Theory]
    [InlineData(VerificationOutcome.NotFollowed, Majority.No, 0, "2 words, not 3\njudgement: no")]
    [InlineData(VerificationOutcome.Followed, Majority.Yes, 0, "2 words, not 3\njudgement: yes")]
    [InlineData(VerificationOutcome.Unknown, Majority.Yes, 3, "judgement: yes")]
    public async Task WhatAVerifierKnowsIsNotJudged(VerificationOutcome outcome, Majority majority, int calls, string critique)
    {
        using CallSession session = new(1, 1);
        HybridJudge judge = new(
            new VotingJudge(new ModelCaller(new ScriptedClient(_ => "judgement: yes"), session), TestRuns.Compact, _sampling, 3),
            new FixedVerifier(new Verification(outcome, "2 words, not 3")), TestRuns.Compact.Format);
        Valuation vote = await judge.JudgeAsync("r", "task", "x", default);
        Assert.Equal((majority, calls, (long)calls, critique), (vote.Majority, vote.Calls, session.Calls, vote.Critique));
        Assert.Equal(calls == 0 ? true : null, vote.Verified);
    }

    [Fact]
    public async Task TheSettingsSayWhoJudgesAndHow()
    {
        using CallSession session = new(1, 1);
        ModelCaller yes = new(new ScriptedClient(_ => "judgement: yes"), session);
        ModelCaller no = new(new ScriptedClient(_ => "judgement: no"), session);
        DecodingSettings settings = new(_sampling, _sampling, _sampling, Votes: 5, Samples: 1, new SearchSettings());
        Assert.IsType<VotingJudge>(new JudgingSettings().Create([yes], TestRuns.Compact, settings));
        Assert.IsType<AdaptiveJudge>(new JudgingSettings { Valuation = ValuationMethod.Adaptive }.Create([yes], TestRuns.Compact, settings));
        Assert.IsType<ProbabilityJudge>(new JudgingSettings { Valuation = ValuationMethod.Probability }.Create([yes], TestRuns.Compact, settings));
        IJudge panel = new JudgingSettings { Valuation = ValuationMethod.Adaptive }.Create([yes, no, no], TestRuns.Compact, settings);
        Valuation vote = await panel.JudgeAsync("r", "task", "x", default);
        Assert.Equal((1, 2, 9), (vote.Yes, vote.No, vote.Calls));
        IJudge hybrid = new JudgingSettings().Create([yes], TestRuns.Compact, settings, new FixedVerifier(new Verification(VerificationOutcome.NotFollowed, "bad")));
        Assert.Equal(Majority.No, (await hybrid.JudgeAsync("r", "task", "x", default)).Majority);
    }

    private sealed class FixedVerifier(Verification verification) : IConstraintVerifier
    {
        public Verification Verify(string instruction, string response) => verification;
    }

    private sealed class WeighingClient(string text, double[] logProbs) : IChatClient, IAlternativesClient
    {
        public ChatOptions? Options { get; private set; }

        public Alternatives? Place { get; private set; }

        public Task<WeighedResponse> GetWeighedResponseAsync(
            IReadOnlyList<ChatMessage> messages, ChatOptions options, Func<string, Alternatives?> find, CancellationToken cancellationToken)
        {
            (Options, Place) = (options, find(text));
            return Task.FromResult(new WeighedResponse(new ChatResponse(new ChatMessage(ChatRole.Assistant, text)), Place is null ? null : logProbs));
        }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose()
        {
        }
    }
}
