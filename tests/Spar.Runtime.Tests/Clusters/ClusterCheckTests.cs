using Spar.Runtime.Clusters;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Launchers;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Clusters;

/// <summary>What a cluster is said to have, and what a recipe lacks of it.</summary>
[Collection(SlurmCollection.Name), Trait("Needs", "Slurm")]
public sealed class ClusterCheckTests(SlurmFixture slurm)
{
    [Fact]
    public void Partitions_of_several_lines_are_one()
    {
        SlurmPartition[] partitions =
        [
            .. SlurmPartition.Parse(
                "h100*|up|3/1/0/4|gpu:h100:8(S:0-1)|1-00:00:00\nh100*|up|0/2/1/3|gpu:4,shard:16|1-00:00:00\ncpu|down|0/0/2/2|(null)|infinite\n"),
        ];
        Assert.Equal(
            [
                new SlurmPartition("h100", true, true, 7, 3, 6, 8, "1-00:00:00"),
                new SlurmPartition("cpu", false, false, 2, 0, 0, 0, "infinite"),
            ],
            partitions);
    }

    [Fact]
    public async Task What_a_recipe_needs_is_there_and_seen_from_the_nodes()
    {
        slurm.Require();
        using OwnFolder folder = new();
        IReadOnlyList<ClusterFinding> findings = await LookAsync("{}", folder.Path, probe: true);
        Assert.DoesNotContain(findings, finding => finding.State == FindingState.Missing);
        Assert.Contains(
            findings, finding => finding is { Name: "shared directory", State: FindingState.Ok }
                && finding.Detail.EndsWith("is seen by spar1, spar2", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding == new ClusterFinding("LLaMA-Factory on nodes", FindingState.Ok, "0.9.5"));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("partition: h100", "there is no such partition", "one of all")]
    [InlineData("nodes: 4", "asks for 4 nodes, and 2 of 2 are usable", "to 2 at most")]
    [InlineData("gpus_per_node: 8", "asks for 8 GPUs a node, and a node has 0", "gpus_per_node to 0")]
    public async Task What_it_lacks_comes_with_what_mends_it(string asked, string detail, string remedy)
    {
        slurm.Require();
        ClusterFinding missing = Assert.Single(
            await LookAsync($"{{ {asked} }}", "runs", probe: false), finding => finding.State == FindingState.Missing);
        Assert.Contains(detail, missing.Detail, StringComparison.Ordinal);
        Assert.Contains(remedy, missing.Remedy, StringComparison.Ordinal);
    }

    private static Task<IReadOnlyList<ClusterFinding>> LookAsync(string launcher, string directory, bool probe)
    {
        RecipeDocument document = RecipeDocument.Parse(
            $$"""
            base_model: {{Path.Combine(SharedData.ProjectRoot, "models", "nano")}}
            trainer:
              kind: llamafactory
              template: llama3
              command: [{{string.Join(", ", FakeTrainers.Command)}}]
              launcher: { kind: slurm, {{(launcher.Contains("nodes", StringComparison.Ordinal) ? "" : "nodes: 2, ")}}{{(launcher.Contains("gpus", StringComparison.Ordinal) ? "" : "gpus_per_node: 0, ")}}{{launcher.Trim('{', '}', ' ')}} }
            """,
            "recipe");
        return new ClusterCheck(document.Bind<RunRecipe>(), directory, TimeProvider.System)
            .LookAsync(probe, TimeSpan.FromMinutes(1), CancellationToken.None);
    }
}
