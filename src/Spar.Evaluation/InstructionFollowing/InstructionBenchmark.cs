using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.InstructionFollowing;

/// <summary>
/// A benchmark of prompts with checkable instructions, IFEval or IFBench. A line of samples.jsonl has, besides the
/// usual fields, <c>key</c>, <c>instruction_id_list</c>, <c>strict</c>, <c>loose</c> (a boolean for each instruction,
/// in order) and <c>explanations</c>.
/// </summary>
public sealed class InstructionBenchmark : IBenchmark
{
    private static readonly Dictionary<string, int> s_maxTokens = new() { ["ifeval"] = 1280, ["ifbench"] = 2048 };
    private readonly IReadOnlyList<InstructionPrompt> _prompts;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded prompts.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="limit">First prompts to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    /// <param name="maxTokens">Most tokens of an answer; null for the benchmark's usual number.</param>
    public InstructionBenchmark(
        string name,
        IReadOnlyList<InstructionPrompt> prompts,
        int? limit = null,
        int skipped = 0,
        int? maxTokens = null)
    {
        _prompts = [.. prompts.Take(limit ?? int.MaxValue)];
        _skipped = skipped;
        Sampling sampling = Sampling.GreedyUpTo(maxTokens ?? s_maxTokens[name]);
        Requests = [.. _prompts.Select(prompt => EvaluationRequest.User(prompt.Key, prompt.Prompt, sampling))];
        var config = new JsonObject { ["max_tokens"] = sampling.MaxTokens, ["temperature"] = sampling.Temperature };
        Facts = new BenchmarkFacts(name, 1, prompts.Count, _prompts.Count, 0, config);
    }

    /// <summary>The benchmarks of this kind.</summary>
    public static IReadOnlyCollection<string> Names => s_maxTokens.Keys;

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <inheritdoc/>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken)
    {
        InstructionPrompt[] prompts = [.. _prompts.Where(prompt => answers.ContainsKey(prompt.Key))];
        Dictionary<string, string> responses =
            prompts.ToDictionary(prompt => prompt.Key, prompt => answers[prompt.Key].Text);
        InstructionResult result = InstructionScorer.Score(prompts, responses);
        ScoredSample[] samples =
            [.. prompts.Zip(result.Samples, (prompt, sample) => Sample(prompt, sample, responses[prompt.Key]))];
        var counts = new Dictionary<string, int>
        {
            ["instructions"] = result.Instructions.Count,
            ["instructions_followed_strict"] = result.Instructions.Strict,
            ["instructions_followed_loose"] = result.Instructions.Loose,
            ["prompts_followed_strict"] = result.Prompts.Strict,
            ["prompts_followed_loose"] = result.Prompts.Loose,
            ["skipped_records"] = _skipped,
        };
        return ValueTask.FromResult(new EvaluationScore(Metrics(prompts, result.Samples), samples, counts));
    }

    private static ScoredSample Sample(InstructionPrompt prompt, InstructionSample sample, string response) => new(
        prompt.Key,
        prompt.Prompt,
        "",
        [response],
        [response],
        new Dictionary<string, double>
        {
            ["prompt_level_strict_acc"] = sample.Strict.All(followed => followed) ? 1 : 0,
            ["prompt_level_loose_acc"] = sample.Loose.All(followed => followed) ? 1 : 0,
        },
        Extra: new JsonObject
        {
            ["key"] = prompt.KeyIsNumber ? long.Parse(prompt.Key, CultureInfo.InvariantCulture) : prompt.Key,
            ["instruction_id_list"] =
                new JsonArray([.. prompt.Instructions.Select(instruction => JsonValue.Create(instruction.Id))]),
            ["strict"] = new JsonArray([.. sample.Strict.Select(followed => JsonValue.Create(followed))]),
            ["loose"] = new JsonArray([.. sample.Loose.Select(followed => JsonValue.Create(followed))]),
            ["explanations"] = new JsonArray([.. sample.Explanations.Select(text => JsonValue.Create(text))]),
        });

    /// <summary>
    /// The mean of the four accuracies, that of the two strict ones (what model cards give as the average of prompt and
    /// instruction), the four, then each family and type. Intervals of the first six resample prompts.
    /// </summary>
    private List<Metric> Metrics(
        IReadOnlyList<InstructionPrompt> prompts, IReadOnlyList<InstructionSample> samples)
    {
        (double Instructions, double Strict, double Loose)[] counts =
        [
            .. samples.Select(sample => (
                (double)sample.Strict.Length,
                (double)sample.Strict.Count(followed => followed),
                (double)sample.Loose.Count(followed => followed))),
        ];
        var metrics = new List<Metric>(Metric.Of(
            Facts.Name,
            [
                ("average", true),
                ("strict_average", true),
                ("prompt_level_strict_acc", true),
                ("inst_level_strict_acc", true),
                ("prompt_level_loose_acc", true),
                ("inst_level_loose_acc", true),
            ],
            counts.Length,
            picks =>
            {
                double instructions = picks.Sum(i => counts[i].Instructions);
                double[] four =
                [
                    (double)picks.Count(i => counts[i].Strict == counts[i].Instructions) / picks.Length,
                    picks.Sum(i => counts[i].Strict) / instructions,
                    (double)picks.Count(i => counts[i].Loose == counts[i].Instructions) / picks.Length,
                    picks.Sum(i => counts[i].Loose) / instructions,
                ];
                return [four.Average(), (four[0] + four[1]) / 2, .. four];
            }));

        (string Id, bool Strict, bool Loose)[] verdicts =
        [
            .. prompts.Zip(samples).SelectMany(pair =>
                pair.First.Instructions.Select(
                    (instruction, i) => (instruction.Id, pair.Second.Strict[i], pair.Second.Loose[i]))),
        ];
        IEnumerable<(string Group, Func<string, bool> Has)> groups = InstructionRegistry.Families
            .Select(family => (family, (Func<string, bool>)(id => InstructionRegistry.FamilyOf(id) == family)))
            .Concat(InstructionRegistry.Ids.Select(type => (type, (Func<string, bool>)(id => id == type))));
        foreach ((string group, Func<string, bool> has) in groups)
        {
            (string Id, bool Strict, bool Loose)[] members = [.. verdicts.Where(verdict => has(verdict.Id))];
            if (members.Length > 0)
            {
                string task = $"{Facts.Name}_{group}";
                double[] strict = [.. members.Select(verdict => verdict.Strict ? 1.0 : 0)];
                double[] loose = [.. members.Select(verdict => verdict.Loose ? 1.0 : 0)];
                metrics.Add(Metric.Mean(task, "inst_level_strict_acc", strict));
                metrics.Add(Metric.Mean(task, "inst_level_loose_acc", loose));
            }
        }

        return metrics;
    }
}
