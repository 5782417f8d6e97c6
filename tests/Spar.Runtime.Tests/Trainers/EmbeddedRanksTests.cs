using Spar.Ground;
using Spar.Runtime.Embedded;
using Spar.Runtime.Launchers;
using Spar.Runtime.Trainers;
using Spar.Seams;

namespace Spar.Runtime.Tests.Trainers;

/// <summary>How ranks of the embedded engine are started, and what is read out of what they leave.</summary>
public sealed class EmbeddedRanksTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("spar-ranks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_command_starts_this_program_once_a_rank()
    {
        TrainerOptions options = new() { Ranks = 8, Launcher = new LauncherOptions { Nodes = 4, GpusPerNode = 0 } };
        EmbeddedRanks program = new(options);
        Assert.Matches("^exec mpirun --bind-to none -n 8 \\S+.* train \\.$", program.CommandLines("actor-0")[^1]);
        Assert.StartsWith(
            "exec srun --mpi=pmix -n 8 ",
            new EmbeddedRanks(options with { Command = ["srun", "--mpi=pmix"] }).CommandLines("actor-0")[^1],
            StringComparison.Ordinal);
        LaunchJob job = new(_folder, "spar-actor-0", "1", [], []) { TasksPerNode = program.TasksPerNode };
        IReadOnlyList<string> lines = SlurmLauncher.Directives(job, options.Launcher);
        Assert.Contains("#SBATCH --ntasks-per-node=2", lines);
        Assert.Contains("#SBATCH --nodes=4", lines);
    }

    [Theory]
    [InlineData(
        "step 1 of 2: loss 1\nspar: rank 3 on c2: the disk is full.\nMPI_ABORT was invoked on rank 3",
        "rank 3 on c2: the disk is full.")]
    [InlineData(
        "mpirun noticed that process rank 1 with PID 4711 on node c2 exited on signal 11 (Segmentation fault).",
        "rank 1 on node c2 exited on signal 11 (Segmentation fault)")]
    [InlineData(
        "mpirun noticed that process rank 1 with PID 0 on node c2 exited on\nsignal 9 (Killed).",
        "rank 1 on node c2 exited on signal 9 (Killed), as a machine does that runs out of memory")]
    [InlineData(
        "srun: Job step aborted\nsrun: error: c2: task 1: Killed\nsrun: error: c1: task 0: Terminated",
        "srun: error: c2: task 1: Killed")]
    [InlineData("step 1 of 2: loss 1", null)]
    public void The_rank_that_ended_first_is_named(string printed, string? words) =>
        Assert.Equal(words, new EmbeddedRanks(new TrainerOptions()).LastWords(printed));

    [Fact]
    public async Task A_training_is_read_as_it_was_written()
    {
        TrainingData.Preference data = new(
            [new("a", "Say hi.", "Hi!", "No.") { Context = [new ChatTurn("system", "Be kind.")] }],
            new PreferenceSettings { LearningRate = 1e-4 / 3, Beta = 0.3, Lora = new LoraSettings { Rank = 3 } });
        TrainingJob job = new(_folder, Path.Combine(_folder, "model"), data, ulong.MaxValue) { SaveEvery = 2 };
        new RankedTraining(job, 2, 7, 3, new DateOnly(2026, 7, 1), NumberType.Bfloat16).Write(_folder);
        string written = File.ReadAllText(Path.Combine(_folder, "job.json"));
        Assert.Contains("bfloat16", written, StringComparison.OrdinalIgnoreCase);
        RankedTraining read = RankedTraining.Read(_folder);
        read.Write(_folder);
        Assert.Equal(written, File.ReadAllText(Path.Combine(_folder, "job.json")));
        UserFaultException fault = await Assert.ThrowsAsync<UserFaultException>(
            () => read.RunAsync(_folder, null, TimeProvider.System, _ => { }, CancellationToken.None));
        Assert.Contains("is a training of 2 ranks, and 1 was started", fault.Message, StringComparison.Ordinal);
        Assert.Throws<UserFaultException>(() => RankedTraining.Read(Path.Combine(_folder, "none")));
        File.WriteAllText(Path.Combine(_folder, "job.json"), "{");
        Assert.Throws<UserFaultException>(() => RankedTraining.Read(_folder));
    }
}
