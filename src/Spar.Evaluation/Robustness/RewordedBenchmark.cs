using System.Globalization;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.InstructionFollowing;
using Spar.Evaluation.Results;
using Spar.Evaluation.Synthesis;

namespace Spar.Evaluation.Robustness;

/// <summary>
/// A benchmark of prompts with checkable instructions, each asked in several rewordings. <c>reliable@k</c> is the share
/// of prompts of which all k rewordings are followed, every instruction of each. A line of samples.jsonl is one
/// rewording.
/// </summary>
public sealed class RewordedBenchmark : IBenchmark
{
    private static readonly string[] s_accuracies = ["prompt_level_strict_acc", "prompt_level_loose_acc"];
    private readonly InstructionBenchmark _asked;
    private readonly int _rewordings;

    /// <summary>Makes the benchmark from loaded prompts.</summary>
    /// <param name="name">One of <see cref="InstructionBenchmark.Names"/>.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="rewordings">How many rewordings of each; at least 1.</param>
    /// <param name="limit">First prompts to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    /// <exception cref="EvaluationException">A prompt lacks an argument that a wording needs.</exception>
    public RewordedBenchmark(
        string name, IReadOnlyList<InstructionPrompt> prompts, int rewordings, int? limit = null, int skipped = 0)
    {
        InstructionPrompt[] used = [.. prompts.Take(limit ?? int.MaxValue)];
        _rewordings = rewordings;
        _asked = new InstructionBenchmark(
            name,
            [.. used.SelectMany(prompt =>
                Enumerable.Range(1, rewordings).Select(number => PromptRewording.Reword(prompt, number)))],
            skipped: skipped);
        JsonObject config = _asked.Facts.Config.DeepClone().AsObject();
        config["rewordings"] = rewordings;
        Facts = _asked.Facts with { Name = name + "_reworded", Config = config };
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests => _asked.Requests;

    /// <inheritdoc/>
    public async ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken)
    {
        // A prompt counts with all its rewordings.
        Dictionary<string, Answer> whole = new(
            Requests.Select(request => request.Id).Chunk(_rewordings)
                .Where(group => group.All(answers.ContainsKey))
                .SelectMany(group => group)
                .Select(id => KeyValuePair.Create(id, answers[id])));
        EvaluationScore score = await _asked.ScoreAsync(whole, judgments, cancellationToken);
        double[][][] followed = [.. s_accuracies.Select(name => score.Samples
            .Select(sample => sample.Values[name]).Chunk(_rewordings).ToArray())];
        string k = _rewordings.ToString(CultureInfo.InvariantCulture);
        IReadOnlyList<Metric> metrics = Metric.Of(
            Facts.Name,
            [
                ($"reliable@{k}_strict", true), ($"reliable@{k}_loose", true),
                .. s_accuracies.Select(name => (name, true)),
            ],
            score.Samples.Count / _rewordings,
            picks =>
            [
                .. followed.Select(values => picks.Average(i => values[i].Min())),
                .. followed.Select(values => picks.Average(i => values[i].Average())),
            ]);
        return score with { Metrics = metrics };
    }
}
