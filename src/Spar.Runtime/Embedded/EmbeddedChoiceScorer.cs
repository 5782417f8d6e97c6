using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Engine.Tokenization;
using Spar.Evaluation.Harness;

namespace Spar.Runtime.Embedded;

/// <summary>
/// Log-likelihoods of choices by the embedded engine. As lm-eval does it, prompt and continuation are encoded together
/// and cut where the prompt's own tokens end, so that a token which would span the seam is not split differently for
/// the choices.
/// </summary>
/// <param name="client">The model.</param>
public sealed class EmbeddedChoiceScorer(EmbeddedChatClient client) : IChoiceScorer
{
    private readonly Generator _generator = (Generator)client.GetService(typeof(Generator))!;
    private readonly Tokenizer _tokenizer = (Tokenizer)client.GetService(typeof(Tokenizer))!;

    /// <inheritdoc/>
    /// <exception cref="Engine.EngineException">
    /// Prompt and continuation together are longer than the model takes.
    /// </exception>
    public async Task<IReadOnlyList<double>> ScoreAsync(
        string prompt, IReadOnlyList<string> continuations, CancellationToken cancellationToken)
    {
        int[] context = _tokenizer.Encode(prompt, addSpecialTokens: true);
        return await Task.WhenAll(continuations.Select(async continuation =>
        {
            int[] whole = _tokenizer.Encode(prompt + continuation, addSpecialTokens: true);
            int seam = Math.Clamp(context.Length, 1, whole.Length - 1);
            double[] logProbs = await _generator.LogProbsAsync(whole[..seam], whole[seam..], cancellationToken)
                .ConfigureAwait(false);
            return logProbs.Sum();
        })).ConfigureAwait(false);
    }
}
