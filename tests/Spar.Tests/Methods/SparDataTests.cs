using Spar.Calls;
using Spar.Judging;
using Spar.Methods;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Tests.Fakes;

namespace Spar.Tests.Methods;

public sealed class SparDataTests
{
    private static readonly RefinerQuotas s_quotas = new();

    private static DataProduct Build(RefinerQuotas quotas, ulong seed, IEnumerable<PlayRecord> records) =>
        TestRuns.DataOf(records, TestRuns.Small with { Quotas = quotas }, seed);

    private static Valuation Vote(int yes, int no, string critique) => new(yes, no, critique);

    private static SearchNode Node(int id, int? parent, string response, int yes, int no, int? sameAs = null) =>
        new(id, parent, parent is null ? 0 : 1, response, parent is null
            ? null : $"refined: {response}", Vote(yes, no, $"on {response}"), sameAs);

    private static PlayRecord Record(string id, SearchOutcome outcome, int? found, params SearchNode[] nodes) => new(
        id,
        $"task {id}",
        [
            new PlayedResponse("bad", Vote(1, 4, "on bad")), new PlayedResponse("good", Vote(4, 1, "on good")),
            new PlayedResponse("sure", Vote(5, 0, "on sure")),
            new PlayedResponse("tied", Vote(2, 2, "on tied")), new PlayedResponse("lost", null, "down"),
        ],
        0,
        new SearchTree(outcome, found, nodes, 9, []));

    [Fact]
    public void A_pair_is_found_against_the_actors_own()
    {
        DataProduct data = Build(s_quotas, 1,
        [
            Record(
                "a", SearchOutcome.Success, 2, Node(0, null, "bad", 1, 4), Node(1, 0, "mid", 1, 4),
                Node(2, 1, "found", 4, 1)),
            Record("b", SearchOutcome.Exhausted, null, Node(0, null, "bad", 1, 4), Node(1, 0, "mid", 1, 4)),
            new PlayRecord("c", "task c", [new PlayedResponse("sure", Vote(5, 0, "x"))], null, null),
        ]);
        Assert.Equal(new PreferencePair("a", "task a", "found", "bad"), Assert.Single(data.Pairs));
        SupervisedRow refinement = Assert.Single(data.RefinerRows, row => row.Kind == RowKinds.Refinement);
        Assert.Equal(
            new SupervisedRow(
                "a", RowKinds.Refinement, "refine\ntask: task a\nresponse: mid\non mid", "refined: found"), refinement);
        Assert.Equal(1, data.Statistics.Counts["pairs"]);
    }

    [Fact]
    public void A_response_that_was_cut_off_is_rejected_as_such_and_no_refinement_is_learnt_of_it()
    {
        PlayRecord record = new(
            "a", "task a", [new PlayedResponse("on and on", null) { Incomplete = AnswerReading.CutOff }], 0,
            new SearchTree(
                SearchOutcome.Success, 1,
                [new(0, null, 0, "on and on", null, null), new(1, 0, 1, "on.", "refined: on.", Vote(1, 0, "fine"))],
                1, [])
            { Mended = true });
        DataProduct data = Build(s_quotas, 1, [record]);
        Assert.Equal(
            new PreferencePair("a", "task a", "on.", "on and on") { RejectedCutOff = true }, Assert.Single(data.Pairs));
        Assert.DoesNotContain(data.RefinerRows, row => row.Kind == RowKinds.Refinement);
    }

    [Fact]
    public void Each_kind_takes_its_rows()
    {
        DataProduct data = Build(s_quotas, 1,
        [
            Record(
                "a", SearchOutcome.Success, 3, Node(0, null, "bad", 1, 4), Node(1, 0, "mid", 1, 4),
                Node(2, 0, "zero", 0, 5), Node(3, 1, "found", 5, 0)),
        ]);
        Assert.Equal(
            [
                (RowKinds.Refinement, "refined: found"), (RowKinds.TreeYes, "on found"), (RowKinds.TreeNo, "on mid"),
                (RowKinds.VoteYes, "on good"),
                (RowKinds.VoteNo, "on bad"),
            ],
            data.RefinerRows.Select(row => (row.Kind, row.Response)));
        Assert.Equal("judge\ntask: task a\nresponse: mid", data.RefinerRows[2].Prompt);
    }

    [Fact]
    public void A_row_is_not_taken_twice()
    {
        // The tree met the response "good" again, which the votes on the actor's responses offer too.
        DataProduct data = Build(s_quotas, 1,
            [Record(
                "a", SearchOutcome.Success, 1, Node(0, null, "bad", 1, 4), Node(1, 0, "good", 4, 1),
                Node(2, 0, "bad", 1, 4, sameAs: 0))]);
        Assert.Equal(
            [RowKinds.Refinement, RowKinds.TreeYes, RowKinds.VoteNo], data.RefinerRows.Select(row => row.Kind));
    }

    [Fact]
    public void Quotas_hold_one_row_a_prompt_and_kind()
    {
        PlayRecord[] records =
        [
            .. Enumerable.Range(0, 40).Select(i => Record(
                $"p{i:00}", SearchOutcome.Success, 4, Node(0, null, "bad", 1, 4), Node(1, 0, "m1", 1, 4),
                Node(2, 0, "m2", 2, 3), Node(3, 0, "m3", 1, 4),
                Node(4, 3, "found", 5, 0))),
        ];
        RefinerQuotas quotas = new() { Refinements = 30, TreeYes = 0, TreeNo = 10, VoteYes = 40, VoteNo = 100 };
        DataProduct data = Build(quotas, 1, records);
        Dictionary<string, SupervisedRow[]> kinds = data.RefinerRows.GroupBy(row => row.Kind)
            .ToDictionary(kind => kind.Key, kind => kind.ToArray());
        Assert.Equal(30, kinds[RowKinds.Refinement].Length);
        Assert.False(kinds.ContainsKey(RowKinds.TreeYes));
        Assert.Equal(10, kinds[RowKinds.TreeNo].Length);
        Assert.Equal(40, kinds[RowKinds.VoteYes].Length);
        Assert.Equal(40, kinds[RowKinds.VoteNo].Length);
        Assert.All(kinds.Values, rows =>
            Assert.Equal(rows.Select(row => row.PromptId).Distinct().Order(), rows.Select(row => row.PromptId)));
        Assert.True(kinds[RowKinds.TreeNo].Select(row => row.Response).Distinct().Count() > 1);
        Assert.Equal(40, data.Statistics.Counts["tree-no: candidates"]);
        Assert.Equal(10, data.Statistics.Counts["tree-no: rows"]);

        Assert.Equal(data.RefinerRows, Build(quotas, 1, records).RefinerRows);
        Assert.NotEqual(data.RefinerRows, Build(quotas, 2, records).RefinerRows);
    }
}
