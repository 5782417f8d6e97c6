using Spar.Engine;
using Spar.Engine.Checkpoints;
using Spar.Engine.Tensors;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Runtime.Embedded;
using Spar.Runtime.Tests.Trainers;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Embedded;

public sealed class EmbeddedTrainerTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly string _root = Directory.CreateTempSubdirectory("spar-trainer-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task A_lora_training_saves_the_merged_model_and_the_adapter()
    {
        LoraSettings lora = new() { Rank = 2, Alpha = 4, TargetModules = ["q_proj", "down_proj"] };
        TrainingJob job = Job("lora", Pairs(lora));
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(job, null, s_none);
        Assert.Equal(0, report.Steps[0].RewardMargin!.Value, 1e-5);
        Assert.True(report.Steps[^1].RewardMargin > 0);
        Checkpoint merged = Checkpoint.Load(job.OutputModel), start = Checkpoint.Load(job.StartModel);
        Checkpoint adapted = Checkpoint.Load(Path.Combine(job.OutputModel, "adapter"));
        foreach ((string name, Tensor tensor) in merged.Tensors)
        {
            Assert.Equal(adapted.Tensors[name].Data, tensor.Data);
            bool isTarget = name.Contains("q_proj") || name.Contains("down_proj");
            Assert.Equal(!isTarget, tensor.Data.AsSpan().SequenceEqual(start.Tensors[name].Data));
        }

        string digest = await DigestAsync(job.OutputModel);
        await new EmbeddedTrainer(2).TrainAsync(job, null, s_none);
        Assert.Equal(digest, await DigestAsync(job.OutputModel));
    }

    [Fact]
    public async Task Rounded_products_train_another_model_that_is_nearly_the_same()
    {
        TrainingJob exact = Job("exact", Examples()), rounded = Job("rounded", Examples());
        TrainingReport expected = await new EmbeddedTrainer(2).TrainAsync(exact, null, s_none);
        EmbeddedTrainer trainer = new(2, dtype: NumberType.Bfloat16);
        TrainingReport report = await trainer.TrainAsync(rounded, null, s_none);
        Assert.Equal(expected.Steps[^1].Loss, report.Steps[^1].Loss, 0.02);
        string digest = await DigestAsync(rounded.OutputModel);
        Assert.NotEqual(await DigestAsync(exact.OutputModel), digest);
        await new EmbeddedTrainer(1, dtype: NumberType.Bfloat16).TrainAsync(rounded, null, s_none);
        Assert.Equal(digest, await DigestAsync(rounded.OutputModel));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task An_interrupted_training_goes_on_to_the_same_bytes(bool preference, bool lora)
    {
        TrainingJob whole = Job("whole", preference ? Pairs(lora ? new LoraSettings() : null) : Examples());
        TrainingJob cut = whole with { OutputModel = Path.Combine(_root, "cut") };
        TrainingReport expected = await new EmbeddedTrainer(2).TrainAsync(whole, null, s_none);
        foreach (int steps in new[] { 1, 3 })
        {
            using CancellationTokenSource source = new();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => new EmbeddedTrainer(1).TrainAsync(cut, StopAfter(steps, source), source.Token));
            Assert.True(Directory.Exists(cut.OutputModel + ".training"));
        }

        TrainingReport resumed = await new EmbeddedTrainer(2).TrainAsync(cut, null, s_none);
        Assert.Equal(expected.Steps, resumed.Steps);
        Assert.False(Directory.Exists(cut.OutputModel + ".training"));
        Assert.Equal(await DigestAsync(whole.OutputModel), await DigestAsync(cut.OutputModel));
    }

    [Fact]
    public async Task A_state_of_another_job_is_not_used()
    {
        TrainingJob job = Job("model", Pairs());
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => new EmbeddedTrainer(1).TrainAsync(job, StopAfter(2, source), source.Token));
        TrainingJob other = job with { Seed = 2 };
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(other, null, s_none);
        TrainingJob unseen = other with { OutputModel = Path.Combine(_root, "fresh") };
        TrainingReport fresh = await new EmbeddedTrainer(1).TrainAsync(unseen, null, s_none);
        Assert.Equal(fresh.Steps, report.Steps);
    }

    [Fact]
    public async Task A_model_saved_on_the_way_is_the_one_that_a_shorter_training_ends_with()
    {
        TrainingData.Preference pairs = Pairs();
        TrainingData.Preference longer = pairs with { Settings = pairs.Settings with { Epochs = 1.5 } };
        TrainingJob whole = Job("whole", longer) with { SaveEvery = 3 };
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(whole, null, s_none);
        SavedModel saved = Assert.Single(report.Saved);
        Assert.Equal((3, 5), (saved.Step, report.Steps.Count));

        // A pass over seven pairs makes three steps.
        TrainingJob shorter = Job("shorter", pairs with { Settings = pairs.Settings with { Epochs = 1 } });
        TrainingReport ended = await new EmbeddedTrainer(1).TrainAsync(shorter, null, s_none);
        Assert.Empty(ended.Saved);
        Assert.Equal(await DigestAsync(ended.Model), await DigestAsync(saved.Model));
        Assert.NotEqual(await DigestAsync(report.Model), await DigestAsync(saved.Model));
    }

    [Theory]
    [InlineData(3, 2, 8)]
    [InlineData(256, 2, 2)]
    [InlineData(11, 3, 3)]
    [InlineData(3, 0.1, 1)]
    [InlineData(4, 1.5, 5)]
    public async Task A_pass_ends_with_a_step_of_its_own(int batchSize, double epochs, int steps)
    {
        TrainingData.Supervised rows = Examples();
        TrainingData.Supervised data = rows with
        {
            Settings = rows.Settings with { BatchSize = batchSize, Epochs = epochs },
        };
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(Job("passes", data), null, s_none);
        Assert.Equal(steps, report.Steps.Count);

        // Each pass sees every row once, so the passes' tokens are the same.
        int perPass = (rows.Count + batchSize - 1) / batchSize;
        for (int pass = 1; pass * perPass <= steps; pass++)
        {
            Assert.Equal(pass * report.Steps[perPass - 1].Tokens, report.Steps[(pass * perPass) - 1].Tokens);
        }
    }

    [Fact]
    public async Task A_long_training_saves_its_state_every_ten_minutes()
    {
        TrainingJob job = Job("long", Examples());
        List<bool> saved = [];
        OnStep report = new(_ => saved.Add(Directory.Exists(job.OutputModel + ".training")));
        await new EmbeddedTrainer(1, new MinutesPerReading(4)).TrainAsync(job, report, s_none);

        // The clock is read before every step: after 4 minutes, 8, and 12, when the state is saved.
        Assert.Equal([false, false, true, true], saved.Take(4));
        Assert.False(Directory.Exists(job.OutputModel + ".training"));
    }

    [Fact]
    public async Task A_row_longer_than_the_cutoff_loses_its_end_and_one_without_a_target_is_left_out()
    {
        SupervisedRow[] rows =
        [
            new("a", "response", "Say a", "a"),
            new("b", "response", "Say b", string.Concat(Enumerable.Repeat("word and ", 40))),
            new("c", "response", string.Concat(Enumerable.Repeat("word and ", 40)), "c"),
        ];
        TrainingData.Supervised data = new(rows, Examples().Settings with { CutoffTokens = 40, Epochs = 1 });
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(Job("cut", data), null, s_none);
        Assert.Equal((2, 2), (report.Examples, report.TruncatedExamples));
        Assert.True(Assert.Single(report.Steps).Tokens <= 80);

        TrainingJob nothing = Job("nothing", data with { Examples = rows[2..] });
        EngineException fault = await Assert.ThrowsAsync<EngineException>(
            () => new EmbeddedTrainer(1).TrainAsync(nothing, null, s_none));
        Assert.Contains("cutoff", fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(nothing.OutputModel));
    }

    [Fact]
    public async Task A_pair_counts_only_where_both_responses_can_be_learnt()
    {
        PreferencePair[] pairs =
        [
            new("a", "Say a", "a", "b"),
            new("b", string.Concat(Enumerable.Repeat("word and ", 40)), "a", "b"),
        ];
        TrainingData.Preference data = new(pairs, Pairs().Settings with { CutoffTokens = 40, Epochs = 1 });
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(Job("pairs", data), null, s_none);
        Assert.Equal((1, 2), (report.Examples, report.TruncatedExamples));
        Assert.Equal([KeyValuePair.Create("prompt as long as the cutoff", 1)], report.LeftOut);
    }

    [Fact]
    public async Task The_end_of_rejected_responses_is_left_out_as_of_those_that_were_cut_off()
    {
        TrainingData.Preference ended = Pairs();
        TrainingData.Preference unended = ended with { Settings = ended.Settings with { RejectedEnd = false } };
        TrainingData.Preference cutOff =
            ended with { Pairs = [.. ended.Pairs.Select(pair => pair with { RejectedCutOff = true })] };
        string[] digests = await Task.WhenAll(new[] { ended, unended, cutOff }.Select(async (data, i) =>
        {
            TrainingJob job = Job($"end-{i}", data);
            await new EmbeddedTrainer(1).TrainAsync(job, null, s_none);
            return await DigestAsync(job.OutputModel);
        }));
        Assert.NotEqual(digests[0], digests[1]);
        Assert.Equal(digests[2], digests[1]);
    }

    [Fact]
    public async Task Rows_with_nothing_to_learn_are_left_out_with_their_reason()
    {
        string many = string.Concat(Enumerable.Repeat("word and ", 40));
        PreferencePair[] pairs =
        [
            new("a", "Say a", "a", "b"),
            new("b", "Say b", "same", "same"),
            new("c", "Say c", many + "end", many + "other end"),
            new("d", "Say d", "d", " \n"),
        ];
        TrainingData.Preference data = new(pairs, Pairs().Settings with { CutoffTokens = 40, Epochs = 1 });
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(Job("pairs", data), null, s_none);
        Assert.Equal(1, report.Examples);
        Assert.Equal(
            [KeyValuePair.Create("empty response", 1), KeyValuePair.Create("equal sides", 2)],
            report.LeftOut.OrderBy(reason => reason.Key));

        SupervisedRow[] rows = [new("a", "response", "Say a", "a"), new("b", "response", "Say b", "")];
        TrainingData.Supervised lessons = new(rows, Examples().Settings with { Epochs = 1 });
        TrainingReport learnt = await new EmbeddedTrainer(1).TrainAsync(Job("rows", lessons), null, s_none);
        Assert.Equal([KeyValuePair.Create("empty response", 1)], learnt.LeftOut);
        Assert.False(learnt.Unchanged);

        SupervisedRow[] own =
        [
            new("a", "response", "Say a", "a b") { Unedited = "a" },
            new("b", "response", "Say b", many) { Unedited = many },
        ];
        TrainingData.Supervised edits = new(
            own, Examples().Settings with { CutoffTokens = 40, Epochs = 1, AnchorWeight = 1 });
        TrainingReport edited = await new EmbeddedTrainer(1).TrainAsync(Job("edits", edits), null, s_none);
        Assert.Equal([KeyValuePair.Create("nothing edited up to the cutoff", 1)], edited.LeftOut);
    }

    [Fact]
    public async Task An_anchor_holds_what_is_not_learnt_and_learns_the_edits_all_the_same()
    {
        SupervisedRow row = new("a", "response", "Say a", "It is a small word.") { Unedited = "It is a word" };
        (double[] start, bool[] learnt) = Targets(Job("none", Examples()).StartModel, row);
        Assert.Contains(true, learnt);
        Dictionary<string, (double Learnt, double Others)> moved = [];
        foreach (double? weight in new double?[] { null, 1e-6, 100 })
        {
            TrainingJob job = Job($"anchor-{weight}", new TrainingData.Supervised(
                [row], Examples().Settings with { Epochs = 20, AnchorWeight = weight }));
            await new EmbeddedTrainer(1).TrainAsync(job, null, s_none);
            (double[] end, _) = Targets(job.OutputModel, row);
            double[] by = [.. end.Zip(start, (now, before) => now - before)];
            moved[$"{weight}"] = (
                by.Where((_, i) => learnt[i]).Average(), by.Where((_, i) => !learnt[i]).Average(Math.Abs));
        }

        Assert.All(moved, one => Assert.True(one.Value.Learnt > 0.1, $"{one}"));
        Assert.True(moved["100"].Others < moved["1E-06"].Others / 4, string.Join(' ', moved));
        Assert.True(moved["1E-06"].Others < moved[""].Others, string.Join(' ', moved));
    }

    // The log-probability of each token of a row but the first, and which of them are learnt.
    private (double[] LogProbs, bool[] Learnt) Targets(string model, SupervisedRow row)
    {
        using ModelInTraining opened = ModelInTraining.Open(
            Job("none", Examples()) with { StartModel = model }, 1, null);
        (TrainingSequence sequence, bool[] learnt) = new RowEncoder(opened.Encoder, 512).Anchored([row])[0];
        return ([.. opened.Trainer.TargetLogProbs([sequence])[0].Select(logProb => (double)logProb)], learnt);
    }

    [Fact]
    public async Task A_training_with_an_anchor_that_was_stopped_ends_in_the_bytes_of_one_that_was_not()
    {
        SupervisedRow row = new("a", "response", "Say a", "It is a small word.") { Unedited = "It is a word" };
        TrainingData.Supervised data = new(
            [row, row with { PromptId = "b", Prompt = "Say b" }],
            Examples().Settings with { BatchSize = 1, Epochs = 4, AnchorWeight = 1 });
        TrainingJob whole = Job("whole", data), stopped = Job("stopped", data);
        await new EmbeddedTrainer(1).TrainAsync(whole, null, s_none);
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new EmbeddedTrainer(1).TrainAsync(
            stopped, new OnStep(step => { if (step.Step == 3) { stop.Cancel(); } }), stop.Token));
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(stopped, null, s_none);
        Assert.Equal(8, report.Steps.Count);
        Assert.Equal(await DigestAsync(whole.OutputModel), await DigestAsync(stopped.OutputModel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_pass_of_the_reference_model_tells_how_far_it_is_and_can_be_stopped(bool preference)
    {
        TrainingData.Supervised lessons = Examples();
        TrainingData data = preference
            ? Pairs()
            : lessons with { Settings = lessons.Settings with { AnchorWeight = 1 } };
        int all = (preference ? 2 : 1) * data.Count;
        TrainingJob whole = Job("whole", data), stopped = Job("stopped", data);
        List<(int Rows, int All)> told = [];
        await new EmbeddedTrainer(1).TrainAsync(whole, new OnStep(null, (rows, of) => told.Add((rows, of))), s_none);
        Assert.Equal((all, all), told[^1]);
        Assert.Equal(told.Order(), told);

        using CancellationTokenSource stop = new();
        int steps = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new EmbeddedTrainer(1).TrainAsync(
            stopped, new OnStep(_ => steps++, (_, _) => stop.Cancel()), stop.Token));
        Assert.Equal(0, steps);
        await new EmbeddedTrainer(1).TrainAsync(stopped, null, s_none);
        Assert.Equal(await DigestAsync(whole.OutputModel), await DigestAsync(stopped.OutputModel));
    }

    [Fact]
    public async Task A_training_whose_only_step_is_one_of_warmup_changes_nothing_and_says_so()
    {
        TrainingData.Supervised lessons = new(
            Examples().Examples, Examples().Settings with { Epochs = 1, BatchSize = 32, WarmupRatio = 0.1 });
        TrainingReport first = await new EmbeddedTrainer(1).TrainAsync(Job("first", lessons), null, s_none);
        TrainingJob again = Job("again", lessons) with { StartModel = first.Model };
        TrainingReport report = await new EmbeddedTrainer(1).TrainAsync(again, null, s_none);
        Assert.Equal(0, Assert.Single(report.Steps).LearningRate);
        Assert.True(report.Unchanged);
    }

    [Fact]
    public async Task A_layer_that_the_model_lacks_and_a_place_that_cannot_be_written_are_named()
    {
        TrainingJob typo = Job("typo", Pairs(new LoraSettings { TargetModules = ["q_porj"] }));
        Assert.Contains("q_porj", (await FaultAsync(typo)).Message, StringComparison.Ordinal);
        string file = Path.Combine(_root, "file");
        await File.WriteAllTextAsync(file, "");
        TrainingJob nowhere = Job("file/model", Pairs());
        Assert.Contains(file, (await FaultAsync(nowhere)).Message, StringComparison.Ordinal);
        TrainingJob absent = Job("model", Pairs()) with { StartModel = Path.Combine(_root, "none") };
        Assert.Contains(absent.StartModel, (await FaultAsync(absent)).Message, StringComparison.Ordinal);

        static Task<UserFaultException> FaultAsync(TrainingJob job) =>
            Assert.ThrowsAnyAsync<UserFaultException>(() => new EmbeddedTrainer(1).TrainAsync(job, null, s_none));
    }

    private static async Task<string> DigestAsync(string model) => (await CheckpointDigest.OfAsync(model, s_none))!;

    private static OnStep StopAfter(int steps, CancellationTokenSource source)
    {
        int seen = 0;
        return new OnStep(_ =>
        {
            if (++seen == steps)
            {
                source.Cancel();
            }
        });
    }

    private static TrainingData.Supervised Examples() => new(
        [
            .. Enumerable.Range(0, 11)
                .Select(i => new SupervisedRow($"p{i}", "response", $"Say {i}", $"It is {i * i} then")),
        ],
        new SupervisedSettings { LearningRate = 1e-3, Epochs = 2, BatchSize = 3, WarmupRatio = 0 });

    private static TrainingData.Preference Pairs(LoraSettings? lora = null) => new(
        [
            .. Enumerable.Range(0, 7)
                .Select(i => new PreferencePair($"p{i}", $"Say {i}", $"Well {i}", $"No way {i} is it")),
        ],
        new PreferenceSettings { LearningRate = 1e-3, Epochs = 2, BatchSize = 3, WarmupRatio = 0, Lora = lora });

    private TrainingJob Job(string name, TrainingData data)
        => new(SharedData.Path("fixtures", "models", "llama-tiny-tied"), Path.Combine(_root, name), data, 1);

    /// <summary>A clock that goes on by some minutes every time it is read.</summary>
    private sealed class MinutesPerReading(int minutes) : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now += 60 * minutes;
    }
}
