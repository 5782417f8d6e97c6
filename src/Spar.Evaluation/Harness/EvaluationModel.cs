using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Evaluation.Harness;

/// <summary>A model to ask: the one under test, or a judge.</summary>
/// <param name="Name">Its name in results and in the files with its answers.</param>
/// <param name="Client">Answers; may be called from many threads at once.</param>
/// <param name="ChoiceScorer">Log-likelihoods of choices; null where the backend cannot give them.</param>
public sealed record EvaluationModel(string Name, IChatClient Client, IChoiceScorer? ChoiceScorer = null);
