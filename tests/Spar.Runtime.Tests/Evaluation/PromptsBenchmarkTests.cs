using System.Text.Json;
using Spar.Calls;
using Spar.Evaluation.Results;
using Spar.Runtime.Composition;
using Spar.Runtime.Evaluation;
using Spar.Runtime.Prompts;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Runtime.Tests.Evaluation;

/// <summary>How prompts of one's own are scored: what is counted, what is a figure, and what is neither.</summary>
public sealed class PromptsBenchmarkTests
{
    private static readonly JsonElement s_none = JsonDocument.Parse("{}").RootElement;

    [Fact]
    public async Task A_prompt_is_followed_when_all_of_its_constraints_are()
    {
        PromptsBenchmark benchmark = new(
            "mine", [Own("a", "punctuation:no_comma", "change_case:english_lowercase"), Own("b", "punctuation:no_comma")], 9);
        EvaluationScore score = await benchmark.ScoreAsync(
            Answers(("a", "no commas here but Capitals"), ("b", "none at all")), Answers(), default);
        Assert.Equal(0.5, Figure(score, PromptsBenchmark.ByPrompt));
        Assert.Equal(2 / 3.0, Figure(score, PromptsBenchmark.ByConstraint)!.Value, 9);
        Assert.Equal(
            [0.0, 1.0], score.Samples.Select(sample => sample.Values[PromptsBenchmark.Followed]));
        Assert.Equal(0, score.Metrics.Single(one => one.Task == "prompts_change_case:english_lowercase").Value);
    }

    [Fact]
    public async Task Prompts_without_constraints_are_left_out_and_counted_where_there_is_no_judge()
    {
        PromptsBenchmark benchmark = new("mine", [Own("a", "punctuation:no_comma"), Own("b"), Own("c")], 9);
        Assert.Equal(["a"], benchmark.Requests.Select(one => one.Id));
        Assert.False(benchmark.NeedsJudge);
        EvaluationScore score = await benchmark.ScoreAsync(Answers(("a", "yes")), Answers(), default);
        Assert.Equal(2, score.Counts["prompts_without_constraints_left_out"]);
        Assert.Equal(1, Figure(score, PromptsBenchmark.ByPrompt));
    }

    [Fact]
    public async Task What_a_judge_cannot_decide_is_in_no_figure()
    {
        PromptsBenchmark benchmark = new(
            "mine", [Own("yes"), Own("no"), Own("tie"), Own("torn"), Own("empty")], 9, Judging(votes: 2));
        IReadOnlyDictionary<string, Answer> answers =
            Answers(("yes", "x"), ("no", "x"), ("tie", "x"), ("torn", "x"), ("empty", " "));
        Assert.Equal(8, benchmark.JudgeRequests(answers).Count);
        EvaluationScore score = await benchmark.ScoreAsync(
            answers,
            Answers(
                ("yes/vote0", "Final judgement: yes"), ("yes/vote1", "Final judgement: yes"),
                ("no/vote0", "Final judgement: no"), ("no/vote1", "Final judgement: no"),
                ("tie/vote0", "Final judgement: yes"), ("tie/vote1", "Final judgement: no"),
                ("torn/vote0", "well"), ("torn/vote1", "")),
            default);
        Assert.Equal(2, score.Counts["prompts_undecided"]);
        Assert.Equal(2, score.Counts["judgments_unreadable"]);
        Assert.Equal(1 / 3.0, Figure(score, PromptsBenchmark.Judged)!.Value, 9);
        Assert.Null(Figure(score, PromptsBenchmark.ByPrompt));
        Assert.DoesNotContain(score.Samples, sample => sample.Id is "tie" or "torn" && sample.Values.Count > 0);
    }

    [Fact]
    public void A_conversation_is_asked_turn_by_turn_and_judged_as_one_text()
    {
        PromptRow row = new("f, line 1", null, [new ChatTurn(ChatRoles.System, "Be brief.")], "Name a river.", null, []);
        PromptsBenchmark benchmark = new("mine", [OwnPrompts.Of(row, "a")], 9, Judging(1));
        Assert.Equal(["system", "user"], benchmark.Requests[0].Messages.Select(message => message.Role.Value));
        string asked = Assert.Single(benchmark.JudgeRequests(Answers(("a", "Elbe")))).Prompt;
        Assert.Contains("Be brief.", asked, StringComparison.Ordinal);
        Assert.Contains("Elbe", asked, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limit_takes_the_first_prompts_that_can_be_measured() =>
        Assert.Equal(
            ["b"],
            new PromptsBenchmark("mine", [Own("a"), Own("b", "punctuation:no_comma"), Own("c", "punctuation:no_comma")], 9, limit: 1)
                .Requests.Select(one => one.Id));

    private static PromptJudging Judging(int votes) => new(TemplateSet.Load("full"), new Sampling(0.7, 1, 9), votes);

    private static OwnPrompt Own(string id, params string[] constraints) => OwnPrompts.Of(
        new PromptRow("f, line 1", id, [], $"Do {id}.", null, [.. constraints.Select(one => new RowInstruction(one, s_none))]),
        id);

    private static Dictionary<string, Answer> Answers(params (string Id, string Text)[] texts) =>
        texts.ToDictionary(one => one.Id, one => new Answer(one.Text));

    private static double? Figure(EvaluationScore score, string name) =>
        score.Metrics.FirstOrDefault(one => one.Task == PromptsBenchmark.Name && one.Name == name)?.Value;
}
