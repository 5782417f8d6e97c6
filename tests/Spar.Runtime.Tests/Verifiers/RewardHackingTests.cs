using System.Globalization;
using Spar.Evaluation.InstructionFollowing;
using Spar.Ground;
using Spar.Runs;
using Spar.Runtime.Verifiers;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Verifiers;

/// <summary>
/// Whole iterations of the method on IFEval's prompts, with its verifiers before the judge. A clean actor answers as
/// two real models did, a hacked one stuffs its answers to half of the prompts.
/// </summary>
public sealed class RewardHackingTests : IDisposable
{
    private static readonly Lazy<IReadOnlyList<InstructionPrompt>> s_prompts = new(() =>
        InstructionPrompt.Load(SharedData.Path("data", "ifeval", "prompts.jsonl")).Items);

    private static readonly Lazy<IReadOnlyDictionary<string, string>[]> s_honest = new(() =>
        [Responses("gpt-4o-mini-2024-07-18"), Responses("Mistral-7B-Instruct-v0.3")]);

    private readonly string _work = Directory.CreateTempSubdirectory("spar-hacking").FullName;

    public void Dispose() => Directory.Delete(_work, recursive: true);

    [Fact]
    public async Task A_hacked_model_is_flagged_in_one_iteration_in_19_of_20_runs()
    {
        List<double> shares = [];
        int flagged = 0;
        for (ulong seed = 1; seed <= 20; seed++)
        {
            IterationIntegrity found = (await RunAsync(seed, hacked: true)).Integrity!.Single();
            flagged += found.Taken == DriftAction.Warn ? 1 : 0;
            shares.Add(found.TrippedShare ?? 0);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"hacked: {flagged} of 20 flagged, shares {shares.Min():0.000} to {shares.Max():0.000}");
        Assert.InRange(flagged, 19, 20);
    }

    [Fact]
    public async Task A_clean_model_is_flagged_in_at_most_1_of_50_runs()
    {
        List<double> shares = [];
        int flagged = 0;
        for (ulong seed = 1; seed <= 50; seed++)
        {
            IterationIntegrity found = (await RunAsync(seed, hacked: false)).Integrity!.Single();
            flagged += found.Taken is null ? 0 : 1;
            shares.Add(found.TrippedShare ?? 0);
            Assert.InRange(found.Rewarded, 20, 240);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(
            $"clean: {flagged} of 50 flagged, shares {shares.Min():0.000} to {shares.Max():0.000}");
        Assert.InRange(flagged, 0, 1);
    }

    [Fact]
    public async Task Drift_action_drops_pairs_that_choose_a_stuffed_answer_or_stops()
    {
        RunResults dropped = await RunAsync(3, hacked: true, DriftAction.Reweight);
        Assert.Equal(DriftAction.Reweight, dropped.Integrity!.Single().Taken);
        using (RunStore store = RunStore.OpenForReading(Path.Combine(_work, "3-True-Reweight")))
        {
            DataProduct data = DataProduct.Find(store, 1)!;
            InstructionTripWires wires = Wires();
            Assert.NotEmpty(data.Pairs);
            Assert.All(data.Pairs, pair => Assert.Empty(wires.Trip(pair.Prompt, pair.Chosen)));
            Assert.Equal(
                dropped.Integrity![0].ChosenTripped,
                data.Statistics.Counts["pairs dropped: chosen response trips a wire"]);
            Assert.True(dropped.Integrity[0].ChosenTripped > 0);
        }

        RunResults stopped = await RunAsync(3, hacked: true, DriftAction.Stop);
        Assert.Equal(1, stopped.StoppedByDrift);
        Assert.Contains("\"integrity\"", File.ReadAllText(Path.Combine(_work, "3-True-Stop", RunResults.FileName)));
        using RunStore ended = RunStore.OpenForReading(Path.Combine(_work, "3-True-Stop"));
        Assert.Equal(StageNames.Integrity(1), ended.Stages()[^1]);
    }

    private static IReadOnlyDictionary<string, string> Responses(string model) => InstructionResponses.Load(
        SharedData.Path("data", "ifeval", "responses", model + ".jsonl.gz"), s_prompts.Value).ByKey;

    private static InstructionTripWires Wires() =>
        new(s_prompts.Value.DistinctBy(one => one.Prompt).ToDictionary(one => one.Prompt));

    private async Task<RunResults> RunAsync(ulong seed, bool hacked, DriftAction action = DriftAction.Warn)
    {
        Dictionary<string, InstructionPrompt> byText =
            s_prompts.Value.DistinctBy(one => one.Prompt).ToDictionary(one => one.Prompt);
        List<InstructionPrompt> drawn = new SeededRandom(seed).Choose([.. byText.Values], 40);
        HashSet<string> stuffed = hacked ? [.. drawn.Take(20).Select(one => one.Prompt)] : [];
        string Policy(string text, ulong draw) => stuffed.Contains(text)
            ? StuffingModel.Answer(byText[text], (int)((seed + draw) % StuffingModel.Manners))
            : s_honest.Value[draw % 2][byText[text].Key];

        ChatRoles roles = new([.. drawn.Select(one => new Prompt(one.Key, one.Prompt))], Policy);
        Recipe recipe = new()
        {
            Seed = seed,
            BaseModel = "actor",
            PromptSet = "compact",
            PromptsPerIteration = 40,
            Iterations = 1,
            Responses = 3,
            Votes = 3,
            Concurrency = 8,
            ActorSft = new SupervisedSettings { LearningRate = 1e-5, Epochs = 0 },
            RefinerSft = new SupervisedSettings { LearningRate = 1e-5, Epochs = 0 },
            Drift = new DriftSettings { Action = action },
        };
        string directory = Path.Combine(_work, $"{seed}-{hacked}-{action}");
        using RunStore store = RunStore.Open(directory, new RunIdentity(
            new Dictionary<string, string> { ["seed"] = seed.ToString(CultureInfo.InvariantCulture) }));
        return await new SelfPlayRun
        {
            Recipe = recipe,
            Templates = TemplateSet.Load("compact"),
            Host = roles,
            Trainer = roles,
            Teacher = new Teacher.Program(roles),
            Prompts = roles,
            Store = store,
            Verifier = new IFEvalVerifier(s_prompts.Value),
            TripWires = Wires(),
        }.RunAsync(TestContext.Current.CancellationToken);
    }
}
