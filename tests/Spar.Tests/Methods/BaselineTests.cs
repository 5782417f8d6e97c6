using Spar.Experiments;
using Spar.Recipes;
using Spar.Runs;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.Methods;

/// <summary>
/// The methods that SPaR is compared with, in the fake world: what they make their models of, and that they can be
/// interrupted.
/// </summary>
public sealed class BaselineTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    private static Recipe RecipeOf(TrainingMethod method) => TestRuns.Small with
    {
        Method = method,
        PromptsPerIteration = 20,
        SftPrompts = 6,
        IterationSft = new SupervisedSettings { LearningRate = 0.1 },
        BackwardSft = new SupervisedSettings { LearningRate = 0.2 },
    };

    private async Task<(FakeTrainer Trainer, RunStore Store)> RunAsync(Recipe recipe)
    {
        FakeWorld world = new();
        FakeTrainer trainer = new(world);
        RunResults results = await TestRuns.RunAsync(_directory.Path, recipe, world, trainer);
        Assert.Equal(["base", "sft", "iteration-1", "iteration-2"], results.Rows.Select(row => row.Name.ToString()));
        Assert.Equal(0, world.Open);
        return (trainer, RunStore.OpenForReading(_directory.Path));
    }

    private static string[] Outputs(FakeTrainer trainer) =>
        [.. trainer.Jobs.Select(job => Path.GetFileName(job.OutputModel))];

    private static string Start(FakeTrainer trainer, string stage) =>
        Path.GetFileName(trainer.Jobs.Single(job => Path.GetFileName(job.OutputModel) == stage).StartModel);

    private static int Word(string response) => response[^1] - '0';

    [Fact]
    public async Task Self_rewarding_pairs_the_highest_score_with_the_lowest()
    {
        (FakeTrainer trainer, RunStore store) = await RunAsync(RecipeOf(TrainingMethod.SelfRewarding));
        using (store)
        {
            Assert.Equal(["actor-0", "refiner-0", "joint-0", "actor-1", "actor-2"], Outputs(trainer));
            Assert.Equal(
                ["actor-0", "joint-0", "actor-1"],
                [Start(trainer, "joint-0"), Start(trainer, "actor-1"), Start(trainer, "actor-2")]);
            DataProduct data = DataProduct.Find(store, 1)!;
            Assert.Equal(60, data.Statistics.Counts["responses"]);
            Assert.InRange(data.Pairs.Count, 10, 20);
            Assert.All(data.Pairs, pair => Assert.NotEqual(pair.Chosen, pair.Rejected));
            Assert.InRange(data.Pairs.Average(pair => Word(pair.Chosen) - Word(pair.Rejected)), 1, 9);
            Assert.IsType<TrainingData.Preference>(trainer.Jobs[^1].Data);
        }
    }

    [Fact]
    public async Task Meta_rewarding_trains_the_judge_too()
    {
        (FakeTrainer trainer, RunStore store) = await RunAsync(RecipeOf(TrainingMethod.MetaRewarding));
        using (store)
        {
            Assert.Equal(["actor-0", "refiner-0", "joint-0", "actor-1", "actor-2"], Outputs(trainer));
            DataProduct data = DataProduct.Find(store, 1)!;
            PreferencePair[] judgements = [
                .. data.Pairs.Where(pair => pair.Prompt.StartsWith("judge\n", StringComparison.Ordinal))];
            Assert.Equal(data.Statistics.Counts["pairs of judgements"], judgements.Length);
            Assert.Equal(data.Statistics.Counts["pairs"], data.Pairs.Count - judgements.Length);
            Assert.NotEmpty(judgements);
            Assert.All(judgements, pair => Assert.NotEqual(pair.Chosen[^3..], pair.Rejected[^3..]));
        }
    }

    [Fact]
    public async Task Meta_rewarding_asks_the_meta_judge_of_a_prompt_set_that_has_one()
    {
        using TempDirectory set = new();
        foreach (string file in (string[])["judge.txt", "refine.txt", "format.json"])
        {
            using StreamReader reader = new(
                typeof(Recipe).Assembly.GetManifestResourceStream($"Templates/compact/{file}")!);
            File.WriteAllText(set.File(file), reader.ReadToEnd());
        }

        // In the fake world, a prompt that begins like this is answered by a judgement.
        File.WriteAllText(
            set.File("meta_judge.txt"),
            "judge\ntwo judgements of {instruction}: {first} {second}\nresponse: {response}");
        await TestRuns.RunAsync(
            _directory.Path, RecipeOf(TrainingMethod.MetaRewarding), new FakeWorld(),
            prompts: Spar.Templates.TemplateSet.Load(set.Path));
        using RunStore store = RunStore.OpenForReading(_directory.Path);
        string[] keys = [.. store.Dump("SELECT key FROM calls WHERE key GLOB 'it1/meta/*'")];
        Assert.NotEmpty(keys);
        Assert.All(keys, key => Assert.Contains($"{key[..(key.LastIndexOf('/') + 1)]}g{key[^1]}-{key[^3]}", keys));
        Assert.True(DataProduct.Find(store, 1)!.Statistics.Counts["pairs of judgements"] > 0);
    }

    [Fact]
    public async Task Self_learns_what_passed_and_its_lessons()
    {
        (FakeTrainer trainer, RunStore store) = await RunAsync(RecipeOf(TrainingMethod.Self));
        using (store)
        {
            DataProduct data = DataProduct.Find(store, 1)!;
            Assert.Empty(data.Pairs);
            Assert.True(data.Statistics.Counts["refined and passed"] > 0);
            Assert.Equal(data.ActorRows!.Distinct().Count(), data.ActorRows!.Count);
            IReadOnlyList<SupervisedRow> lessons = store.FindProduct<SupervisedProduct>(
                StageNames.RefinerSftData)!.Rows;
            TrainingData.Supervised learnt = Assert.IsType<TrainingData.Supervised>(trainer.Jobs[^2].Data);
            Assert.Equal(data.ActorRows.Concat(lessons), learnt.Examples);
        }
    }

    [Fact]
    public async Task Self_without_refinement_learns_the_samples_that_passed()
    {
        Recipe recipe = RecipeOf(TrainingMethod.Self) with { Refinement = RefinementKind.None };
        (_, RunStore store) = await RunAsync(recipe);
        using (store)
        {
            DataProduct data = DataProduct.Find(store, 1)!;
            Assert.Equal(0, data.Statistics.Counts["refined and passed"]);
            Assert.NotEmpty(data.ActorRows!);
            Assert.Empty(store.Dump("SELECT key FROM calls WHERE key GLOB 'it1/refine/*'"));
        }

        Assert.Throws<RecipeException>((recipe with { Refinement = RefinementKind.Single }).Validate);
    }

    [Fact]
    public async Task Humpback_writes_instructions_for_texts()
    {
        (FakeTrainer trainer, RunStore store) = await RunAsync(RecipeOf(TrainingMethod.Humpback));
        using (store)
        {
            Assert.Equal(["actor-0", "refiner-0", "backward-0", "joint-0", "actor-1", "actor-2"], Outputs(trainer));
            Assert.Equal("base", Start(trainer, "backward-0"));
            SupervisedRow turned = ((TrainingData.Supervised)trainer.Jobs[2].Data).Examples[0];
            SupervisedRow seed = store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)!.Rows[0];
            Assert.Equal(
                new SupervisedRow(
                    seed.PromptId, RowKinds.Instruction, $"instruct\nresponse: {seed.Response}", seed.Prompt), turned);
            DataProduct data = DataProduct.Find(store, 1)!;
            Assert.NotEmpty(data.ActorRows!);
            Assert.All(data.ActorRows!, row => Assert.Contains(row.Response, new FakeSources().Take(20, 1)));
            Assert.Equal(data.ActorRows!.Count + 6, ((TrainingData.Supervised)trainer.Jobs[4].Data).Examples.Count);
        }
    }

    [Fact]
    public async Task Autoif_sorts_by_checks_that_survive()
    {
        (FakeTrainer trainer, RunStore store) = await RunAsync(RecipeOf(TrainingMethod.Autoif));
        using (store)
        {
            Assert.Equal(["actor-0", "refiner-0", "actor-1", "actor-2"], Outputs(trainer));
            DataProduct data = DataProduct.Find(store, 1)!;
            Assert.True(data.Statistics.Counts["checks contradicted"] > 0);
            Assert.True(data.Statistics.Counts["unparsed check: ( is missing at the end"] > 0);
            Assert.True(data.Statistics.Counts["prompts without checks"] < 10);
            Assert.NotEmpty(data.Pairs);
            Assert.All(data.Pairs, pair => Assert.True(Word(pair.Chosen) >= 5 && Word(pair.Rejected) < 5));
        }
    }

    [Theory]
    [InlineData(TrainingMethod.Spar)]
    [InlineData(TrainingMethod.Autoif)]
    [InlineData(TrainingMethod.Self)]
    [InlineData(TrainingMethod.Humpback)]
    [InlineData(TrainingMethod.SelfRewarding)]
    [InlineData(TrainingMethod.MetaRewarding)]
    public async Task A_run_that_is_killed_ends_in_the_same_bytes(TrainingMethod method)
    {
        Recipe recipe = RecipeOf(method) with { PromptsPerIteration = 5 };
        FakeWorld whole = new();
        await TestRuns.RunAsync(_directory.File("whole"), recipe, whole);
        int step = whole.Calls / 5;
        for (int kill = step; kill < whole.Calls; kill += step)
        {
            FakeWorld world = new(shuffle: (ulong)kill);
            world.KillAt(kill);
            await Assert.ThrowsAnyAsync<SparException>(
                () => TestRuns.RunAsync(_directory.File($"{kill}"), recipe, world, killed: true));
            await TestRuns.RunAsync(_directory.File($"{kill}"), recipe, new FakeWorld(shuffle: (ulong)kill + 1));
            Assert.Equal(TestRuns.Dump(_directory.File("whole")), TestRuns.Dump(_directory.File($"{kill}")));
        }
    }
}
