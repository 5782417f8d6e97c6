using Spar.Calls;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// One judgement, written greedily; its value is how likely yes was against no where the verdict stands: P(yes) /
/// (P(yes) + P(no)), from the model's
/// log-probabilities at temperature 1. One call a response.
/// </summary>
/// <param name="refiner">
/// The model that judges; its client gives log-probabilities (<see cref="IAlternativesClient"/>).
/// </param>
/// <param name="templates">How to ask, and how to read the answer.</param>
/// <param name="sampling">Gives the token limit; its temperature is not used.</param>
public sealed class ProbabilityJudge(ModelCaller refiner, TemplateSet templates, Sampling sampling) : IJudge
{
    /// <summary>Reason: the judgement could be read, but neither yes nor no was among the likely words.</summary>
    public const string NoProbability = "no probability of the verdict";

    private readonly JudgementParser _parser = new(templates.Format);

    /// <inheritdoc/>
    public int MostCalls => 1;

    /// <inheritdoc/>
    public async Task<Valuation> JudgeAsync(
        string key,
        string instruction,
        string response,
        CancellationToken cancellationToken
    )
    {
        Answer answer = await refiner
            .AskWeighedAsync(
                $"{key}/p",
                templates.JudgePrompt(instruction, response),
                sampling.Greedy(),
                _parser.VerdictWords,
                cancellationToken
            )
            .ConfigureAwait(false);
        Judgement judgement = _parser.Parse(answer);
        if (judgement.Verdict is null || answer.Probability is not { } yes)
        {
            return new Valuation(0, 0, null, [judgement.Unparsed ?? NoProbability]) { Unreadable = judgement.Tail };
        }

        // The one vote is for the likelier word, whatever the gate makes of the value.
        bool likelierYes = yes > 0.5;
        return new Valuation(likelierYes ? 1 : 0, likelierYes ? 0 : 1, judgement.Critique) { Probability = yes };
    }
}
