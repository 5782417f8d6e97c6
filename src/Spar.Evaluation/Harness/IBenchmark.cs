using Spar.Calls;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Harness;

/// <summary>A benchmark: data, how to prompt, and how to score. It neither calls models nor writes results.</summary>
public interface IBenchmark
{
    /// <summary>Name, version and the like.</summary>
    BenchmarkFacts Facts { get; }

    /// <summary>What the model under test is asked, in a fixed order.</summary>
    IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <summary>Whether scoring needs a judge's answers.</summary>
    bool NeedsJudge => false;

    /// <summary>What a judge is asked about the answers; empty where the benchmark needs no judge.</summary>
    /// <param name="answers">As for <see cref="ScoreAsync"/>.</param>
    IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) => [];

    /// <summary>
    /// Scores answers. The same answers give the same score. A document that lacks an answer is left out of it.
    /// </summary>
    /// <param name="answers">
    /// Answers by the request's id, thoughts taken away; requests whose calls failed have none.
    /// </param>
    /// <param name="judgments">
    /// The judge's answers to <see cref="JudgeRequests"/>, by id, without a word where they are not complete; empty where
    /// the benchmark needs no judge.
    /// </param>
    /// <param name="cancellationToken">Stops scoring that runs programs.</param>
    ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    );
}
