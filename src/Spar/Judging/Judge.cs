using Spar.Calls;
using Spar.Prompts;

namespace Spar.Judging;

/// <summary>Asks the refiner model whether a response satisfies its instruction: several sampled judgements, one vote.</summary>
/// <param name="refiner">The model that judges.</param>
/// <param name="prompts">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
/// <param name="votes">Judgements a response (the paper's N), at least 1; each is one model call.</param>
public sealed class Judge(ModelCaller refiner, PromptSet prompts, Sampling sampling, int votes)
{
    private readonly JudgementParser _parser = new(prompts.Format);

    /// <summary>Judgements, and so model calls, a response.</summary>
    public int Votes { get; } = votes;

    /// <summary>Judges one response; the judgements are sampled side by side.</summary>
    /// <param name="key">Names the response in the run; vote i is called key/v{i}.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">A call failed.</exception>
    public async Task<MajorityVote> JudgeAsync(string key, string instruction, string response, CancellationToken cancellationToken)
    {
        string prompt = prompts.JudgePrompt(instruction, response);
        Judgement[] judgements = await Task.WhenAll(Enumerable.Range(0, Votes).Select(async vote =>
        {
            Answer answer = await refiner.AskAsync($"{key}/v{vote}", prompt, sampling, cancellationToken).ConfigureAwait(false);
            return _parser.Parse(answer.Text);
        })).ConfigureAwait(false);
        return MajorityVote.Of(judgements);
    }
}
