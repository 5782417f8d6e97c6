namespace Spar.SelfPlay;

/// <summary>
/// Measures the models of every row by one thing that the recipe names, such as a benchmark. What it measures never
/// reaches the loop.
/// </summary>
public interface IYardstick
{
    /// <summary>Its name, unique in the run, such as "ifeval".</summary>
    string Name { get; }

    /// <summary>
    /// Makes ready to measure; called when the run's prompts are there, before anything else is done.
    /// </summary>
    /// <exception cref="SparException">There is nothing to measure, or it cannot be read.</exception>
    void Open() { }

    /// <summary>Changes with all that its figures depend on beside the models: data, prompts, settings.</summary>
    string Signature { get; }

    /// <summary>Calls that a measurement needs, for the progress display; 0 when they cannot be counted.</summary>
    int Items { get; }

    /// <summary>Measures one row. The same models give the same figures.</summary>
    /// <param name="context">
    /// The models; the names of the yardstick's calls begin with eval/{Row}/{<see cref="Name"/>}/.
    /// </param>
    /// <param name="cancellationToken">Gives up; what was answered is kept.</param>
    /// <exception cref="SparException">A call failed; a figure that lacks answers is not given.</exception>
    Task<YardstickResult> MeasureAsync(EvaluationContext context, CancellationToken cancellationToken);
}

/// <summary>What a yardstick found in one row.</summary>
/// <param name="Name">The yardstick's name.</param>
/// <param name="Items">Documents that were measured.</param>
/// <param name="Figures">The figures; the first is the headline.</param>
/// <param name="Counts">What else was counted, such as answers that were cut off.</param>
public sealed record YardstickResult(
    string Name,
    int Items,
    IReadOnlyList<YardstickFigure> Figures,
    IReadOnlyDictionary<string, int> Counts
);

/// <summary>One figure of a yardstick.</summary>
/// <param name="Name">The measure.</param>
/// <param name="Value">The figure; shares are 0..1.</param>
/// <param name="Low">Lower end of its 95 % interval; null where it has none.</param>
/// <param name="High">Upper end of its 95 % interval; null where it has none.</param>
/// <param name="IsShare">Whether it is a share, to be shown in percent; otherwise a plain number.</param>
public sealed record YardstickFigure(string Name, double Value, double? Low = null, double? High = null, bool IsShare = true);
