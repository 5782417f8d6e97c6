using Spar.Experiments;

namespace Spar.Runtime.Experiments;

/// <summary>One of the method's comparisons, to be run with one command.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Summary">One line for the help.</param>
public abstract record Experiment(string Name, string Summary)
{
    /// <summary>All experiments, in the order of the help.</summary>
    public static IReadOnlyList<Experiment> All { get; } =
        [new BaselineComparison(), new AblationComparison(), new DecodingComparison(), new SyntheticComparison()];

    /// <summary>The file that it takes when none is named.</summary>
    public string DefaultFile => $"recipes/experiments/{Name}.yaml";

    /// <summary>Runs it, or goes on with it. What has been done before is not done again.</summary>
    /// <param name="work">Runs variants, tells how it goes.</param>
    /// <param name="cancellationToken">Stops; what was done so far is kept.</param>
    public abstract Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken);
}

/// <summary>SPaR beside the other ways of making training data (Figure 3, Tables 1 and 2 of the paper).</summary>
public sealed record BaselineComparison()
    : Experiment(
        "baselines", "SPaR and five other methods from the same start, over iterations (Figure 3, Tables 1 and 2)")
{
    /// <inheritdoc/>
    public override async Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken) =>
        BaselineReport.Of(await work.RunVariantsAsync(cancellationToken).ConfigureAwait(false));
}

/// <summary>The method with one of its parts left out (Tables 4 and 5 of the paper).</summary>
public sealed record AblationComparison()
    : Experiment("ablations", "what each part of the method is worth (Tables 4 and 5)")
{
    /// <inheritdoc/>
    public override async Task<ExperimentReport> RunAsync(ExperimentWork work, CancellationToken cancellationToken) =>
        AblationReport.Of(await work.RunVariantsAsync(cancellationToken).ConfigureAwait(false));
}
