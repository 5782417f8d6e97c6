using Spar.Runtime.Launchers;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>Jobs of a real Slurm with two virtual nodes.</summary>
[Collection(SlurmCollection.Name), Trait("Needs", "Slurm")]
public sealed class SlurmTests(SlurmFixture slurm) : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly OwnFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_node_gets_its_place_and_the_way_to_the_first()
    {
        slurm.Require();
        LaunchJob job = Job("echo node $NODE_RANK of $NNODES at $MASTER_ADDR:$MASTER_PORT with $NPROC_PER_NODE");
        SlurmLauncher launcher = Launcher(nodes: 2);
        string id = await launcher.SubmitAsync(job, s_none);
        Assert.Equal(new JobState(JobPhase.Ended, JobEnd.Exited, 0), await EndOfAsync(launcher, job, id));
        string[] lines = [.. File.ReadLines(job.Log).Where(line => line.StartsWith("node ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
        string port = $"{20000 + (int.Parse(id) % 20000)}";
        Assert.Equal([$"node 0 of 2 at spar1:{port} with 1", $"node 1 of 2 at spar1:{port} with 1"], lines);
        Assert.Equal(id, await launcher.FindAsync(job, s_none));
        Assert.Equal("0", (await File.ReadAllTextAsync(JobScript.ExitFile(job))).Trim());
    }

    [Fact]
    public async Task A_job_that_has_to_give_way_begins_again_by_itself()
    {
        slurm.Require();
        string go = _folder.File("go");
        LaunchJob job = Job($"echo round $SLURM_RESTART_COUNT; while [ ! -e {go} ]; do sleep 0.05; done");
        SlurmLauncher launcher = Launcher();
        string id = await launcher.SubmitAsync(job, s_none);
        await UntilAsync(() => Printed(job).Contains("round", StringComparison.Ordinal));
        Assert.Equal(JobPhase.Running, (await launcher.StateAsync(job, id, s_none)).Phase);
        SlurmFixture.Ask("scontrol", "requeue", id);
        await UntilAsync(() => Printed(job).Contains("round 1", StringComparison.Ordinal));
        await File.WriteAllTextAsync(go, "");
        Assert.Equal(new JobState(JobPhase.Ended, JobEnd.Exited, 0), await EndOfAsync(launcher, job, id));
        Assert.Equal(2, Printed(job).Split(JobScript.Mark(job.Token)).Length - 1);
    }

    [Fact]
    public async Task A_job_that_is_refused_says_why()
    {
        slurm.Require();
        SlurmLauncher launcher = new(Options() with { Partition = "nosuch" }, TimeProvider.System);
        LaunchException fault = await Assert.ThrowsAsync<LaunchException>(() => launcher.SubmitAsync(Job("true"), s_none));
        Assert.Contains("invalid partition specified: nosuch", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_and_failed_jobs_are_told_apart()
    {
        slurm.Require();
        SlurmLauncher launcher = Launcher();
        LaunchJob endless = Job("sleep 1000"), failing = Job("exit 3", "b");
        string first = await launcher.SubmitAsync(endless, s_none), second = await launcher.SubmitAsync(failing, s_none);
        await launcher.CancelAsync(first, s_none);
        Assert.Equal(JobEnd.Cancelled, (await EndOfAsync(launcher, endless, first)).End);
        Assert.Equal((JobEnd?)JobEnd.Exited, (await EndOfAsync(launcher, failing, second)).End);
        Assert.Equal(3, (await launcher.StateAsync(failing, second, s_none)).ExitCode);
        Assert.Null(await launcher.FindAsync(Job("true", "c"), s_none));
    }

    [Fact]
    public async Task A_training_whose_submission_nobody_could_note_is_found_by_its_token()
    {
        slurm.Require();
        List<string> notices = [];
        TrainerOptions options = new()
        {
            Command = FakeTrainers.Command,
            Template = "llama3",
            Launcher = Options() with
            {
                Nodes = 2,
                Setup = [$"export SPAR_FAKE_PLAN={_folder.File("plan")}"],
            },
        };
        await File.WriteAllTextAsync(_folder.File("plan"), "quick\n");
        TrainingJob job = new(
            Path.Combine(SharedData.ProjectRoot, "models", "nano"), _folder.File("actor-1"),
            new TrainingData.Supervised(
                [.. Enumerable.Range(0, 4).Select(i => new SupervisedRow($"p{i}", "teacher", $"Line {i}.", "a cat ."))],
                new SupervisedSettings { LearningRate = 1e-4, BatchSize = 2, CutoffTokens = 128 }),
            7);
        SlurmLauncher launcher = new(options.Launcher, TimeProvider.System);
        await Assert.ThrowsAsync<InvalidOperationException>(() => new ExternalTrainer(
            new LlamaFactory(options), new DyingLauncher(launcher, noted: false), options, TimeProvider.System, notices.Add)
            .TrainAsync(job, null, s_none));
        TrainingReport report = await new ExternalTrainer(
            new LlamaFactory(options), launcher, options, TimeProvider.System, notices.Add).TrainAsync(job, null, s_none);
        Assert.Equal((4, 2), (report.Examples, report.Steps.Count));
        string token = Path.GetFileName(Directory.GetDirectories(job.OutputModel + ".training", "claim.*").Single())["claim.".Length..];
        string queue = SlurmFixture.Ask("squeue", "--noheader", "--all", "--states=all", "--format=%j");
        Assert.Single(queue.Split('\n'), line => line.Contains(token, StringComparison.Ordinal));
        Assert.Contains("has met the others", await File.ReadAllTextAsync(job.OutputModel + ".training/trainer.log"), StringComparison.Ordinal);
    }

    private static LauncherOptions Options() => new() { GpusPerNode = 0, Interval = TimeSpan.FromMilliseconds(100) };

    private static SlurmLauncher Launcher(int nodes = 1) => new(Options() with { Nodes = nodes }, TimeProvider.System);

    private LaunchJob Job(string command, string name = "a")
    {
        string folder = _folder.File(name);
        Directory.CreateDirectory(folder);
        return new LaunchJob(folder, $"spar-{name}", Guid.NewGuid().ToString("N")[..12], [command], []);
    }

    private static string Printed(LaunchJob job) => File.Exists(job.Log) ? File.ReadAllText(job.Log) : "";

    private static async Task<JobState> EndOfAsync(ILauncher launcher, LaunchJob job, string id)
    {
        JobState state = await launcher.StateAsync(job, id, s_none);
        while (state.Phase != JobPhase.Ended)
        {
            await Task.Delay(100);
            state = await launcher.StateAsync(job, id, s_none);
        }

        return state;
    }

    private static async Task UntilAsync(Func<bool> done)
    {
        while (!done())
        {
            await Task.Delay(50);
        }
    }
}
