using Spar.Calls;
using Spar.Prompts;

namespace Spar.Judging;

/// <summary>Samples single judgements. Vote i on the response named key is the call key/v{i}, whoever asks for it and whenever.</summary>
/// <param name="model">The model that judges.</param>
/// <param name="prompts">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
internal sealed class Ballot(ModelCaller model, PromptSet prompts, Sampling sampling)
{
    private readonly JudgementParser _parser = new(prompts.Format);

    /// <summary>Votes <paramref name="first"/> up to, not including, first + <paramref name="count"/>, side by side.</summary>
    public Task<Judgement[]> CastAsync(
        string key, string instruction, string response, int first, int count, CancellationToken cancellationToken)
    {
        string prompt = prompts.JudgePrompt(instruction, response);
        return Task.WhenAll(Enumerable.Range(first, count).Select(async vote =>
        {
            Answer answer = await model.AskAsync($"{key}/v{vote}", prompt, sampling, cancellationToken).ConfigureAwait(false);
            return _parser.Parse(answer.Text);
        }));
    }
}
