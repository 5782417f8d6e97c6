using Spar.Seams;

namespace Spar.Methods;

/// <summary>
/// How one iteration makes better models: the method itself, and each method that it is compared with.
/// </summary>
internal interface IIterationMethod
{
    /// <summary>Makes what the iterations begin with out of M_0 and R_0.</summary>
    /// <param name="start">M_0 and R_0.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken) => Task.FromResult(start);

    /// <summary>One iteration: data from the prompts, then training.</summary>
    /// <param name="iteration">1 and up.</param>
    /// <param name="prompts">The iteration's prompts.</param>
    /// <param name="models">The models after the iteration before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The better models; null to stop the run here.</returns>
    Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken);
}

/// <summary>The two models of a run; both the same where one model plays both run.</summary>
/// <param name="Actor">Path or name of the model that answers.</param>
/// <param name="Refiner">Path or name of the model that judges and refines.</param>
internal sealed record ModelPair(string Actor, string Refiner);
