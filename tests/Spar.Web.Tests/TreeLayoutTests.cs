using FsCheck;
using FsCheck.Fluent;
using Spar.Search;
using Spar.Web.Trees;

namespace Spar.Web.Tests;

public class TreeLayoutTests
{
    [Fact]
    public void Nodes_of_one_level_never_overlap_and_stand_in_their_subtree()
    {
        Gen<SearchNode[]> tree = Gen.Choose(0, 1000).ListOf().Select(picks => (SearchNode[])
            [Node(0, null), .. picks.Select((pick, index) => Node(2 * (index + 1), 2 * (pick % (index + 1))))]);
        Prop.ForAll(tree.ToArbitrary(), nodes =>
        {
            TreeLayout layout = TreeLayout.Of(nodes);
            foreach (IGrouping<int, int> level in Enumerable.Range(0, nodes.Length)
                .GroupBy(node => layout.Depths[node]))
            {
                double[] columns = [.. level.Select(node => layout.Columns[node]).Order()];
                Assert.All(columns.Zip(columns.Skip(1)), pair => Assert.True(pair.Second - pair.First >= 1));
                Assert.All(columns, column => Assert.InRange(column, 0, layout.Leaves - 1));
            }
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_path_leads_to_the_best_refinement()
    {
        TreeLayout layout = TreeLayout.Of(SampleReports.Search().Tree.Nodes);
        Assert.Equal([true, false, true, false, false, false, true, false], layout.OnPath);
        Assert.Equal([0, 1, 1, 1, 2, 2, 2, 2], layout.Depths);
        Assert.Equal(5, layout.Leaves);
    }

    [Fact]
    public void A_root_alone_is_a_tree() => Assert.Equal([true], TreeLayout.Of([Node(0, null)]).OnPath);

    [Fact]
    public void What_is_no_tree_is_refused()
    {
        Assert.Throws<ArgumentException>(() => TreeLayout.Of([]));
        Assert.Throws<ArgumentException>(() => TreeLayout.Of([Node(0, null), Node(1, null)]));
        Assert.Throws<ArgumentException>(() => TreeLayout.Of([Node(0, null), Node(1, 2), Node(2, 1)]));
        Assert.Throws<ArgumentException>(() => TreeLayout.Of([Node(0, 0)]));
        Assert.Throws<ArgumentException>(() => TreeLayout.Of([Node(0, null), Node(0, 0)]));
    }

    private static SearchNode Node(int id, int? parent) => SampleReports.Node(id, parent, 0.5, "text", null);
}
