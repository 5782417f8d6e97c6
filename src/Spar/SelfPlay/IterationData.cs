using Spar.Ground;
using Spar.Judging;
using Spar.Templates;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>Makes an iteration's training data from its play: a pure function of the records and the seed.</summary>
/// <param name="refinement">What the chosen side of a pair is.</param>
/// <param name="quotas">Most rows of each kind for the refiner.</param>
/// <param name="templates">The refiner's prompts, as it will see them.</param>
/// <param name="seed">Decides which rows a quota drops, and which of a prompt's candidates is taken.</param>
/// <param name="unanimous">Whether pairs are made only where the votes on the chosen response were unanimous.</param>
internal sealed class IterationData(RefinementKind refinement, RefinerQuotas quotas, TemplateSet templates, ulong seed, bool unanimous = false)
{
    public DataProduct Build(IEnumerable<PlayRecord> records)
    {
        List<PairRow> pairs = [];
        OrderedDictionary<string, (int Quota, List<DataRow> Rows)> kinds = new(StringComparer.Ordinal)
        {
            [RowKinds.Refinement] = (quotas.Refinements, []),
            [RowKinds.TreeYes] = (quotas.TreeYes, []),
            [RowKinds.TreeNo] = (quotas.TreeNo, []),
            [RowKinds.VoteYes] = (quotas.VoteYes, []),
            [RowKinds.VoteNo] = (quotas.VoteNo, []),
        };
        int disputed = 0;
        foreach (PlayRecord record in records)
        {
            if (Chosen(record) is { } chosen)
            {
                if (unanimous && chosen.Vote.Disputed)
                {
                    disputed++;
                }
                else
                {
                    pairs.Add(new PairRow(record.PromptId, record.Prompt, chosen.Response, record.Responses[record.Negative!.Value].Text!));
                }
            }

            // Rows of one prompt: one a kind, and none twice (a tree may meet a response that the actor gave too).
            HashSet<(string Prompt, string Response)> seen = [];
            foreach ((string kind, (_, List<DataRow> rows)) in kinds)
            {
                DataRow[] candidates = [.. Candidates(record, kind).Where(row => !seen.Contains((row.Prompt, row.Response)))];
                if (candidates.Length > 0)
                {
                    DataRow row = candidates[new SeededRandom(StableHash.Seed(seed, $"{kind}/{record.PromptId}")).Next(candidates.Length)];
                    seen.Add((row.Prompt, row.Response));
                    rows.Add(row);
                }
            }
        }

        Counts counts = new();
        counts.Add("pairs", pairs.Count);
        if (unanimous)
        {
            counts.Add("pairs dropped: disputed", disputed);
        }

        List<DataRow> refinerRows = [];
        foreach ((string kind, (int quota, List<DataRow> rows)) in kinds)
        {
            List<DataRow> taken = new SeededRandom(StableHash.Seed(seed, $"quota/{kind}")).Choose(rows, quota);
            counts.Add($"{kind}: candidates", rows.Count);
            counts.Add($"{kind}: rows", taken.Count);
            refinerRows.AddRange(taken);
        }

        return new DataProduct(counts.ToStatistics(), pairs, refinerRows);
    }

    /// <summary>The response that goes against the record's negative; null when there is none.</summary>
    private (string Response, Valuation Vote)? Chosen(PlayRecord record)
    {
        if (refinement != RefinementKind.None)
        {
            return record.Tree is { Found: { } found } tree ? (tree.Node(found).Response, tree.Node(found).Vote!) : null;
        }

        (string, Valuation)[] passed = [.. record.Responses.Where(response => response.Vote?.Majority == Majority.Yes).Select(response => (response.Text!, response.Vote!))];
        return record.Negative is null || passed.Length == 0
            ? null
            : passed[new SeededRandom(StableHash.Seed(seed, $"chosen/{record.PromptId}")).Next(passed.Length)];
    }

    private IEnumerable<DataRow> Candidates(PlayRecord record, string kind)
    {
        SearchTree? tree = record.Tree;
        switch (kind)
        {
            case RowKinds.Refinement:
                if (tree?.Found is { } found)
                {
                    SearchNode child = tree.Node(found);
                    SearchNode parent = tree.Node(child.Parent!.Value);
                    yield return new DataRow(
                        record.PromptId, kind, templates.RefinePrompt(record.Prompt, parent.Response, parent.Vote!.Critique!), child.Refinement!);
                }

                break;
            case RowKinds.TreeYes or RowKinds.TreeNo:
                foreach (SearchNode node in tree?.Nodes ?? [])
                {
                    // A verifier's words are not the refiner's to learn.
                    bool wanted = node.Vote?.Verified != true && (kind == RowKinds.TreeYes ? node.Value > 0.5 : node.Value is > 0 and < 0.5);
                    if (node.Parent is not null && node.SameAs is null && wanted)
                    {
                        yield return Judged(record, kind, node.Response, node.Vote!);
                    }
                }

                break;
            default:
                Majority majority = kind == RowKinds.VoteYes ? Majority.Yes : Majority.No;
                foreach (PlayedResponse response in record.Responses)
                {
                    if (response.Vote is { Disputed: true } vote && vote.Majority == majority)
                    {
                        yield return Judged(record, kind, response.Text!, vote);
                    }
                }

                break;
        }
    }

    private DataRow Judged(PlayRecord record, string kind, string response, Valuation vote) =>
        new(record.PromptId, kind, templates.JudgePrompt(record.Prompt, response), vote.Critique!);
}
