using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// Gives the log-likelihood of fixed continuations of a text; a backend that knows token probabilities offers it.
/// </summary>
public interface IChoiceScorer
{
    /// <summary>Scores continuations of one prompt.</summary>
    /// <param name="prompt">Plain text, without a chat template.</param>
    /// <param name="continuations">The texts to compare, each with its leading space if it has one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>For each continuation, the sum of its tokens' natural-log probabilities after the prompt.</returns>
    Task<IReadOnlyList<double>> ScoreAsync(
        string prompt, IReadOnlyList<string> continuations, CancellationToken cancellationToken);
}

/// <summary>
/// Answers calls that offer choices (<see cref="CallProperties.WithChoices"/>) by scoring them after the last message
/// instead of generating: the
/// answer then has <see cref="Answer.LogLikelihoods"/>.
/// </summary>
/// <param name="inner">Is asked what offers no choices.</param>
/// <param name="scorer">Scores choices.</param>
public sealed class ChoiceScoringChatClient(IChatClient inner, IChoiceScorer scorer) : DelegatingChatClient(inner)
{
    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">
    /// The scorer gave another number of values, or one that is no number.
    /// </exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (options.Choices() is not { } choices)
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<double> scores =
            await scorer.ScoreAsync(messages.Last().Text, choices, cancellationToken).ConfigureAwait(false);
        return scores.Count == choices.Count && scores.All(double.IsFinite)
            ? new Answer("", LogLikelihoods: scores).ToResponse()
            : throw new InvalidOperationException(
                $"the scorer gave {scores.Count} values for {choices.Count} choices, or one that is no number");
    }
}

/// <summary>Adds <see cref="ChoiceScoringChatClient"/> to a stack.</summary>
public static class ChoiceScoringChatClientBuilderExtensions
{
    /// <summary>Choices are scored where the backend can; otherwise an answer is generated.</summary>
    /// <param name="builder">The stack.</param>
    /// <param name="scorer">Scores choices; null where the backend cannot.</param>
    public static ChatClientBuilder UseChoiceScoring(this ChatClientBuilder builder, IChoiceScorer? scorer) =>
        scorer is null ? builder : builder.Use(inner => new ChoiceScoringChatClient(inner, scorer));
}
