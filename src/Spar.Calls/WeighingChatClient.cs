using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Answers calls that ask for the weights of words (<see cref="CallProperties.WithWeighed"/>) with the help of the
/// model's
/// <see cref="IAlternativesClient"/>: the answer then has <see cref="Answer.Probability"/>.
/// </summary>
/// <param name="inner">Is asked.</param>
public sealed class WeighingChatClient(IChatClient inner) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    /// <exception cref="RunFaultException">The model's backend gives no log-probabilities.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        if (options.Weighed() is not { } find)
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }

        IAlternativesClient weigher =
            InnerClient.GetService(typeof(IAlternativesClient)) as IAlternativesClient
            ?? throw new RunFaultException(
                "The judge's model gives no log-probabilities, so its probability of yes cannot be told. Set "
                    + "judging.valuation "
                    + "to votes or adaptive, or judge with a checkpoint or an endpoint that gives log-probabilities."
            );
        WeighedResponse weighed = await weigher
            .GetWeighedResponseAsync([.. messages], options!, find, cancellationToken)
            .ConfigureAwait(false);
        double? share = weighed.LogProbs is { } logProbs ? FirstShare(logProbs) : null;
        return weighed.Response.WithAnswer(weighed.Response.ToAnswer() with { Probability = share });
    }

    /// <summary>Share of the first in the sum of the probabilities; null when all are 0.</summary>
    private static double? FirstShare(IReadOnlyList<double> logProbs)
    {
        double most = logProbs.Max();
        return double.IsNegativeInfinity(most)
            ? null
            : Math.Exp(logProbs[0] - most) / logProbs.Sum(logProb => Math.Exp(logProb - most));
    }
}

/// <summary>Adds <see cref="WeighingChatClient"/> to a stack.</summary>
public static class WeighingChatClientBuilderExtensions
{
    /// <summary>Lets calls ask for the weights of words; stands next to the model.</summary>
    /// <param name="builder">The stack.</param>
    public static ChatClientBuilder UseWeighing(this ChatClientBuilder builder) =>
        builder.Use(inner => new WeighingChatClient(inner));
}
