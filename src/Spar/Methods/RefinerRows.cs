using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// What the refiner learns of an iteration's play: refinements that were found, judgements met in trees, and judgements
/// of responses on which the votes disagreed. One row a prompt and kind, and of each kind no more than its quota. A
/// pure function of the records and the seed.
/// </summary>
/// <param name="quotas">Most rows of each kind.</param>
/// <param name="gate">Tells judgements of yes from those of no.</param>
/// <param name="templates">How the refiner is asked, as it will be again.</param>
/// <param name="seed">Decides which of a prompt's candidates is taken, and which rows a quota drops.</param>
internal sealed class RefinerRows(RefinerQuotas quotas, Gate gate, TemplateSet templates, ulong seed)
{
    private readonly OrderedDictionary<string,
    (int Quota, List<SupervisedRow> Rows)> _kinds = new(StringComparer.Ordinal)
    {
        [RowKinds.Refinement] = (quotas.Refinements, []),
        [RowKinds.TreeYes] = (quotas.TreeYes, []),
        [RowKinds.TreeNo] = (quotas.TreeNo, []),
        [RowKinds.VoteYes] = (quotas.VoteYes, []),
        [RowKinds.VoteNo] = (quotas.VoteNo, []),
    };

    /// <summary>
    /// Takes one row of each kind that a prompt's play has, none twice: a tree may meet a response that the actor gave
    /// too.
    /// </summary>
    /// <param name="record">The play.</param>
    public void Add(PlayRecord record)
    {
        HashSet<(string Prompt, string Response)> seen = [];
        foreach ((string kind, (_, List<SupervisedRow> rows)) in _kinds)
        {
            SupervisedRow[] candidates = [
                .. Candidates(record, kind).Where(row => !seen.Contains((row.Prompt, row.Response)))];
            if (candidates.Length > 0)
            {
                SupervisedRow row = candidates[Random($"{kind}/{record.PromptId}").Next(candidates.Length)];
                seen.Add((row.Prompt, row.Response));
                rows.Add(row);
            }
        }
    }

    /// <summary>The rows within the quotas, kind by kind.</summary>
    /// <param name="counts">Counts candidates and rows of each kind.</param>
    public IReadOnlyList<SupervisedRow> Take(Counts counts)
    {
        List<SupervisedRow> all = [];
        foreach ((string kind, (int quota, List<SupervisedRow> rows)) in _kinds)
        {
            List<SupervisedRow> taken = Random($"quota/{kind}").Choose(rows, quota);
            counts.Add($"{kind}: candidates", rows.Count);
            counts.Add($"{kind}: rows", taken.Count);
            all.AddRange(taken);
        }

        return all;
    }

    private SeededRandom Random(string key) => new(StableHash.Seed(seed, key));

    private IEnumerable<SupervisedRow> Candidates(PlayRecord record, string kind) => kind switch
    {
        RowKinds.Refinement => Refinements(record),
        RowKinds.TreeYes => OfTree(record, kind, Verdict.Yes),
        RowKinds.TreeNo => OfTree(record, kind, Verdict.No),
        RowKinds.VoteYes => OfVotes(record, kind, Verdict.Yes),
        _ => OfVotes(record, kind, Verdict.No),
    };

    // The last step of a successful search.
    private IEnumerable<SupervisedRow> Refinements(PlayRecord record)
    {
        if (record.Tree is { Found: { } found } tree)
        {
            SearchNode child = tree.Node(found);
            SearchNode parent = tree.Node(child.Parent!.Value);
            string asked = templates.RefinePrompt(record.Instruction, parent.Response, parent.Valuation!.Critique!);
            yield return new SupervisedRow(record.PromptId, RowKinds.Refinement, asked, child.Refinement!);
        }
    }

    // A verifier's words are not the refiner's to learn, and a refinement without a single yes is too easy to reject.
    private IEnumerable<SupervisedRow> OfTree(PlayRecord record, string kind, Verdict verdict)
    {
        foreach (SearchNode node in record.Tree?.Nodes ?? [])
        {
            if (node is { Parent: not null, SameAs: null, Value: > 0, Valuation: { Verified: not true } valuation }
                && Argues(valuation, verdict))
            {
                yield return Judgement(record, kind, node.Response, valuation);
            }
        }
    }

    private IEnumerable<SupervisedRow> OfVotes(PlayRecord record, string kind, Verdict verdict)
    {
        foreach (PlayedResponse response in record.Responses)
        {
            if (response.Valuation is { Disputed: true } valuation && Argues(valuation, verdict))
            {
                yield return Judgement(record, kind, response.Text!, valuation);
            }
        }
    }

    private bool Argues(Valuation valuation, Verdict verdict) =>
        gate.VerdictOn(valuation) == verdict && valuation.CritiqueArguesFor(verdict == Verdict.Yes);

    private SupervisedRow Judgement(PlayRecord record, string kind, string response, Valuation valuation) =>
        new(record.PromptId, kind, templates.JudgePrompt(record.Instruction, response), valuation.Critique!);
}
