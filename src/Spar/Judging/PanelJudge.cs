namespace Spar.Judging;

/// <summary>
/// Several judges, each with one vote: its verdict. A judge that is undecided or tied casts none. The critique is that of the first judge that agrees
/// with the majority. Judges are asked side by side; the calls of judge j are named key/j{j}/...
/// </summary>
/// <param name="judges">The panel, at least one.</param>
public sealed class PanelJudge(IReadOnlyList<IJudge> judges) : IJudge
{
    /// <inheritdoc/>
    public int MostCalls => judges.Sum(judge => judge.MostCalls);

    /// <inheritdoc/>
    public async Task<Valuation> JudgeAsync(string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Valuation[] verdicts = await Task.WhenAll(
            judges.Select((judge, j) => judge.JudgeAsync($"{key}/j{j}", instruction, response, cancellationToken))).ConfigureAwait(false);
        int yes = verdicts.Count(verdict => verdict.Majority == Majority.Yes);
        int no = verdicts.Count(verdict => verdict.Majority == Majority.No);
        Majority wanted = yes > no ? Majority.Yes : Majority.No;
        string[] unparsed = [.. verdicts.SelectMany(verdict => verdict.Unparsed ?? [])];
        return new Valuation(
            yes, no, verdicts.FirstOrDefault(verdict => verdict.Majority == wanted)?.Critique, unparsed.Length == 0 ? null : unparsed)
        {
            CallsMade = verdicts.Sum(verdict => verdict.Calls),
        };
    }
}
