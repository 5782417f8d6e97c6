using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Judging;

namespace Spar.Evaluators.Tests;

public class EvaluatorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static JudgeOptions Compact { get; } = new() { Templates = "compact", Votes = 3 };

    [Fact]
    public async Task Constraints_have_a_metric_each_and_two_that_sum_up()
    {
        ConstraintEvaluator evaluator = new(
            ConstraintsContext.Constraint("punctuation:no_comma"),
            ConstraintsContext.Constraint(
                "length_constraints:number_words", """{"num_words": 5, "relation": "at least"}"""),
            ConstraintsContext.Constraint("punctuation:no_comma"));
        EvaluationResult result = await evaluator.EvaluateAsync("Yes, of course.", cancellationToken: Token);

        BooleanMetric all = result.Get<BooleanMetric>(ConstraintEvaluator.AllFollowedMetric);
        Assert.False(all.Value);
        Assert.Contains("length_constraints:number_words: the response has 3 of at least 5 words", all.Reason);
        Assert.True(all.Interpretation!.Failed);
        Assert.Equal(0, result.Get<NumericMetric>(ConstraintEvaluator.ShareMetric).Value);
        Assert.Equal(6, result.Metrics.Count);
        Assert.False(result.Get<BooleanMetric>("punctuation:no_comma (2)").Value);
        Assert.Equal(
            "The response has 3 of at least 5 words.",
            result.Get<BooleanMetric>("length_constraints:number_words").Reason);
    }

    [Fact]
    public async Task Loose_forgives_an_introduction()
    {
        ConstraintEvaluator evaluator = new(ConstraintsContext.Constraint("punctuation:no_comma"));
        EvaluationResult result =
            await evaluator.EvaluateAsync("Sure, here it is:\nThe sea.", cancellationToken: Token);
        Assert.False(result.Get<BooleanMetric>(ConstraintEvaluator.AllFollowedMetric).Value);
        Assert.True(result.Get<BooleanMetric>(ConstraintEvaluator.LooselyFollowedMetric).Value);
    }

    [Fact]
    public async Task What_was_cut_off_and_what_has_no_constraints_has_no_value_but_a_reason()
    {
        ChatResponse cut = new(new ChatMessage(ChatRole.Assistant, "The")) { FinishReason = ChatFinishReason.Length };
        EvaluationResult result = await new ConstraintEvaluator(ConstraintsContext.Constraint("punctuation:no_comma"))
            .EvaluateAsync(cut, cancellationToken: Token);
        Assert.Null(result.Get<BooleanMetric>(ConstraintEvaluator.AllFollowedMetric).Value);
        Assert.True(result.ContainsDiagnostics(one => one.Message.Contains("cut off", StringComparison.Ordinal)));

        result = await new ConstraintEvaluator().EvaluateAsync("The sea.", cancellationToken: Token);
        Assert.True(
            result.ContainsDiagnostics(one => one.Message.Contains("no constraints", StringComparison.Ordinal)));
        Assert.Throws<ArgumentException>(() => new ConstraintsContext());
    }

    [Fact]
    public async Task A_judge_gives_its_verdict_value_and_critique()
    {
        ScriptedJudge judge = new((_, call) => call == 0 ? "too short\njudgement: no" : "fine\njudgement: yes");
        EvaluationResult result = await new JudgeEvaluator(Compact).EvaluateAsync(
            "Write about the sea.", "The sea.", new ChatConfiguration(judge), cancellationToken: Token);
        BooleanMetric satisfied = result.Get<BooleanMetric>(JudgeEvaluator.SatisfiedMetric);
        Assert.True(satisfied.Value);
        Assert.StartsWith("2 yes, 1 no. fine", satisfied.Reason);
        Assert.Equal(2 / 3.0, result.Get<NumericMetric>(JudgeEvaluator.ValueMetric).Value!.Value, 12);
        Assert.Equal(3, judge.Calls);
    }

    [Theory]
    [InlineData("hm", ValuationMethod.Votes, "no verdict")]
    [InlineData(null, ValuationMethod.Votes, "could not be asked")]
    [InlineData("fine\njudgement: yes", ValuationMethod.Probability, "log-prob")]
    public async Task A_judge_that_gives_no_verdict_gives_no_value(string? answer, ValuationMethod how, string why)
    {
        ScriptedJudge judge = new((_, _) => answer ?? throw new HttpRequestException("the endpoint is down"));
        EvaluationResult result = await new JudgeEvaluator(Compact with { Valuation = how }).EvaluateAsync(
            "Write about the sea.", "The sea.", new ChatConfiguration(judge), cancellationToken: Token);
        BooleanMetric satisfied = result.Get<BooleanMetric>(JudgeEvaluator.SatisfiedMetric);
        Assert.Null(satisfied.Value);
        Assert.Contains(why, satisfied.Reason);
        Assert.Equal(EvaluationRating.Inconclusive, satisfied.Interpretation!.Rating);
    }

    [Fact]
    public async Task Without_a_model_or_an_instruction_nothing_is_judged()
    {
        EvaluationResult result =
            await new JudgeEvaluator(Compact).EvaluateAsync("Hi.", "The sea.", cancellationToken: Token);
        Assert.Contains("ChatConfiguration", result.Get<BooleanMetric>(JudgeEvaluator.SatisfiedMetric).Reason);
        ChatConfiguration chat = new(new ScriptedJudge((_, _) => "judgement: yes"));
        result = await new JudgeEvaluator(Compact).EvaluateAsync("The sea.", chat, cancellationToken: Token);
        Assert.Contains("no instruction", result.Get<BooleanMetric>(JudgeEvaluator.SatisfiedMetric).Reason);
    }

    [Fact]
    public async Task A_checklist_is_judged_point_by_point()
    {
        ScriptedJudge judge = new((asked, _) => asked.Contains("names a price", StringComparison.Ordinal)
            ? "no price\njudgement: no" : asked.Contains("unknown", StringComparison.Ordinal) ? "hm"
            : "fine\njudgement: yes");
        ChecklistEvaluator evaluator = new(["names a price", "is polite"], Compact);
        EvaluationResult result = await evaluator.EvaluateAsync(
            "Sell me a boat.", "Dear friend, buy.", new ChatConfiguration(judge), cancellationToken: Token);
        Assert.False(result.Get<BooleanMetric>(ChecklistEvaluator.AllMetMetric).Value);
        Assert.Equal(0.5, result.Get<NumericMetric>(ChecklistEvaluator.ShareMetric).Value);
        Assert.Contains("no price", result.Get<BooleanMetric>("names a price").Reason);
        Assert.True(result.Get<BooleanMetric>("is polite").Value);

        result = await new ChecklistEvaluator(["is polite", "unknown"], Compact).EvaluateAsync(
            "Sell me a boat.", "Dear friend, buy.", new ChatConfiguration(judge), cancellationToken: Token);
        Assert.Null(result.Get<NumericMetric>(ChecklistEvaluator.ShareMetric).Value);
        Assert.True(result.Get<BooleanMetric>("is polite").Value);
        Assert.Throws<ArgumentException>(() => new ChecklistEvaluator(["a", "a"]));
    }

    [Theory]
    [InlineData("Yes, of course.", "Yes of course.", true, "Before: ")]
    [InlineData("Yes, of course.", "Yes, sure.", false, "punctuation:no_comma")]
    [InlineData("Yes.", "Yes of course.", null, "nothing to repair")]
    [InlineData(null, "Yes of course.", null, "no failed response")]
    public async Task A_repair_passes_where_the_failed_response_did_not(
        string? failed, string repaired, bool? expected, string reason)
    {
        RepairEvaluator evaluator = new(
            new ConstraintEvaluator(ConstraintsContext.Constraint("punctuation:no_comma")),
            ConstraintEvaluator.AllFollowedMetric);
        EvaluationResult result = await evaluator.EvaluateAsync(
            "Answer without a comma.", repaired,
            additionalContext: failed is null ? [] : [new FailedResponseContext(failed)], cancellationToken: Token);
        BooleanMetric metric = result.Get<BooleanMetric>(RepairEvaluator.RepairedMetric);
        Assert.Equal(expected, metric.Value);
        Assert.Contains(reason, metric.Reason);
    }

    private sealed class ScriptedJudge(Func<string, int, string> answer) : IChatClient
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(
                ChatRole.Assistant, answer(Assert.Single(messages).Text, Interlocked.Increment(ref _calls) - 1)))
            {
                FinishReason = ChatFinishReason.Stop,
            });

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
