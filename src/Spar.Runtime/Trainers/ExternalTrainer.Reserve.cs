using Spar.Runtime.Launchers;

namespace Spar.Runtime.Trainers;

/// <content>
/// Trainings that stand in the launcher's queue before their rows are known: held, and after the array that plays what
/// they learn from. When the rows are written the job is released.
/// </content>
public sealed partial class ExternalTrainer : IAsyncDisposable
{
    private readonly HashSet<string> _reserved = new(StringComparer.Ordinal);

    /// <summary>
    /// Puts a training into the launcher's queue, to be held until its rows are there and to begin after another job has
    /// ended well. Where it is there already it is put after that job. Does nothing where the launcher has no such queue.
    /// </summary>
    /// <param name="outputModel">The checkpoint that the training is to write.</param>
    /// <param name="after">The other job's name at the launcher.</param>
    /// <param name="cancellationToken">Gives up before it is submitted.</param>
    /// <exception cref="LaunchException">It was refused.</exception>
    public async Task ReserveAsync(string outputModel, string after, CancellationToken cancellationToken)
    {
        if (launcher is not IHoldingLauncher holding)
        {
            return;
        }

        string name = Path.GetFileName(outputModel);
        string folder = Path.GetFullPath(outputModel) + ".training";
        TrainingRecord? record = TrainingRecord.Read(folder);
        if (record is { Status: TrainingStatus.Reserved } && record.Launcher == launcher.Name)
        {
            record = await ReservedAsync(record, Work(folder, name, record.Token), cancellationToken).ConfigureAwait(false);
            if (record is not null)
            {
                _reserved.Add(folder);
                record.Write(folder);
                await holding.PutAfterAsync(record.Job!, after, cancellationToken).ConfigureAwait(false);
                return;
            }
        }
        else if (record is not null)
        {
            // It trains, or has trained: what comes of it is for the training itself to say.
            return;
        }

        Directory.CreateDirectory(folder);
        string token = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..8]);
        record = new TrainingRecord("", TrainingStatus.Reserved, 1, token, null, launcher.Name) { Held = true };
        record.Write(folder);
        _reserved.Add(folder);
        string id = await holding.SubmitAsync(
            Work(folder, name, token) with { Held = true, After = after }, cancellationToken).ConfigureAwait(false);
        (record with { Job = id }).Write(folder);
        notice($"{name} stands in {launcher.Name}'s queue as job {id}, held until its rows are there, after {after}.");
    }

    /// <summary>Takes trainings out of the queue that stand there and are not needed, for the run has ended.</summary>
    public async ValueTask DisposeAsync() => await FreeOthersAsync(null).ConfigureAwait(false);

    // A job that nobody trains with any more must not stand in the queue for ever.
    private async Task FreeOthersAsync(string? mine)
    {
        foreach (string folder in _reserved.Where(one => one != mine))
        {
            if (TrainingRecord.Read(folder) is { Status: TrainingStatus.Reserved, Job: { } job })
            {
                await launcher.CancelAsync(job, CancellationToken.None).ConfigureAwait(false);
                Directory.Delete(folder, recursive: true);
            }
        }

        _reserved.Clear();
    }

    // The record with the name of the job that is held; null where there is none any more.
    private async Task<TrainingRecord?> ReservedAsync(
        TrainingRecord record, LaunchJob work, CancellationToken cancellationToken)
    {
        string? id = record.Job ?? await launcher.FindAsync(work, cancellationToken).ConfigureAwait(false);
        JobState? state = id is null ? null : await launcher.StateAsync(work, id, cancellationToken).ConfigureAwait(false);
        return state is null or { Phase: JobPhase.Ended } ? null : record with { Job = id };
    }
}
