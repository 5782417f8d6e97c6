using Spar.Calls;
using Spar.Exports;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Tests.Fakes;

namespace Spar.Tests.SelfPlay;

/// <summary>What rules make in play of responses that run into their limit.</summary>
public sealed class MendingPlayTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cut_off_response_is_ended_and_mended_and_rejected_as_what_it_is(bool inPlay)
    {
        FakeWorld world = new() { Says = (_, answer) => $"{answer}, so. and then, and then", Finish = "length" };
        Rules rules = new();
        string run = _directory.File("run");
        Recipe recipe = TestRuns.Small with
        {
            Iterations = 1,
            Judging = new JudgingSettings { ConstraintsSuffice = true },
            ActorSft = TestRuns.Small.ActorSft with { Epochs = 0 },
            RefinerSft = TestRuns.Small.RefinerSft with { Epochs = 0 },
        };
        await TestRuns.RunAsync(
            run, recipe, world, verifier: rules,
            teacher: new Teacher.Mending("base", new Sampling(0.7, 1, 9), rules, rules) { InPlay = inPlay });

        using RunStore store = RunStore.OpenForReading(run);
        PlayRecord[] records = [.. store.ReadItems<PlayRecord>(StageNames.Play(1)).Select(one => one.Record)];
        Assert.Equal(recipe.PromptsPerIteration, records.Length);
        Assert.All(records, record =>
        {
            Assert.All(record.Responses, response => Assert.True(response.IsCutOff));
            Assert.Equal(inPlay ? SearchOutcome.Success : null, record.Tree?.Outcome);
        });
        IReadOnlyDictionary<string, long> counts =
            store.FindProduct<PlayProduct>(StageNames.Play(1))!.Statistics.Counts;
        Assert.Equal(18, counts[$"responses left out: {AnswerReading.CutOff}"]);
        Assert.Equal(inPlay ? 6 : 0, counts.GetValueOrDefault("of these: cut off, ended by rule"));
        IReadOnlyList<PreferencePair> pairs = DataProduct.Find(store, 1)!.Pairs;
        Assert.Equal(inPlay ? 6 : 0, pairs.Count);
        Assert.All(pairs, pair =>
        {
            Assert.True(pair.RejectedCutOff);
            Assert.Matches("^word . so\\.$", pair.Chosen);
            Assert.EndsWith("and then, and then", pair.Rejected, StringComparison.Ordinal);
        });
        Assert.Empty(TrainerRows.Whole(pairs));
    }

    // Takes commas for faults; a text that was cut off ends with its last full stop.
    private sealed class Rules : IResponseMender, IConstraintVerifier
    {
        public string? RequestOf(string instruction) => instruction;

        public string? End(string response, bool cutOff) => response[..(response.LastIndexOf('.') + 1)];

        public string? Mend(string instruction, string response, ulong seed) =>
            response.Replace(",", "", StringComparison.Ordinal);

        public Verification Verify(string instruction, string response) =>
            new(
                response.Contains(',', StringComparison.Ordinal)
                    ? VerificationOutcome.NotFollowed : VerificationOutcome.Followed,
                "commas");
    }
}
