using Spar.Calls;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// Samples single judgements. Vote i on the response named key is the call key/v{i}, whoever asks for it and whenever.
/// </summary>
/// <param name="model">The model that judges.</param>
/// <param name="templates">How to ask, and how to read the answer.</param>
/// <param name="sampling">How judgements are sampled.</param>
internal sealed class Ballot(ModelCaller model, TemplateSet templates, Sampling sampling)
{
    private readonly JudgementParser _parser = new(templates.Format);

    /// <summary>
    /// Votes <paramref name="first"/> up to, not including, first + <paramref name="count"/>, side by side.
    /// </summary>
    public Task<Judgement[]> CastAsync(
        string key, string instruction, string response, int first, int count, CancellationToken cancellationToken)
    {
        string prompt = templates.JudgePrompt(instruction, response);
        return Task.WhenAll(Enumerable.Range(first, count).Select(async vote =>
        {
            Answer answer = await model.AskAsync($"{key}/v{vote}", prompt, sampling, cancellationToken)
                .ConfigureAwait(false);
            return _parser.Parse(answer);
        }));
    }
}
