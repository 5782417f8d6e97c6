using Microsoft.Extensions.AI;

namespace Spar.Calls;

/// <summary>
/// A chat client that can also tell how likely other words would have been at one place of its answer. A client offers
/// it through
/// <see cref="IChatClient.GetService"/>; those whose backend gives no log-probabilities do not.
/// </summary>
public interface IAlternativesClient
{
    /// <summary>
    /// Answers as <see cref="IChatClient.GetResponseAsync"/> does, and weighs the words at the place that
    /// <paramref name="find"/> points out.
    /// </summary>
    /// <param name="messages">The turns, oldest first.</param>
    /// <param name="options">As for the chat client.</param>
    /// <param name="find">Given the answer's text, finds the place; null when there is none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RunFaultException">The backend does not give log-probabilities.</exception>
    Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken
    );
}

/// <summary>A place in an answer, and the words that could stand there.</summary>
/// <param name="Start">Where the word begins, in characters from the beginning of the text.</param>
/// <param name="Words">What could stand there; at least two, none empty, none the beginning of another.</param>
public sealed record Alternatives(int Start, IReadOnlyList<string> Words);

/// <summary>An answer with the weights of the words at one place.</summary>
/// <param name="Response">The answer.</param>
/// <param name="LogProbs">
/// Natural log-probability of each word at temperature 1, in the order of <see cref="Alternatives.Words"/>; negative
/// infinity for a word too unlikely to
/// be reported; null when there was no place.
/// </param>
public sealed record WeighedResponse(ChatResponse Response, IReadOnlyList<double>? LogProbs);
