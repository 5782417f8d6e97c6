using k8s;
using k8s.Models;
using Spar.Runtime.Launchers;
using Spar.Runtime.Recipes;
using Spar.Runtime.Tests.Endpoints;
using Spar.Runtime.Trainers;
using Spar.Seams;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>Jobs of Kubernetes, against a server that behaves as its API does.</summary>
public sealed class KubernetesLauncherTests : IDisposable
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly OwnFolder _folder = new();
    private readonly FakeKubernetes _api = new();

    public void Dispose()
    {
        _api.Dispose();
        _folder.Dispose();
    }

    private LauncherOptions Options => new()
    {
        GpusPerNode = 0,
        Image = "registry.example/spar:1",
        Claim = "runs",
        Mount = _folder.Path,
        Interval = TimeSpan.FromMilliseconds(20),
    };

    private KubernetesLauncher Launcher => new(Options, TimeProvider.System, _api.Client);

    private LaunchJob Job(string command, string name = "a", params int[] tasks)
    {
        string folder = _folder.File(name);
        Directory.CreateDirectory(folder);
        return new LaunchJob(folder, $"spar-{name}", Guid.NewGuid().ToString("N")[..12], [command], []) { Tasks = tasks };
    }

    [Fact]
    public void A_manifest_has_all_that_the_recipe_says_and_nothing_that_Kubernetes_does_not_know()
    {
        LaunchJob job = new("/shared/runs/mine/checkpoints/actor-1.training", "spar-actor-1", "abc123", ["true"], []);
        LauncherOptions options = new()
        {
            GpusPerNode = 8,
            Image = "registry.example/llamafactory:0.9.5",
            Namespace = "lab",
            Claim = "runs",
            Seconds = TimeText.Seconds("1-12:00:00"),
            Resources = [new("memory", "512Gi"), new("cpu", "64")],
        };
        V1Job one = KubernetesYaml.Deserialize<V1Job>(KubernetesYaml.Serialize(KubernetesManifest.Of(job, options)), strict: true);
        Assert.Equal(("spar-actor-1-abc123", "lab"), (one.Metadata.Name, one.Metadata.NamespaceProperty));
        Assert.Equal((1, 0, 129_600L), (one.Spec.Completions, one.Spec.BackoffLimit, one.Spec.ActiveDeadlineSeconds));
        V1Container container = Assert.Single(one.Spec.Template.Spec.Containers);
        Assert.Equal(["bash", "/shared/runs/mine/checkpoints/actor-1.training/job.sh"], container.Command);
        Assert.Equal(
            ["cpu 64", "memory 512Gi", "nvidia.com/gpu 8"],
            container.Resources.Limits.Select(limit => $"{limit.Key} {limit.Value}").Order());
        Assert.Equal("/shared", Assert.Single(container.VolumeMounts).MountPath);
        Assert.Equal("runs", Assert.Single(one.Spec.Template.Spec.Volumes).PersistentVolumeClaim.ClaimName);

        V1Job array = KubernetesYaml.Deserialize<V1Job>(
            KubernetesYaml.Serialize(KubernetesManifest.Of(job with { Tasks = [2, 5, 7] }, options)), strict: true);
        Assert.Equal(("Indexed", 3, 3, 0), (array.Spec.CompletionMode, array.Spec.Completions, array.Spec.Parallelism, array.Spec.BackoffLimitPerIndex));
        string name = KubernetesManifest.NameOf(job with { Name = "spar-" + new string('x', 90) + "_Y" });
        Assert.True(name.Length <= 63 && name.EndsWith("-abc123", StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task The_tasks_of_an_Indexed_Job_have_the_numbers_of_their_shards()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pods of tests need bash");
        LaunchJob job = Job("echo shard $TASK of $SPAR_TEST; [ $TASK != 5 ] || exit 9", tasks: [2, 5]);
        KubernetesLauncher launcher = new(Options with { Setup = ["export SPAR_TEST=7"] }, TimeProvider.System, _api.Client);
        string id = await launcher.SubmitAsync(job, s_none);
        IReadOnlyDictionary<int, JobState> states;
        while ((states = await launcher.TasksAsync(job, id, s_none)).Values.Any(state => state.Phase != JobPhase.Ended))
        {
            await Task.Delay(20, s_none);
        }

        Assert.Equal((JobEnd.Exited, 0), (states[2].End, states[2].ExitCode));
        Assert.Equal((JobEnd.Exited, 9), (states[5].End, states[5].ExitCode));
        Assert.Contains("shard 2 of 7", await File.ReadAllTextAsync(job.LogOf(2)), StringComparison.Ordinal);
        Assert.Contains("shard 5 of 7", await File.ReadAllTextAsync(job.LogOf(5)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_submission_that_is_repeated_takes_the_first_one_over()
    {
        _api.Says = ("{}", "[]");
        LaunchJob job = Job("true");
        Assert.Null(await new KubernetesLauncher(Options, new ImpatientTime(), _api.Client).FindAsync(job, s_none));
        string id = await Launcher.SubmitAsync(job, s_none);
        Assert.Equal(id, await Launcher.SubmitAsync(job, s_none));
        Assert.Equal(id, await Launcher.FindAsync(job, s_none));
        Assert.Equal(1, _api.Count);
        await Launcher.CancelAsync(id, s_none);
        await Launcher.CancelAsync(id, s_none);
        Assert.Equal(JobEnd.Cancelled, (await Launcher.StateAsync(job, id, s_none)).End);

        // The API took the job, and its answer was lost: whoever comes next finds it.
        LaunchJob other = Job("true", "b");
        _api.LosesAnswers = true;
        await Assert.ThrowsAsync<LaunchException>(() => Launcher.SubmitAsync(other, s_none));
        Assert.Equal(KubernetesManifest.NameOf(other), await Launcher.FindAsync(other, s_none));
    }

    [Theory]
    [InlineData("""{"conditions": [{"type": "Complete", "status": "True"}]}""", "[]", JobPhase.Ended, JobEnd.Exited, 0, null)]
    [InlineData(
        """{"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}]}""",
        """[{"metadata": {"name": "p"}, "status": {"phase": "Failed", "containerStatuses": [{"name": "work", "image": "i", "imageID": "i", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}}]""",
        JobPhase.Ended, JobEnd.Exited, 1, "BackoffLimitExceeded: Job has reached the specified backoff limit")]
    [InlineData(
        """{"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}""",
        """[{"metadata": {"name": "p"}, "status": {"phase": "Failed", "containerStatuses": [{"name": "work", "image": "i", "imageID": "i", "ready": false, "restartCount": 0, "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]}}]""",
        JobPhase.Ended, JobEnd.OutOfMemory, 137, "OOMKilled")]
    [InlineData(
        """{"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}""",
        """[{"metadata": {"name": "p"}, "status": {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}}]""",
        JobPhase.Ended, JobEnd.NodeLost, null, "Evicted: The node was low on resource: memory.")]
    [InlineData(
        """{"conditions": [{"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}]}""",
        "[]", JobPhase.Ended, JobEnd.TimeLimit, null, "Job was active longer than specified deadline")]
    [InlineData(
        """{"active": 1}""",
        """[{"metadata": {"name": "p"}, "status": {"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."}]}}]""",
        JobPhase.Waiting, null, null, "Unschedulable: 0/3 nodes are available: 3 Insufficient nvidia.com/gpu.")]
    [InlineData(
        """{"active": 1}""",
        """[{"metadata": {"name": "p"}, "status": {"phase": "Pending", "containerStatuses": [{"name": "work", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}}]}}]""",
        JobPhase.Waiting, null, null, "ImagePullBackOff: Back-off pulling image")]
    [InlineData("""{"active": 1}""", """[{"metadata": {"name": "p"}, "status": {"phase": "Running"}}]""", JobPhase.Running, null, null, null)]
    public async Task States_are_told_apart(string status, string pods, JobPhase phase, JobEnd? end, int? code, string? detail)
    {
        _api.Says = (status, pods);
        LaunchJob job = Job("true");
        string id = await Launcher.SubmitAsync(job, s_none);
        Assert.Equal(new JobState(phase, end, code, detail), await Launcher.StateAsync(job, id, s_none));
    }

    [Fact]
    public async Task What_the_API_refuses_is_said_in_its_words()
    {
        _api.Refuses = (403, "jobs.batch is forbidden: User \"me\" cannot create resource \"jobs\"");
        LaunchException fault = await Assert.ThrowsAsync<LaunchException>(() => Launcher.SubmitAsync(Job("true"), s_none));
        Assert.Contains("User \"me\" cannot create resource \"jobs\"", fault.Message, StringComparison.Ordinal);
        Assert.Equal(JobPhase.Unknown, (await Launcher.StateAsync(Job("true"), "a", s_none)).Phase);
        fault = await Assert.ThrowsAsync<LaunchException>(() =>
            new KubernetesLauncher(Options with { Mount = "/elsewhere" }, TimeProvider.System, _api.Client).SubmitAsync(Job("true"), s_none));
        Assert.Contains("is mounted at /elsewhere", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_training_runs_in_a_pod()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pods of tests need bash");
        TrainerOptions options = new() { Command = FakeTrainers.Command, Template = "llama3", Launcher = Options };
        TrainingJob job = new(
            Path.Combine(SharedData.ProjectRoot, "models", "nano"), _folder.File("actor-1"),
            new TrainingData.Supervised(
                [.. Enumerable.Range(0, 4).Select(i => new SupervisedRow($"p{i}", "teacher", $"Line {i}.", "a cat ."))],
                new SupervisedSettings { LearningRate = 1e-4, BatchSize = 2, CutoffTokens = 128 }),
            7);
        TrainingReport report = await new ExternalTrainer(
            new LlamaFactory(options), Launcher, options, TimeProvider.System, _ => { }).TrainAsync(job, null, s_none);
        Assert.Equal((4, 2), (report.Examples, report.Steps.Count));
        Assert.Equal("LLaMA-Factory (Kubernetes, 1 device)", report.Trainer);
    }

    [Fact]
    public async Task A_job_that_is_not_submitted_waits_for_its_manifest_to_be_applied()
    {
        LaunchJob job = Job("true");
        KubernetesLauncher launcher = new(Options with { Submit = false }, TimeProvider.System);
        Assert.Null(await launcher.FindAsync(job, s_none));
        string id = await launcher.SubmitAsync(job, s_none);
        Assert.Equal(id, await launcher.FindAsync(job, s_none));
        string manifest = Path.Combine(job.Folder, KubernetesManifest.FileName);
        Assert.Equal(
            $"its manifest is to be applied: kubectl apply -f {manifest}", (await launcher.StateAsync(job, id, s_none)).Detail);
        V1Job written = KubernetesYaml.Deserialize<V1Job>(await File.ReadAllTextAsync(manifest), strict: true);
        Assert.Equal(id, written.Metadata.Name);
        SlurmFixture.Ask("bash", [.. written.Spec.Template.Spec.Containers[0].Command.Skip(1)]);
        Assert.Equal(new JobState(JobPhase.Ended, JobEnd.Exited, 0), await launcher.StateAsync(job, id, s_none));
        Assert.Empty(_api.Requests);
    }
}
