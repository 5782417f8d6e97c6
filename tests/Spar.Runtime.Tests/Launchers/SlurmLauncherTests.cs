using Spar.Runtime.Launchers;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>What Slurm is given, and what is read out of its answers.</summary>
public sealed class SlurmLauncherTests
{
    private static readonly LaunchJob s_job = new("/shared/my runs/actor-1.training", "spar-actor-1", "abc123", ["true"], []);

    [Fact]
    public void A_job_says_all_that_the_recipe_does()
    {
        IReadOnlyList<string> lines = SlurmLauncher.Directives(s_job, new LauncherOptions
        {
            Nodes = 4,
            GpusPerNode = 8,
            Partition = "h100",
            Account = "lab",
            Time = "1-12:00:00",
            Directives = ["--mem=0", "--exclusive"],
        });
        Assert.Equal(
            [
                "#SBATCH --job-name=spar-actor-1-abc123", "#SBATCH --comment=spar:abc123",
                "#SBATCH --chdir='/shared/my runs/actor-1.training'",
                "#SBATCH --output='/shared/my runs/actor-1.training/trainer.log'", "#SBATCH --open-mode=append",
                "#SBATCH --requeue", "#SBATCH --nodes=4", "#SBATCH --ntasks-per-node=1", "#SBATCH --gpus-per-node=8",
                "#SBATCH --partition=h100", "#SBATCH --account=lab", "#SBATCH --time=1-12:00:00", "#SBATCH --mem=0",
                "#SBATCH --exclusive",
            ],
            lines);
        Assert.DoesNotContain(
            SlurmLauncher.Directives(s_job, new LauncherOptions { GpusPerNode = 0 }),
            line => line.Contains("gpus", StringComparison.Ordinal) || line.Contains("partition", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("JobId=7 JobName=x JobState=PENDING Reason=Resources Dependency=(null) ExitCode=0:0", JobPhase.Waiting, null, null, "PENDING, Resources")]
    [InlineData("JobId=7 JobState=RUNNING Reason=None ExitCode=0:0", JobPhase.Running, null, null, null)]
    [InlineData("JobId=7 JobState=COMPLETING Reason=None ExitCode=0:0", JobPhase.Running, null, null, null)]
    [InlineData("JobId=7 JobState=COMPLETED Reason=None ExitCode=0:0", JobPhase.Ended, JobEnd.Exited, 0, null)]
    [InlineData("JobId=7 JobState=FAILED Reason=NonZeroExitCode ExitCode=1:0", JobPhase.Ended, JobEnd.Exited, 1, "NonZeroExitCode")]
    [InlineData("JobId=7 JobState=FAILED Reason=None ExitCode=0:9", JobPhase.Ended, JobEnd.Exited, 137, null)]
    [InlineData("JobId=7 JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15", JobPhase.Ended, JobEnd.TimeLimit, 143, "TimeLimit")]
    [InlineData("JobId=7 JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125", JobPhase.Ended, JobEnd.OutOfMemory, 253, "OutOfMemory")]
    [InlineData("JobId=7 JobState=NODE_FAIL Reason=NodeDown ExitCode=0:0", JobPhase.Ended, JobEnd.NodeLost, 0, "NODE_FAIL")]
    [InlineData("JobId=7 JobState=CANCELLED Reason=None ExitCode=0:15", JobPhase.Ended, JobEnd.Cancelled, 143, null)]
    [InlineData("JobId=7 JobState=REQUEUED Reason=None ExitCode=0:0", JobPhase.Waiting, null, null, "REQUEUED")]
    public void States_are_told_apart(string line, JobPhase phase, JobEnd? end, int? code, string? detail) =>
        Assert.Equal(new JobState(phase, end, code, detail), SlurmLauncher.Parse(line));

    [Fact]
    public void An_array_names_its_tasks_and_a_held_job_waits_for_another()
    {
        IReadOnlyList<string> lines = SlurmLauncher.Directives(
            s_job with { Tasks = [1, 3], After = "17", Held = true }, new LauncherOptions { GpusPerNode = 0 });
        Assert.Contains("#SBATCH --array=1,3", lines);
        Assert.Contains("#SBATCH --output='/shared/my runs/actor-1.training/task-%a.log'", lines);
        Assert.Contains("#SBATCH --dependency=afterok:17", lines);
        Assert.Contains("#SBATCH --hold", lines);
    }

    [Fact]
    public void The_tasks_of_an_array_are_told_apart()
    {
        IReadOnlyDictionary<int, JobState> states = SlurmArray.Parse(
            """
            JobId=12 ArrayJobId=12 ArrayTaskId=5,7-9%2 JobName=x JobState=PENDING Reason=Resources ExitCode=0:0
            JobId=13 ArrayJobId=12 ArrayTaskId=1 JobName=x JobState=RUNNING Reason=None ExitCode=0:0
            JobId=14 ArrayJobId=12 ArrayTaskId=2 JobName=x JobState=CANCELLED Reason=None ExitCode=0:15
            JobId=15 ArrayJobId=12 ArrayTaskId=3 JobName=x JobState=NODE_FAIL Reason=NodeDown ExitCode=0:0
            """);
        Assert.Equal([1, 2, 3, 5, 7, 8, 9], states.Keys.Order());
        Assert.Equal(JobPhase.Running, states[1].Phase);
        Assert.Equal(JobEnd.Cancelled, states[2].End);
        Assert.Equal(JobEnd.NodeLost, states[3].End);
        Assert.All([5, 7, 8, 9], task => Assert.Equal(JobPhase.Waiting, states[task].Phase));
    }
}
