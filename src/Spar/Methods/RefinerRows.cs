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
/// pure function of the records and the seed. The play is gone through twice and no row is held: once to count, and once
/// more, in the same order, to take what was drawn.
/// </summary>
/// <param name="quotas">Most rows of each kind.</param>
/// <param name="gate">Tells judgements of yes from those of no.</param>
/// <param name="templates">How the refiner is asked, as it will be again.</param>
/// <param name="seed">Decides which of a prompt's candidates is taken, and which rows a quota drops.</param>
internal sealed class RefinerRows(RefinerQuotas quotas, Gate gate, TemplateSet templates, ulong seed)
{
    private readonly KindDraw[] _kinds =
    [
        new(RowKinds.Refinement, quotas.Refinements), new(RowKinds.TreeYes, quotas.TreeYes),
        new(RowKinds.TreeNo, quotas.TreeNo), new(RowKinds.VoteYes, quotas.VoteYes), new(RowKinds.VoteNo, quotas.VoteNo),
    ];

    /// <summary>Counts one candidate of each kind that a prompt's play has.</summary>
    /// <param name="record">The play.</param>
    public void Count(PlayRecord record)
    {
        foreach ((KindDraw kind, _) in Of(record))
        {
            kind.Candidates++;
        }
    }

    /// <summary>Draws which candidates are within the quotas, when all are counted.</summary>
    /// <returns>Kinds in the order of their rows, with candidates and rows that are taken.</returns>
    public IReadOnlyList<(string Kind, int Candidates, int Taken)> Choose()
    {
        foreach (KindDraw kind in _kinds)
        {
            int[] candidates = [.. Enumerable.Range(0, kind.Candidates)];
            kind.Taken = [.. Random($"quota/{kind.Name}").Choose(candidates, kind.Quota)];
        }

        return [.. _kinds.Select(kind => (kind.Name, kind.Candidates, kind.Taken.Length))];
    }

    /// <summary>
    /// The rows of a prompt's play that were drawn; the records have to come in the order in which they were counted.
    /// </summary>
    /// <param name="record">The play.</param>
    public IEnumerable<SupervisedRow> Take(PlayRecord record)
    {
        foreach ((KindDraw kind, SupervisedRow row) in Of(record))
        {
            if (kind.Next < kind.Taken.Length && kind.Taken[kind.Next] == kind.Seen++)
            {
                kind.Next++;
                yield return row;
            }
        }
    }

    // One row of each kind, none twice: a tree may meet a response that the actor gave too.
    private IEnumerable<(KindDraw Kind, SupervisedRow Row)> Of(PlayRecord record)
    {
        HashSet<(string Prompt, string Response)> seen = [];
        foreach (KindDraw kind in _kinds)
        {
            SupervisedRow[] candidates = [
                .. Candidates(record, kind.Name).Where(row => !seen.Contains((row.Prompt, row.Response)))];
            if (candidates.Length > 0)
            {
                SupervisedRow row = candidates[Random($"{kind.Name}/{record.PromptId}").Next(candidates.Length)];
                seen.Add((row.Prompt, row.Response));
                yield return (kind, row);
            }
        }
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

    // The last step of a successful search; a response that was cut off is not judged, and not refined by a refiner.
    private IEnumerable<SupervisedRow> Refinements(PlayRecord record)
    {
        if (record.Tree is { Found: { } found } tree)
        {
            SearchNode child = tree.Node(found);
            SearchNode parent = tree.Node(child.Parent!.Value);
            if (parent.Valuation is { } valuation)
            {
                string asked = templates.RefinePrompt(record.Instruction, parent.Response, valuation.Critique!);
                yield return new SupervisedRow(record.PromptId, RowKinds.Refinement, asked, child.Refinement!);
            }
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

    private sealed class KindDraw(string name, int quota)
    {
        public string Name => name;

        public int Quota => quota;

        /// <summary>Candidates that were counted.</summary>
        public int Candidates { get; set; }

        /// <summary>The numbers of those that are taken, in their order.</summary>
        public int[] Taken { get; set; } = [];

        /// <summary>Candidates that were met again.</summary>
        public int Seen { get; set; }

        /// <summary>Rows that were taken of them.</summary>
        public int Next { get; set; }
    }
}
