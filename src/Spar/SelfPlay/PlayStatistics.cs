using System.Globalization;
using Spar.Judging;
using Spar.Search;

namespace Spar.SelfPlay;

/// <summary>
/// What the play of an iteration counts (<see cref="PlayProduct"/>); the names of the counts are kept with the run.
/// </summary>
internal static class PlayStatistics
{
    /// <summary>Counts an iteration's play.</summary>
    /// <param name="records">The play of its prompts.</param>
    /// <param name="gate">Decides verdicts.</param>
    public static StageStatistics Of(IEnumerable<PlayRecord> records, Gate gate)
    {
        Counts counts = new();
        foreach (
            string name in (string[])["prompts", "responses", .. Enum.GetValues<Verdict>()
                .Select(VerdictCounts.InPlay), SearchCounts.Searched])
        {
            counts.Add(name, 0);
        }

        foreach (SearchOutcome outcome in Enum.GetValues<SearchOutcome>())
        {
            counts.Add(SearchCounts.NameOf(outcome), 0);
        }

        foreach (PlayRecord record in records)
        {
            counts.Add("prompts");
            CountResponses(record, gate, counts);
            foreach (PlayedResponse judged in record.Responses
                .Where(response => response.Incomplete is null).DistinctBy(response => response.Text))
            {
                CountJudging(judged.Valuation, counts);
            }

            if (record.Tree is { } tree)
            {
                CountTree(record.PromptId, tree, counts);
            }
        }

        return counts.ToStatistics();
    }

    /// <summary>Counts an iteration's play as its run counted it.</summary>
    /// <param name="records">The play of its prompts.</param>
    /// <param name="values">Dotted key to value, as the run's identity has them.</param>
    public static StageStatistics Of(IEnumerable<PlayRecord> records, IReadOnlyDictionary<string, string> values) =>
        Of(
            records,
            double.TryParse(
                values.GetValueOrDefault("search.gate"), NumberStyles.Float, CultureInfo.InvariantCulture,
                out double gate)
                ? new Gate(gate) : Gate.Majority);

    private static void CountResponses(PlayRecord record, Gate gate, Counts counts)
    {
        for (int k = 0; k < record.Responses.Count; k++)
        {
            PlayedResponse response = record.Responses[k];
            counts.Add("responses");
            if (response.Failure is { } failure)
            {
                counts.Add("responses lost");
                counts.Fail($"{record.PromptId}, response {k}", failure);
                continue;
            }

            if (response.Incomplete is { } why)
            {
                counts.Add(ActorSamples.LeftOut(why));
                continue;
            }

            counts.Add(VerdictCounts.InPlay(gate.VerdictOn(response.Valuation!)));
        }
    }

    private static void CountTree(string promptId, SearchTree tree, Counts counts)
    {
        counts.Add(SearchCounts.Searched);
        counts.Add(SearchCounts.NameOf(tree.Outcome));
        if (tree.Mended == true)
        {
            counts.Add("mended by rule");
            if (tree.Nodes[0].Valuation is null)
            {
                counts.Add("of these: cut off");
            }
        }

        counts.Add(SearchCounts.Nodes, tree.Nodes.Count - 1);
        counts.Add("tree calls", tree.Calls);
        counts.AddReasons("refinement", tree.Unparsed);
        foreach (SearchNode node in tree.Nodes.Where(node => node.Parent is not null && node.SameAs is null))
        {
            CountJudging(node.Valuation, counts);
        }

        if (tree.Failure is { } failure)
        {
            counts.Fail($"{promptId}, search", failure);
        }
    }

    private static void CountJudging(Valuation? valuation, Counts counts)
    {
        counts.AddReasons("judgement", valuation?.Unparsed);
        counts.Add("judging calls", valuation?.Calls ?? 0);
        if (valuation?.Verified == true)
        {
            counts.Add("verified by rule");
        }
    }
}
