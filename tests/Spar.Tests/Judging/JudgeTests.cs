using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Store;
using Spar.Templates;
using Spar.Tests.Fakes;

namespace Spar.Tests.Judging;

public sealed class JudgeTests
{
    private static readonly Sampling s_sampling = new(0.7, 1, 9);

    [Theory]
    [InlineData("why\njudgement: yes", -0.1, -2.5, Verdict.Yes, false)]
    [InlineData("why\njudgement: no", -2.0, -0.2, Verdict.No, true)]
    [InlineData("why\njudgement: no", -9.0, -0.01, Verdict.No, false)]
    [InlineData("why\njudgement: no", -0.7, -0.7, Verdict.Tie, true)]
    public async Task The_probability_of_yes_is_the_value(string text, double yes, double no, Verdict verdict, bool disputed)
    {
        using CallSession session = new(1, 1);
        WeighingClient client = new(text, [yes, no]);
        Valuation valuation = await new ProbabilityJudge(
            new ModelCaller(client, session),
            TestRuns.Compact,
            s_sampling
        ).JudgeAsync("r", "task", "x", default);
        Assert.Equal(Math.Exp(yes) / (Math.Exp(yes) + Math.Exp(no)), valuation.Value!.Value, 12);
        Assert.Equal(
            (verdict, disputed, text, 1),
            (Gate.Majority.VerdictOn(valuation), valuation.Disputed, valuation.Critique, valuation.Calls)
        );
        Assert.Equal((1, 0f), (session.Calls, client.Options!.Temperature));
        Assert.Equal(text.IndexOf("judgement: ", StringComparison.Ordinal) + 11, client.Place!.Start);
        Assert.Equal(["yes", "no"], client.Place.Words);
    }

    [Fact]
    public async Task A_judgement_that_cannot_be_read_or_weighed_is_undecided()
    {
        using CallSession session = new(1, 1);
        Valuation valuation = await JudgeAsync("hm", [-1, -1]);
        Assert.Equal(
            (Verdict.Undecided, JudgementParser.NoMark, 1),
            (Gate.Majority.VerdictOn(valuation), Assert.Single(valuation.Unparsed!), valuation.Calls)
        );
        valuation = await JudgeAsync("judgement: yes", [double.NegativeInfinity, double.NegativeInfinity]);
        Assert.Equal(
            (Verdict.Undecided, ProbabilityJudge.NoProbability),
            (Gate.Majority.VerdictOn(valuation), Assert.Single(valuation.Unparsed!))
        );

        Task<Valuation> JudgeAsync(string text, double[] logProbs) =>
            new ProbabilityJudge(
                new ModelCaller(new WeighingClient(text, logProbs), session),
                TestRuns.Compact,
                s_sampling
            ).JudgeAsync("r", "task", "x", default);
    }

    [Fact]
    public async Task A_model_without_log_probabilities_is_refused()
    {
        using CallSession session = new(1, 1);
        ProbabilityJudge judge = new(
            new ModelCaller(new ScriptedClient(_ => "judgement: yes"), session),
            TestRuns.Compact,
            s_sampling
        );
        Assert.Contains(
            "judging.valuation",
            (await Assert.ThrowsAsync<RunFaultException>(() => judge.JudgeAsync("r", "task", "x", default))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_probability_is_kept_with_its_answer()
    {
        using TempDirectory directory = new();
        RunIdentity identity = TestRuns.IdentityOf(TestRuns.Small);
        Valuation first = await JudgeAsync(new WeighingClient("judgement: yes", [-0.25, -1.75]));
        Valuation second = await JudgeAsync(new WeighingClient("not asked", []));
        Assert.Equal(first, second);
        Assert.Equal(1 / (1 + Math.Exp(-1.5)), second.Probability!.Value, 12);

        async Task<Valuation> JudgeAsync(WeighingClient client)
        {
            using RunStore store = RunStore.Open(directory.Path, identity);
            using CallSession session = new(1, 1, store);
            return await new ProbabilityJudge(new ModelCaller(client, session), TestRuns.Compact, s_sampling).JudgeAsync(
                "r",
                "task",
                "x",
                default
            );
        }
    }

    [Theory]
    [InlineData("yyn", Verdict.Yes, "0", 2.0 / 3)]
    [InlineData("nyn", Verdict.No, "0", 1.0 / 3)]
    [InlineData("y?n", Verdict.Tie, "2", 0.5)]
    [InlineData("?ny", Verdict.Tie, "1", 0.5)]
    [InlineData("??", Verdict.Undecided, null, null)]
    public async Task A_panel_votes_by_its_verdicts(string verdicts, Verdict verdict, string? critique, double? value)
    {
        using CallSession session = new(1, 4);
        PanelJudge panel = new(
            [
                .. verdicts.Select(
                    (letter, i) =>
                        new VotingJudge(
                            new ModelCaller(
                                new ScriptedClient(_ =>
                                    letter switch
                                    {
                                        'y' => $"{i}\njudgement: yes",
                                        'n' => $"{i}\njudgement: no",
                                        _ => "hm",
                                    }
                                ),
                                session
                            ),
                            TestRuns.Compact,
                            s_sampling,
                            3,
                            Gate.Majority
                        )
                ),
            ],
            Gate.Majority
        );
        Valuation valuation = await panel.JudgeAsync("r", "task", "x", default);
        Assert.Equal(
            (verdict, critique?[..1], value),
            (Gate.Majority.VerdictOn(valuation), valuation.Critique?[..1], valuation.Value)
        );
        Assert.Equal(
            (3 * verdicts.Length, 3 * verdicts.Length, session.Calls),
            (panel.MostCalls, valuation.Calls, valuation.Calls)
        );
    }

    [Theory]
    [InlineData(VerificationOutcome.NotFollowed, Verdict.No, 0, "2 words, not 3\njudgement: no")]
    [InlineData(VerificationOutcome.Followed, Verdict.Yes, 0, "2 words, not 3\njudgement: yes")]
    [InlineData(VerificationOutcome.Unknown, Verdict.Yes, 3, "judgement: yes")]
    public async Task What_a_verifier_knows_is_not_judged(
        VerificationOutcome outcome,
        Verdict verdict,
        int calls,
        string critique
    )
    {
        using CallSession session = new(1, 1);
        HybridJudge judge = new(
            new VotingJudge(
                new ModelCaller(new ScriptedClient(_ => "judgement: yes"), session),
                TestRuns.Compact,
                s_sampling,
                3,
                Gate.Majority
            ),
            new FixedVerifier(new Verification(outcome, "2 words, not 3")),
            TestRuns.Compact.Format
        );
        Valuation valuation = await judge.JudgeAsync("r", "task", "x", default);
        Assert.Equal(
            (verdict, calls, (long)calls, critique),
            (Gate.Majority.VerdictOn(valuation), valuation.Calls, session.Calls, valuation.Critique)
        );
        Assert.Equal(calls == 0 ? true : null, valuation.Verified);
    }

    [Fact]
    public async Task The_settings_say_who_judges_and_how()
    {
        using CallSession session = new(1, 1);
        ModelCaller yes = new(new ScriptedClient(_ => "judgement: yes"), session);
        ModelCaller no = new(new ScriptedClient(_ => "judgement: no"), session);
        Assert.IsType<VotingJudge>(new JudgingSettings().Create([yes], TestRuns.Compact, s_sampling, 5, Gate.Majority));
        Assert.IsType<AdaptiveJudge>(
            new JudgingSettings { Valuation = ValuationMethod.Adaptive }.Create(
                [yes],
                TestRuns.Compact,
                s_sampling,
                5,
                Gate.Majority
            )
        );
        Assert.IsType<ProbabilityJudge>(
            new JudgingSettings { Valuation = ValuationMethod.Probability }.Create(
                [yes],
                TestRuns.Compact,
                s_sampling,
                5,
                Gate.Majority
            )
        );
        IJudge panel = new JudgingSettings { Valuation = ValuationMethod.Adaptive }.Create(
            [yes, no, no],
            TestRuns.Compact,
            s_sampling,
            5,
            Gate.Majority
        );
        Valuation valuation = await panel.JudgeAsync("r", "task", "x", default);
        Assert.Equal((1, 2, 9), (valuation.Yes, valuation.No, valuation.Calls));
        IJudge hybrid = new JudgingSettings().Create(
            [yes],
            TestRuns.Compact,
            s_sampling,
            5,
            Gate.Majority,
            new FixedVerifier(new Verification(VerificationOutcome.NotFollowed, "bad"))
        );
        Assert.Equal(Verdict.No, Gate.Majority.VerdictOn(await hybrid.JudgeAsync("r", "task", "x", default)));
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
            IReadOnlyList<ChatMessage> messages,
            ChatOptions options,
            Func<string, Alternatives?> find,
            CancellationToken cancellationToken
        )
        {
            (Options, Place) = (options, find(text));
            return Task.FromResult(
                new WeighedResponse(
                    new ChatResponse(new ChatMessage(ChatRole.Assistant, text)),
                    Place is null ? null : logProbs
                )
            );
        }

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages,
            ChatOptions? options = null,
            CancellationToken cancellationToken = default
        ) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) =>
            serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose() { }
    }
}
