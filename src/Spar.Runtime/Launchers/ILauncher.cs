using System.Globalization;

namespace Spar.Runtime.Launchers;

/// <summary>
/// Starts long work outside of this process and tells how it fares. The work is a script in a folder of its own; it goes
/// on when this process dies, and whoever comes next finds it by the token that it was submitted with.
/// </summary>
public interface ILauncher
{
    /// <summary>What messages call it: "this machine", "Slurm".</summary>
    string Name { get; }

    /// <summary>Whether a job is to end with whoever asked for it, where that one is told to stop.</summary>
    bool StopsWithCaller { get; }

    /// <summary>How long to wait between two looks at a job.</summary>
    TimeSpan Interval { get; }

    /// <summary>Submits a job.</summary>
    /// <param name="job">The job; its script is written into its folder.</param>
    /// <param name="cancellationToken">Gives up before the job is submitted.</param>
    /// <returns>The job's name at the launcher.</returns>
    /// <exception cref="LaunchException">It was refused, or the launcher is not there.</exception>
    Task<string> SubmitAsync(LaunchJob job, CancellationToken cancellationToken);

    /// <summary>Finds a job that was submitted, maybe by a process that died before it could note the job's name.</summary>
    /// <param name="job">The job, with the token that it was submitted with.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The job's name at the launcher; null where none was submitted.</returns>
    /// <exception cref="LaunchException">The launcher is not there.</exception>
    Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken);

    /// <summary>How a job fares.</summary>
    /// <param name="job">The job.</param>
    /// <param name="id">Its name at the launcher.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken);

    /// <summary>How each task of an array fares.</summary>
    /// <param name="job">The array.</param>
    /// <param name="id">Its name at the launcher.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A state for each of <see cref="LaunchJob.Tasks"/>.</returns>
    Task<IReadOnlyDictionary<int, JobState>> TasksAsync(LaunchJob job, string id, CancellationToken cancellationToken);

    /// <summary>Ends a job and all that it started; does nothing to one that has ended.</summary>
    /// <param name="id">Its name at the launcher.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task CancelAsync(string id, CancellationToken cancellationToken);
}

/// <summary>
/// A launcher whose jobs can stand in its queue before their work is known: held, and after another job.
/// </summary>
public interface IHoldingLauncher : ILauncher
{
    /// <summary>Lets a held job begin when its turn comes; does nothing to one that is not held.</summary>
    /// <param name="job">The job; its scripts are written anew.</param>
    /// <param name="id">Its name at the launcher.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task ReleaseAsync(LaunchJob job, string id, CancellationToken cancellationToken);

    /// <summary>Has a job that has not begun wait for another one than it did.</summary>
    /// <param name="id">Its name at the launcher.</param>
    /// <param name="after">The name of the job that has to end well first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task PutAfterAsync(string id, string after, CancellationToken cancellationToken);
}

/// <summary>Work for a launcher.</summary>
/// <param name="Folder">A folder of its own, as a full path; on a cluster one that all nodes see.</param>
/// <param name="Name">What people call it, such as spar-actor-1.</param>
/// <param name="Token">Letters and digits that no other submission has.</param>
/// <param name="Commands">Lines of a shell that each node runs; see <see cref="JobScript"/> for what is set.</param>
/// <param name="Prepare">Lines of a shell that the first node runs before; may be empty.</param>
public sealed record LaunchJob(
    string Folder, string Name, string Token, IReadOnlyList<string> Commands, IReadOnlyList<string> Prepare)
{
    /// <summary>
    /// Whether each node runs the commands; else the first alone does, and reaches the others by itself, as mpirun does.
    /// </summary>
    public bool OnEachNode { get; init; } = true;

    /// <summary>Processes for which a node needs room, where the commands reach the nodes by themselves.</summary>
    public int TasksPerNode { get; init; } = 1;

    /// <summary>The name of <see cref="Log"/>.</summary>
    public const string LogFile = "trainer.log";

    /// <summary>
    /// Numbers of tasks that run side by side, each with its number as TASK in its environment; empty for a job that is no
    /// array.
    /// </summary>
    public IReadOnlyList<int> Tasks { get; init; } = [];

    /// <summary>The name at the launcher of a job that has to end well before this one begins; null for none.</summary>
    public string? After { get; init; }

    /// <summary>Whether it is to wait in the queue until it is released; only an <see cref="IHoldingLauncher"/> can.</summary>
    public bool Held { get; init; }

    /// <summary>Output and errors of the job, of all its submissions one after the other; not of an array.</summary>
    public string Log => Path.Combine(Folder, LogFile);

    /// <summary>Output and errors of a task of an array.</summary>
    /// <param name="task">Its number.</param>
    public string LogOf(int task) =>
        Path.Combine(Folder, string.Create(CultureInfo.InvariantCulture, $"task-{task}.log"));
}

/// <summary>How far a job is.</summary>
public enum JobPhase
{
    /// <summary>Nothing can be learnt of it now, for the launcher does not answer.</summary>
    Unknown,

    /// <summary>It has not begun, or waits to begin again.</summary>
    Waiting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It has ended, by itself or otherwise.</summary>
    Ended,
}

/// <summary>How a job ended.</summary>
public enum JobEnd
{
    /// <summary>Its script ended; the exit status says how.</summary>
    Exited,

    /// <summary>It took more memory than it may.</summary>
    OutOfMemory,

    /// <summary>Its time was over.</summary>
    TimeLimit,

    /// <summary>Somebody ended it.</summary>
    Cancelled,

    /// <summary>Its machine failed, or it gave way to another job.</summary>
    NodeLost,

    /// <summary>It is gone without a trace: killed, or its machine was started anew.</summary>
    Vanished,
}

/// <summary>How a job fares.</summary>
/// <param name="Phase">How far it is.</param>
/// <param name="End">How it ended; null before.</param>
/// <param name="ExitCode">Its exit status; null where nobody knows.</param>
/// <param name="Detail">What the launcher says of it, such as why it waits; null where it says nothing.</param>
public sealed record JobState(JobPhase Phase, JobEnd? End = null, int? ExitCode = null, string? Detail = null);
