using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Web.Tests.Dashboard;

/// <summary>A run directory with some play, which more can be written into while it is looked at.</summary>
internal sealed class PlayedRun : IDisposable
{
    /// <summary>What no page may pass on as markup.</summary>
    public const string Evil = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' &amp;";

    private readonly DirectoryInfo _work = System.IO.Directory.CreateTempSubdirectory("spar-dashboard-");

    public PlayedRun(int prompts = 3, string name = "run", int seed = 1)
    {
        Directory = Path.Combine(_work.FullName, name);
        Store = RunStore.Open(Directory, new RunIdentity(new Dictionary<string, string>
        {
            ["seed"] = $"{seed}",
            ["iterations"] = "2",
            ["search.gate"] = "0.5",
            ["base_model"] = "models/nano",
            ["method"] = "spar",
        }));
        for (int item = 0; item < prompts; item++)
        {
            Play(1, item);
        }

        Store.KeepProduct(
            StageNames.Play(1), new PlayProduct(StageStatistics.None), new StageTiming(StageNames.Play(1), "2026-01-01T00:00:00Z", 2, 9, 90));
        Store.KeepProduct(
            StageNames.Data(1),
            new DataProduct(
                StageStatistics.None,
                [new PreferencePair("id-0", "write about crabs", $"a good crab {Evil}", "a bad crab")],
                [new SupervisedRow("id-0", "refinement", "refine this", "refined")]),
            new StageTiming(StageNames.Data(1), "2026-01-01T00:00:02Z", 1, 0, 0));
        Store.KeepProduct(
            StageNames.Evaluation(RowName.Sft), new EvaluationProduct(new EvaluationRow(RowName.Sft, 0.5, HeldOutCount: 10)),
            new StageTiming(StageNames.Evaluation(RowName.Sft), "2026-01-01T00:00:03Z", 1, 10, 100));
    }

    public string Directory { get; }

    public RunStore Store { get; }

    /// <summary>Keeps the play of a prompt, with its calls.</summary>
    public void Play(int iteration, int item, string word = "lobster")
    {
        Valuation no = new(1, 4, $"lacks something {Evil}");
        Valuation yes = new(5, 0, "all is well");
        bool searched = item % 2 == 0;
        Store.Keep($"it{iteration}/respond/p{item}/k0", 1, new Answer($"a bad {word} {Evil}", 3, 4, "stop"));
        Store.Keep($"it{iteration}/judge/p{item}/abc/v0", 1, new Answer("judgement: no", 3, 4, "stop"));
        Store.Keep($"it{iteration}/tree/p{item}/n1/refine/try0", 1, new Answer($"a good {word}", 3, 4, null));
        Store.KeepItem(StageNames.Play(iteration), item, new PlayRecord(
            $"id-{item}", $"write about number{item} {Evil}", [new PlayedResponse($"a bad {word} {Evil}", searched ? no : yes)], searched ? 0 : null,
            searched
                ? new SearchTree(
                    SearchOutcome.Success, 1,
                    [new SearchNode(0, null, 0, $"a bad {word}", null, no), new SearchNode(1, 0, 1, $"a good {word}", "reflection", yes)], 8, [])
                : null));
    }

    public void Dispose()
    {
        Store.Dispose();
        _work.Delete(recursive: true);
    }
}
