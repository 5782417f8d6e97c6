using System.Text.Json.Nodes;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Harness;

/// <summary>A benchmark: data, how to prompt, and how to score. It neither calls models nor writes results.</summary>
public interface IBenchmark
{
    /// <summary>Its name on the command line and in results, such as "gsm8k".</summary>
    string Name { get; }

    /// <summary>Grows when prompts or scoring change, so that results of different versions are not compared.</summary>
    int Version { get; }

    /// <summary>Worked examples in each prompt.</summary>
    int Shots => 0;

    /// <summary>Documents in the data, before any limit.</summary>
    int OriginalCount { get; }

    /// <summary>Documents that are asked.</summary>
    int EffectiveCount { get; }

    /// <summary>What else a reader of the results needs to know: prompt form, sampling, skipped records.</summary>
    JsonObject Config { get; }

    /// <summary>What the model under test is asked, in a fixed order.</summary>
    IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <summary>Whether scoring needs a judge's answers.</summary>
    bool NeedsJudge => false;

    /// <summary>What a judge is asked about the answers; empty where the benchmark needs no judge.</summary>
    /// <param name="answers">An answer to every request.</param>
    IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) => [];

    /// <summary>Scores answers. The same answers give the same score.</summary>
    /// <param name="answers">An answer to every request, by id.</param>
    /// <param name="judgments">The judge's answers to <see cref="JudgeRequests"/>, by id; empty where the benchmark needs no judge.</param>
    /// <param name="cancellationToken">Stops scoring that runs programs.</param>
    ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers, IReadOnlyDictionary<string, Answer> judgments, CancellationToken cancellationToken);
}
