using Spar.Engine.Checkpoints;
using Spar.Runtime.Launchers;
using Spar.Runtime.Tests.Launchers;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Trainers;

/// <summary>
/// Trainings by the stand-in for LLaMA-Factory and TRL, as processes of this machine: how each ends is told apart, and
/// what follows a mended fault is as if there had been none.
/// </summary>
public sealed class ExternalTrainerTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly OwnFolder _folder = new();
    private readonly List<string> _notices = [];

    private string Model => Path.Combine(SharedData.ProjectRoot, "models", "nano");

    private string Training => _folder.File("actor-1.training");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_training_ends_in_a_checkpoint_like_any_other(bool trl)
    {
        List<TrainingStep> seen = [];
        TrainingReport report = await Trainer(trl: trl).TrainAsync(Job(), new OnStep(seen.Add), s_none);
        Assert.Equal((Job().OutputModel, 6, 0), (report.Model, report.Examples, report.TruncatedExamples));
        Assert.Equal([1, 2, 3], report.Steps.Select(step => step.Step));
        Assert.Equal(report.Steps.Select(step => (step.Step, step.Loss)), seen.Select(step => (step.Step, step.Loss)));
        Assert.False(report.Unchanged);
        Assert.StartsWith(trl ? "TRL" : "LLaMA-Factory", report.Trainer, StringComparison.Ordinal);
        Assert.NotNull(Checkpoint.Load(report.Model));
        string[] files = [.. Directory.GetFiles(report.Model).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"], files);
        Assert.True(File.Exists(Path.Combine(Training, "trainer_log.jsonl")));
        Assert.Contains("Num examples = 6", await File.ReadAllTextAsync(Path.Combine(Training, "trainer.log")));

        // Asked again, it is there; gone or changed, it is trained again.
        TrainingReport again = await Trainer(trl: trl).TrainAsync(Job(), null, s_none);
        Assert.Equal(report.Steps, again.Steps);
        Assert.Equal(1, Begun());
        Directory.Delete(report.Model, recursive: true);
        await Trainer(trl: trl).TrainAsync(Job(), null, s_none);
        Assert.True(Directory.Exists(report.Model));
    }

    [Fact]
    public async Task Pairs_are_learnt_by_dpo()
    {
        TrainingReport report = await Trainer().TrainAsync(Job() with { Data = Pairs() }, null, s_none);
        Assert.All(report.Steps, step => Assert.NotNull(step.RewardAccuracy));
        Assert.Contains("stage: dpo", await File.ReadAllTextAsync(Path.Combine(Training, "actor-1.yaml")));
    }

    [Theory]
    [InlineData("oom", TrainingFaultKind.OutOfMemory, "CUDA out of memory. Tried to allocate 2.00 GiB")]
    [InlineData("traceback", TrainingFaultKind.Failed, "ValueError: Undefined dataset nosuch in dataset_info.json.")]
    [InlineData("drop 2", TrainingFaultKind.RowsDropped, "learns 4 of the 6 rows of actor-1. It says: ")]
    [InlineData("half", TrainingFaultKind.CheckpointBroken, "model-00002-of-00002.safetensors is missing")]
    [InlineData("stop 1", TrainingFaultKind.Failed, "with exit status 1")]
    public async Task Each_way_to_fail_is_told_apart_and_the_next_session_goes_on(
        string plan, TrainingFaultKind kind, string words)
    {
        Plan(plan);
        TrainingFaultException fault = await Assert.ThrowsAsync<TrainingFaultException>(
            () => Trainer().TrainAsync(Job(), null, s_none));
        Assert.Equal(kind, fault.Kind);
        Assert.Contains(words, fault.Message, StringComparison.Ordinal);
        Assert.Contains("trainer.log", fault.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Job().OutputModel));
        TrainingReport report = await Trainer().TrainAsync(Job(), null, s_none);
        Assert.Equal((3, 6), (report.Steps.Count, report.Examples));
        Assert.Equal(2, Begun());
    }

    [Fact]
    public async Task Rows_that_may_be_left_out_are_counted()
    {
        Plan("drop 2");
        TrainingReport report = await Trainer(options => options with { DroppedRows = 2 }).TrainAsync(Job(), null, s_none);
        Assert.Equal(4, report.Examples);
        Assert.Equal(2, Assert.Single(report.LeftOut).Value);
    }

    [Fact]
    public async Task Silence_is_ended_after_the_patience()
    {
        Plan("hang");
        HastyTime time = new();
        TrainingFaultException fault = await Assert.ThrowsAsync<TrainingFaultException>(
            () => Trainer(time: time).TrainAsync(Job(), new OnStep(_ => time.Hurry()), s_none));
        Assert.Equal(TrainingFaultKind.Silent, fault.Kind);
        Assert.Contains("has written nothing for 30 minutes", fault.Message, StringComparison.Ordinal);
        Assert.Equal(3, (await Trainer().TrainAsync(Job(), null, s_none)).Steps.Count);
    }

    [Fact]
    public async Task What_may_pass_is_tried_again()
    {
        Plan("half", "half", "train");
        await Trainer(options => options with { Tries = 3 }).TrainAsync(Job(), null, s_none);
        Assert.Equal(3, Begun());
        Assert.Contains(_notices, notice => notice.EndsWith("Try 3 of 3 begins.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("stop 2", 2)]
    [InlineData("torn 2", 1)]
    public async Task It_goes_on_from_the_last_whole_checkpoint(string plan, int from)
    {
        Plan(plan);
        ExternalTrainer trainer = Trainer(options => options with { SaveSteps = 1 });
        await Assert.ThrowsAsync<TrainingFaultException>(() => trainer.TrainAsync(Job(), null, s_none));
        TrainingReport report = await trainer.TrainAsync(Job(), null, s_none);
        Assert.Contains(
            $"Resuming training from out/checkpoint-{from}.",
            await File.ReadAllTextAsync(Path.Combine(Training, "trainer.log")), StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], report.Steps.Select(step => step.Step));
        Assert.Empty(Directory.GetDirectories(report.Model));
    }

    [Fact]
    public async Task A_missing_program_is_named_with_what_installs_it()
    {
        TrainingFaultException fault = await Assert.ThrowsAsync<TrainingFaultException>(
            () => Trainer(options => options with { Command = ["no-such-cli"] }).TrainAsync(Job(), null, s_none));
        Assert.Equal(TrainingFaultKind.CommandMissing, fault.Kind);
        Assert.Contains("no-such-cli: command not found", fault.Message, StringComparison.Ordinal);
        Assert.Contains("pip install llamafactory", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_word_of_the_trainers_own_is_its_fault_to_tell()
    {
        TrainingFaultException fault = await Assert.ThrowsAsync<TrainingFaultException>(
            () => Trainer(options => options with { Settings = [new("nosuchkey", "1")] }).TrainAsync(Job(), null, s_none));
        Assert.Contains("Some keys are not used by the HfArgumentParser: ['nosuchkey']", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_that_outlived_its_session_is_found_and_not_submitted_again(bool noted)
    {
        string ready = _folder.File("ready");
        Plan($"wait {ready}");
        using CancellationTokenSource killed = new();
        DyingLauncher dying = new(new LocalLauncher(Launcher, TimeProvider.System), noted);
        ExternalTrainer first = Trainer(launcher: dying);
        await Assert.ThrowsAnyAsync<Exception>(
            () => first.TrainAsync(Job(), new OnStep(_ => killed.Cancel()), killed.Token));
        Task<TrainingReport> second = Trainer().TrainAsync(Job(), null, s_none);
        await File.WriteAllTextAsync(ready, "");
        Assert.Equal(3, (await second).Steps.Count);
        Assert.Equal(1, Begun());
        Assert.Contains(_notices, notice => notice.Contains("it is not submitted again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Told_to_stop_it_takes_the_trainer_along()
    {
        Plan("hang");
        using CancellationTokenSource stop = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Trainer().TrainAsync(Job(), new OnStep(_ => stop.Cancel()), stop.Token));
        string id = File.ReadAllText(Directory.GetDirectories(Training, "claim.*").Single() + "/id").Split(' ')[0];
        Assert.False(Directory.Exists($"/proc/{id}"), "the trainer still runs");
        Assert.Equal(3, (await Trainer().TrainAsync(Job(), null, s_none)).Steps.Count);
    }

    [Fact]
    public async Task Other_rows_are_another_training()
    {
        Plan("traceback");
        await Assert.ThrowsAsync<TrainingFaultException>(() => Trainer().TrainAsync(Job(), null, s_none));
        await Trainer().TrainAsync(Job() with { Seed = 8 }, null, s_none);
        Assert.Equal(1, Begun());
    }

    private LauncherOptions Launcher => new()
    {
        GpusPerNode = 0,
        Interval = TimeSpan.FromMilliseconds(50),
        Setup = [$"export SPAR_FAKE_PLAN={_folder.File("plan")}"],
    };

    private ExternalTrainer Trainer(
        Func<TrainerOptions, TrainerOptions>? change = null, bool trl = false, TimeProvider? time = null,
        ILauncher? launcher = null)
    {
        TrainerOptions options = new()
        {
            Command = FakeTrainers.Command,
            Template = "llama3",
            Launcher = Launcher,
        };
        options = change?.Invoke(options) ?? options;
        return new ExternalTrainer(
            trl ? new Trl(options) : new LlamaFactory(options),
            launcher ?? new LocalLauncher(options.Launcher, TimeProvider.System), options, time ?? TimeProvider.System,
            _notices.Add);
    }

    private TrainingJob Job() => new(
        Model, _folder.File("actor-1"),
        new TrainingData.Supervised(
            [.. Enumerable.Range(0, 6).Select(i => new SupervisedRow($"p{i}", "teacher", $"Write line {i}.", "the crab sleeps ."))],
            new SupervisedSettings { LearningRate = 1e-4, BatchSize = 2, CutoffTokens = 128 }),
        7);

    private static TrainingData.Preference Pairs() => new(
        [.. Enumerable.Range(0, 4).Select(i => new PreferencePair($"p{i}", $"Write line {i}.", "the crab sleeps .", "a cat ."))],
        new PreferenceSettings { LearningRate = 1e-4, BatchSize = 2, CutoffTokens = 128 });

    private void Plan(params string[] lines) => File.WriteAllLines(_folder.File("plan"), lines);

    private int Begun() => File.ReadLines(Path.Combine(Training, "trainer.log"))
        .Count(line => line.StartsWith("== spar ", StringComparison.Ordinal));
}
