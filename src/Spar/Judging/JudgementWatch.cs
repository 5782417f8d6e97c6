using System.Globalization;
using Spar.Calls;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>
/// Sees to it that judgements can be read. A judge that writes in another form than the prompt set asks for decides
/// nothing, and a run with it would end without having learnt anything. Used from many threads.
/// </summary>
public sealed class JudgementWatch
{
    // Below this nothing is certain; above that, the older half is forgotten, so that a judge that fails later is seen.
    private const int Least = 32;
    private const int Most = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _reasons = new(StringComparer.Ordinal);
    private double _readable;
    private double _unreadable;
    private string? _example;

    /// <summary>Counts the votes of a valuation.</summary>
    /// <param name="valuation">As a judge gave it.</param>
    /// <param name="before">The same before votes were added; null where it is new.</param>
    /// <exception cref="RunFaultException">Most judgements cannot be read; the message has one of them.</exception>
    public void Count(Valuation valuation, Valuation? before = null)
    {
        if (valuation.Verified == true)
        {
            return;
        }

        Count(
            valuation.Yes + valuation.No - ((before?.Yes ?? 0) + (before?.No ?? 0)),
            [.. (valuation.Unparsed ?? []).Skip(before?.Unparsed?.Count ?? 0)],
            valuation.Unreadable);
    }

    /// <summary>Counts a judgement.</summary>
    /// <param name="judgement">As it was read.</param>
    /// <exception cref="RunFaultException">Most judgements cannot be read; the message has one of them.</exception>
    public void Count(Judgement judgement) => Count(
        judgement.Verdict is null ? 0 : 1, judgement.Unparsed is { } reason ? [reason] : [], judgement.Tail);

    private void Count(int readable, IReadOnlyList<string> unparsed, string? example)
    {
        lock (_gate)
        {
            _readable += readable;
            _unreadable += unparsed.Count;
            foreach (string reason in unparsed)
            {
                _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;
            }

            _example ??= unparsed.Count > 0 ? example : null;
            double all = _readable + _unreadable;
            if (all >= Least && _unreadable - _readable > 2 * Math.Sqrt(all))
            {
                throw new RunFaultException(Complaint());
            }

            if (all >= Most)
            {
                _readable /= 2;
                _unreadable /= 2;
            }
        }
    }

    private string Complaint()
    {
        string reasons = string.Join(
            ", ", _reasons.OrderByDescending(reason => reason.Value).ThenBy(reason => reason.Key, StringComparer.Ordinal)
                .Take(3).Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Key} ({reason.Value})")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Most judgements cannot be read ({_unreadable:0} of the last {_readable + _unreadable:0}: {reasons}), so "
            + $"nothing can be learnt from them. One of them: \"{_example}\". Set prompt_set to the wording that the judge "
            + $"knows, or take another judge. What was answered so far is kept.");
    }
}

/// <summary>A judge under a watch.</summary>
/// <param name="judge">Judges.</param>
/// <param name="watch">Counts what can be read.</param>
public sealed class WatchedJudge(IJudge judge, JudgementWatch watch) : IJudge
{
    /// <inheritdoc/>
    public int MostCalls => judge.MostCalls;

    /// <inheritdoc/>
    /// <exception cref="RunFaultException">Most judgements cannot be read.</exception>
    public async Task<Valuation> JudgeAsync(
        string key, string instruction, string response, CancellationToken cancellationToken)
    {
        Valuation valuation = await judge.JudgeAsync(key, instruction, response, cancellationToken)
            .ConfigureAwait(false);
        watch.Count(valuation);
        return valuation;
    }

    /// <inheritdoc/>
    /// <exception cref="RunFaultException">Most judgements cannot be read.</exception>
    public async Task<Valuation> CompleteAsync(
        string instruction, string response, Valuation valuation, CancellationToken cancellationToken)
    {
        Valuation completed = await judge.CompleteAsync(instruction, response, valuation, cancellationToken)
            .ConfigureAwait(false);
        watch.Count(completed, valuation);
        return completed;
    }
}
