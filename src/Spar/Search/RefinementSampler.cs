using Spar.Calls;
using Spar.Templates;

namespace Spar.Search;

/// <summary>Asks the refiner model for a better response.</summary>
/// <param name="refiner">The model that refines.</param>
/// <param name="templates">How to ask, and how to read the answer.</param>
/// <param name="sampling">How refinements are sampled.</param>
public sealed class RefinementSampler(ModelCaller refiner, TemplateSet templates, Sampling sampling)
{
    private readonly RefinementParser _parser = new(templates.Format);

    /// <summary>The session of the model's calls.</summary>
    internal CallSession Session => refiner.Session;

    /// <summary>One refinement: one model call.</summary>
    /// <param name="key">The call's name.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to refine.</param>
    /// <param name="critique">What was found wrong with it, verdict included.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    public async Task<Refinement> RefineAsync(
        string key, string instruction, string response, string critique, CancellationToken cancellationToken) =>
        (await RefineAsync([key], instruction, response, critique, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Refinements of one response: a model call each, side by side.</summary>
    /// <param name="keys">The calls' names.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="response">The response to refine.</param>
    /// <param name="critique">What was found wrong with it, verdict included.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">The call failed.</exception>
    /// <returns>The refinements in the order of the keys.</returns>
    public Task<Refinement[]> RefineAsync(
        IReadOnlyList<string> keys, string instruction, string response, string critique,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<Task<Answer>> answers = refiner.AskEach(
            keys, templates.RefinePrompt(instruction, response, critique), sampling, cancellationToken);
        return Task.WhenAll(answers.Select(async answer => _parser.Parse(await answer.ConfigureAwait(false))));
    }
}
