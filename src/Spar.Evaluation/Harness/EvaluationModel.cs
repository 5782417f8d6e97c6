using Microsoft.Extensions.AI;

namespace Spar.Evaluation.Harness;

/// <summary>Gives the log-likelihood of fixed continuations of a text; a backend that knows token probabilities offers it.</summary>
public interface IChoiceScorer
{
    /// <summary>Scores continuations of one prompt.</summary>
    /// <param name="prompt">Plain text, without a chat template.</param>
    /// <param name="continuations">The texts to compare, each with its leading space if it has one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>For each continuation, the sum of its tokens' natural-log probabilities after the prompt.</returns>
    Task<IReadOnlyList<double>> ScoreAsync(string prompt, IReadOnlyList<string> continuations, CancellationToken cancellationToken);
}

/// <summary>A model to ask: the one under test, or a judge.</summary>
/// <param name="Name">Its name in results and in the files with its answers.</param>
/// <param name="Client">Answers; may be called from many threads at once.</param>
/// <param name="ChoiceScorer">Log-likelihoods of choices; null where the backend cannot give them.</param>
public sealed record EvaluationModel(string Name, IChatClient Client, IChoiceScorer? ChoiceScorer = null);
