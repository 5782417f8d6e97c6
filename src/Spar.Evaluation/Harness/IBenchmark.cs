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
    /// <param name="answers">An answer to every request.</param>
    IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) => [];

    /// <summary>Scores answers. The same answers give the same score.</summary>
    /// <param name="answers">An answer to every request, by id.</param>
    /// <param name="judgments">
    /// The judge's answers to <see cref="JudgeRequests"/>, by id; empty where the benchmark needs no judge.
    /// </param>
    /// <param name="cancellationToken">Stops scoring that runs programs.</param>
    ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken
    );
}
