namespace Spar.Evaluation.Data;

/// <summary>
/// Collects what is wrong with data files. Strict: the first problem is thrown. Lenient: the record is skipped and
/// counted.
/// </summary>
/// <param name="lenient">Skip and count rather than stop.</param>
public sealed class DataProblems(bool lenient = false)
{
    private readonly List<string> _skipped = [];

    /// <summary>Whether bad records are skipped.</summary>
    public bool Lenient => lenient;

    /// <summary>One message for each record that was skipped.</summary>
    public IReadOnlyList<string> Skipped => _skipped;

    /// <summary>Notes a bad record.</summary>
    /// <param name="problem">File, line, field and what is wrong.</param>
    /// <exception cref="EvaluationException">The problem itself, unless lenient.</exception>
    public void Report(EvaluationException problem)
    {
        if (!lenient)
        {
            throw problem;
        }

        _skipped.Add(problem.Message);
    }
}
