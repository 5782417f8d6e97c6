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
        IReadOnlyList<Task<Answer>> answers = model.AskEach(
            [.. Enumerable.Range(first, count).Select(vote => $"{key}/v{vote}")],
            templates.JudgePrompt(instruction, response), sampling, cancellationToken);
        return Task.WhenAll(answers.Select(async answer => _parser.Parse(await answer.ConfigureAwait(false))));
    }
}
