using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Results;
using Spar.Judging;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Runtime.Evaluation;

/// <summary>A prompt of one's own that models are measured on.</summary>
/// <param name="Prompt">The prompt; its id is unique among those that are measured.</param>
/// <param name="Constraints">
/// The constraints that came with it, their key the prompt's id; null where none came.
/// </param>
public sealed record OwnPrompt(Prompt Prompt, InstructionPrompt? Constraints);

/// <summary>How a judge decides on responses to prompts that bring no constraints.</summary>
/// <param name="Templates">How it is asked.</param>
/// <param name="Sampling">How its judgements are sampled; one vote alone is greedy.</param>
/// <param name="Votes">Judgements a response, at least 1; the majority decides.</param>
public sealed record PromptJudging(TemplateSet Templates, Sampling Sampling, int Votes);

/// <summary>
/// Prompts of one's own as a benchmark: which share of them does a model follow? A prompt that brings constraints is
/// followed when the response as it is satisfies all of them; any other is decided by a judge where there is one, and
/// else left out and counted. What a judge could not decide is in no figure.
/// </summary>
public sealed class PromptsBenchmark : IBenchmark
{
    /// <summary>What results call it.</summary>
    public const string Name = "prompts";

    /// <summary>The figure of all prompts, by rule or by judge.</summary>
    public const string Followed = "followed";

    /// <summary>The figure of prompts with constraints: all of them are satisfied.</summary>
    public const string ByPrompt = "prompt_level_strict_acc";

    /// <summary>The figure of single constraints.</summary>
    public const string ByConstraint = "inst_level_strict_acc";

    /// <summary>The figure of prompts that the judge decided.</summary>
    public const string Judged = "judged_acc";

    private readonly IReadOnlyList<OwnPrompt> _prompts;
    private readonly PromptJudging? _judging;
    private readonly int _leftOut;

    /// <summary>Makes the benchmark.</summary>
    /// <param name="source">Where the prompts come from, for messages.</param>
    /// <param name="prompts">The prompts, in order.</param>
    /// <param name="maxTokens">Most tokens of a response, at least 1.</param>
    /// <param name="judging">How prompts without constraints are judged; null leaves them out.</param>
    /// <param name="limit">First prompts that can be measured; null for all.</param>
    /// <exception cref="SparException">There is nothing to measure.</exception>
    public PromptsBenchmark(
        string source,
        IReadOnlyList<OwnPrompt> prompts,
        int maxTokens,
        PromptJudging? judging = null,
        int? limit = null)
    {
        _judging = judging;
        OwnPrompt[] measurable = [.. prompts.Where(one => judging is not null || one.Constraints is not null)];
        _leftOut = prompts.Count - measurable.Length;
        _prompts = [.. measurable.Take(limit ?? int.MaxValue)];
        if (_prompts.Count == 0)
        {
            throw new SparException(
                prompts.Count == 0
                    ? $"{source}: there are no prompts to measure."
                    : $"{source}: none of the {prompts.Count} prompts brings constraints (instruction_id_list, kwargs), so "
                        + "no rule can decide whether a response follows them. Name a judge.");
        }

        Sampling sampling = Sampling.GreedyUpTo(maxTokens);
        Requests =
        [
            .. _prompts.Select(one => new EvaluationRequest(
                one.Prompt.Id,
                [
                    .. (one.Prompt.Context ?? []).Select(turn => new ChatMessage(new ChatRole(turn.Role), turn.Text)),
                    new ChatMessage(ChatRole.User, one.Prompt.Text),
                ],
                sampling)),
        ];
        JsonObject config = new() { ["max_tokens"] = maxTokens, ["temperature"] = sampling.Temperature };
        if (judging is not null)
        {
            config["votes"] = judging.Votes;
            config["prompt_set"] = judging.Templates.Digest;
        }

        Facts = new BenchmarkFacts(Name, 1, prompts.Count, _prompts.Count, 0, config);
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <inheritdoc/>
    public bool NeedsJudge => _judging is not null && _prompts.Any(one => one.Constraints is null);

    /// <summary>The prompts that are measured, in the order of <see cref="Requests"/>.</summary>
    public IReadOnlyList<OwnPrompt> Prompts => _prompts;

    /// <inheritdoc/>
    /// <remarks>A response without a word follows nothing; nobody is asked about it.</remarks>
    public IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) =>
        _judging is not { } judging
            ? []
            :
            [
                .. _prompts
                    .Where(one => one.Constraints is null
                        && answers.TryGetValue(one.Prompt.Id, out Answer? answer) && !answer.Read().Blank)
                    .SelectMany(one => Enumerable.Range(0, judging.Votes).Select(vote => EvaluationRequest.User(
                        VoteId(one, vote),
                        judging.Templates.JudgePrompt(one.Prompt.Instruction, answers[one.Prompt.Id].Text),
                        judging.Votes == 1 ? judging.Sampling.Greedy() : judging.Sampling))),
            ];

    /// <inheritdoc/>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken)
    {
        OwnPrompt[] answered = [.. _prompts.Where(one => answers.ContainsKey(one.Prompt.Id))];
        InstructionPrompt[] checkable = [.. answered.Select(one => one.Constraints).OfType<InstructionPrompt>()];
        Dictionary<string, InstructionSample> samples = InstructionScorer
            .Score(checkable, checkable.ToDictionary(one => one.Key, one => answers[one.Key].Text))
            .Samples.ToDictionary(sample => sample.Key, StringComparer.Ordinal);
        Item[] items =
        [
            .. answered.Select(one => one.Constraints is { } constraints
                ? Checked(one, answers[one.Prompt.Id], samples[constraints.Key])
                : Decided(one, answers[one.Prompt.Id], judgments)),
        ];
        Item[] ruled = [.. items.Where(item => item.Sample is not null)];
        Item[] judged = [.. items.Where(item => item.Sample is null && item.Followed is not null)];
        Dictionary<string, int> counts = new()
        {
            ["prompts_followed"] = items.Count(item => item.Followed == true),
            ["constraints"] = ruled.Sum(item => item.Sample!.Strict.Length),
            ["constraints_followed"] = ruled.Sum(item => item.Sample!.Strict.Count(followed => followed)),
            ["prompts_judged"] = judged.Length,
            ["prompts_undecided"] = items.Count(item => item.Undecided),
            ["judgments_unreadable"] = items.Sum(item => item.Unreadable),
            ["prompts_without_constraints_left_out"] = _leftOut,
        };
        return ValueTask.FromResult(new EvaluationScore(
            Metrics(ruled, judged),
            [.. items.Where(item => item.Followed is not null || item.Undecided).Select(item => item.ToSample())],
            counts));
    }

    private static Item Checked(OwnPrompt one, Answer answer, InstructionSample sample) =>
        new(one, answer.Text) { Sample = sample, Followed = sample.Strict.All(followed => followed) };

    private Item Decided(OwnPrompt one, Answer answer, IReadOnlyDictionary<string, Answer> judgments)
    {
        if (answer.Read().Blank)
        {
            return new Item(one, answer.Text) { Followed = false };
        }

        JudgementParser parser = new(_judging!.Templates.Format);
        Judgement[] votes =
        [
            .. Enumerable.Range(0, _judging.Votes).Select(vote => judgments.GetValueOrDefault(VoteId(one, vote)))
                .OfType<Answer>().Select(parser.Parse),
        ];
        if (votes.Length < _judging.Votes)
        {
            // Calls that failed are counted as missing; fewer votes than asked for decide nothing.
            return new Item(one, answer.Text);
        }

        Valuation valuation = Valuation.Of(votes, Gate.Majority);
        bool decided = Gate.Majority.VerdictOn(valuation) is Verdict.Yes or Verdict.No;
        return new Item(one, answer.Text)
        {
            Valuation = valuation,
            Followed = decided ? Gate.Majority.Passes(valuation) : null,
            Undecided = !decided,
            Unreadable = valuation.Unparsed?.Count ?? 0,
        };
    }

    private List<Metric> Metrics(Item[] ruled, Item[] judged)
    {
        List<Metric> metrics = [];
        if (_judging is not null && ruled.Length > 0 && judged.Length > 0)
        {
            metrics.Add(Metric.Mean(Name, Followed, [.. ruled.Concat(judged).Select(Value)]));
        }

        if (ruled.Length > 0)
        {
            metrics.AddRange(Metric.Of(Name, [(ByPrompt, true), (ByConstraint, true)], ruled.Length, picks =>
            [
                picks.Average(i => Value(ruled[i])),
                picks.Sum(i => ruled[i].Sample!.Strict.Count(followed => followed))
                    / (double)picks.Sum(i => ruled[i].Sample!.Strict.Length),
            ]));
        }

        if (judged.Length > 0)
        {
            metrics.Add(Metric.Mean(Name, Judged, [.. judged.Select(Value)]));
        }

        ILookup<string, bool> byId = ruled
            .SelectMany(item => item.Prompt.Constraints!.Instructions.Zip(item.Sample!.Strict))
            .ToLookup(pair => pair.First.Id, pair => pair.Second, StringComparer.Ordinal);
        metrics.AddRange(InstructionRegistry.Ids.Where(byId.Contains).Select(id =>
            Metric.Mean($"{Name}_{id}", ByConstraint, [.. byId[id].Select(followed => followed ? 1.0 : 0)])));
        return metrics;

        static double Value(Item item) => item.Followed == true ? 1 : 0;
    }

    private static string VoteId(OwnPrompt one, int vote) =>
        string.Create(CultureInfo.InvariantCulture, $"{one.Prompt.Id}/vote{vote}");

    private sealed record Item(OwnPrompt Prompt, string Response)
    {
        public InstructionSample? Sample { get; init; }

        public Valuation? Valuation { get; init; }

        public bool? Followed { get; init; }

        public bool Undecided { get; init; }

        public int Unreadable { get; init; }

        public ScoredSample ToSample()
        {
            JsonObject extra = [];
            if (Sample is { } sample)
            {
                extra["instruction_id_list"] = new JsonArray(
                    [.. Prompt.Constraints!.Instructions.Select(one => JsonValue.Create(one.Id))]);
                extra["strict"] = new JsonArray([.. sample.Strict.Select(followed => JsonValue.Create(followed))]);
                extra["explanations"] = new JsonArray([.. sample.Explanations.Select(text => JsonValue.Create(text))]);
            }

            if (Valuation is { } valuation)
            {
                extra["votes_yes"] = valuation.Yes;
                extra["votes_no"] = valuation.No;
                extra["critique"] = valuation.Critique;
            }

            return new ScoredSample(
                Prompt.Prompt.Id,
                Prompt.Prompt.Instruction,
                "",
                [Response],
                [Response],
                Followed is { } followed
                    ? new Dictionary<string, double> { [PromptsBenchmark.Followed] = followed ? 1 : 0 }
                    : new Dictionary<string, double>(),
                Extra: extra);
        }
    }
}
