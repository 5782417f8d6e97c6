namespace Spar.Judging;

/// <summary>
/// Several judges, each with one vote: its verdict. A judge that is undecided or tied casts none. The critique is that
/// of the first judge that agrees with the panel's verdict. Judges are asked side by side; the calls of judge j are
/// named key/j{j}/...
/// </summary>
/// <param name="judges">The panel, at least one.</param>
/// <param name="gate">Decides each judge's verdict, and the panel's.</param>
public sealed class PanelJudge(IReadOnlyList<IJudge> judges, Gate gate) : IJudge
{
    /// <inheritdoc/>
    public int MostCalls => judges.Sum(judge => judge.MostCalls);

    /// <inheritdoc/>
    public async Task<Valuation> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Valuation[] valuations = await Task.WhenAll(
            judges.Select((judge, j) => judge.JudgeAsync($"{key}/j{j}", instruction, response, cancellationToken)))
                .ConfigureAwait(false);
        string[] unparsed = [.. valuations.SelectMany(valuation => valuation.Unparsed ?? [])];
        Valuation counted = new(
            valuations.Count(valuation => gate.VerdictOn(valuation) == Verdict.Yes),
            valuations.Count(valuation => gate.VerdictOn(valuation) == Verdict.No),
            null,
            unparsed.Length == 0 ? null : unparsed)
        {
            CallsMade = valuations.Sum(valuation => valuation.Calls),
            Unreadable = valuations.Select(valuation => valuation.Unreadable).FirstOrDefault(text => text is not null),
        };
        Verdict wanted = gate.Passes(counted) ? Verdict.Yes : Verdict.No;
        return counted with
        {
            Critique = valuations.FirstOrDefault(
            valuation => gate.VerdictOn(valuation) == wanted)?.Critique
        };
    }
}
