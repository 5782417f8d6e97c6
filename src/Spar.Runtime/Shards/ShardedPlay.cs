using System.Globalization;
using Spar.Runs;
using Spar.Runtime.Launchers;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runtime.Shards;

/// <summary>
/// Has a play stage played by an array of shards, each a process with a store of its own: submits it, waits, submits lost
/// shards again alone, and takes over what they played. The array's scripts, logs and state lie in
/// <c>shards/STAGE.array</c> of the run directory; an array that is at work already is found there.
/// </summary>
/// <param name="options">How the play is cut, and what plays a shard.</param>
/// <param name="launcher">Starts the array.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Is told what the user should know meanwhile.</param>
/// <param name="submitted">
/// Is told of each array that is at work, by iteration and its name at the launcher; null where nobody wants to know.
/// </param>
public sealed class ShardedPlay(
    ShardOptions options, ILauncher launcher, TimeProvider time, Action<string> notice,
    Func<int, string, CancellationToken, Task>? submitted = null) : IPlayElsewhere
{
    /// <inheritdoc/>
    /// <exception cref="ShardFaultException">A shard failed, or was lost too often.</exception>
    /// <exception cref="LaunchException">The launcher is not there, or refuses the array.</exception>
    public async Task PlayAsync(OpenPlay play, RunStore store, Action<int> played, CancellationToken cancellationToken)
    {
        string directory = Path.GetFullPath(store.Directory);
        string folder = Path.Combine(directory, "shards", $"{play.Stage}.array");
        Directory.CreateDirectory(folder);
        ArrayRecord? record = await KnownAsync(play, folder, cancellationToken).ConfigureAwait(false);
        for (int attempt = 1; ; attempt++)
        {
            record ??= await SubmitAsync(play, store, folder, cancellationToken).ConfigureAwait(false);
            await (submitted?.Invoke(play.Iteration, record.Job!, cancellationToken) ?? Task.CompletedTask)
                .ConfigureAwait(false);
            LaunchJob job = JobOf(play, folder, record);
            ShardWatch watch = new(job, launcher, time, notice, played, directory, record.Shards);
            IReadOnlyDictionary<int, JobState> ends;
            try
            {
                ends = await watch.FollowAsync(play.Stage, record.Job!, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (launcher.StopsWithCaller)
            {
                await launcher.CancelAsync(record.Job!, CancellationToken.None).ConfigureAwait(false);
                (record with { Status = ArrayStatus.Ended }).Write(folder);
                throw;
            }
            catch (OperationCanceledException)
            {
                notice($"{play.Stage} is played on by {launcher.Name}'s array {record.Job}; the same command finds it again.");
                throw;
            }

            foreach (MergedShard shard in PlayShards.Merge(store, PlayShards.In(directory)))
            {
                if (shard.Taken > 0)
                {
                    notice(string.Create(
                        CultureInfo.InvariantCulture, $"{play.Stage}: {shard.Taken} prompts are taken over from {shard.Shard}."));
                }
            }

            PlayShards.ForgetPrepared(directory);
            (record with { Status = ArrayStatus.Ended }).Write(folder);
            if (!Goes(play, job, record, ends, attempt))
            {
                return;
            }

            record = null;
        }
    }

    // Whether shards are to be submitted once more; false where the rest is for this process, or there is none.
    private bool Goes(
        OpenPlay play, LaunchJob job, ArrayRecord record, IReadOnlyDictionary<int, JobState> ends, int attempt)
    {
        IReadOnlyList<int> open = play.Open();
        if (open.Count == 0)
        {
            return false;
        }

        int[] lost = [.. OpenShards(open, record.Shards)];
        (int Shard, JobState State)[] said = [.. lost.Where(ends.ContainsKey).Select(shard => (shard, ends[shard]))];
        if (said.Length > 0 && said.All(one => one.State is { End: JobEnd.Exited, ExitCode: 3 }))
        {
            notice($"{play.Stage}: calls of {ShardEnds.Words(lost)} failed; they are made again here.");
            return false;
        }

        foreach ((int shard, JobState state) in said)
        {
            if (ShardEnds.IsFault(state))
            {
                throw new ShardFaultException(
                    $"Shard {shard} of {play.Stage} failed at {launcher.Name}, with exit status "
                    + $"{state.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "unknown"}: {ShardEnds.LastLine(job.LogOf(shard))} "
                    + $"({job.LogOf(shard)}).",
                    "Mend what it names; the same command submits what is left. What was played is kept.");
            }
        }

        string words = string.Join("; ", said.Select(one => $"shard {one.Shard}: {ShardEnds.How(one.State)}"));
        if (said.Length == record.Tasks.Count && said.All(one => one.State.End == JobEnd.Cancelled))
        {
            throw new ShardFaultException(
                $"Somebody cancelled the array {record.Job} that plays {play.Stage}.",
                "Run the same command when it may play on. What was played is kept.");
        }

        if (attempt >= options.Tries)
        {
            throw new ShardFaultException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{open.Count} of {play.Items} prompts of {play.Stage} are not played after {attempt} submissions ({words}); the "
                    + $"logs are in {job.Folder}."),
                "The same command submits what is left; play.tries says how often it does so by itself. What was played is "
                + "kept.");
        }

        notice($"{play.Stage}: {(words.Length > 0 ? words : ShardEnds.Words(lost))}; submitted again alone.");
        return true;
    }

    private static IEnumerable<int> OpenShards(IReadOnlyList<int> open, int shards) =>
        Enumerable.Range(1, shards).Where(number => open.Any(new PlayShard(number, shards).Has));

    private LaunchJob JobOf(OpenPlay play, string folder, ArrayRecord record) => new(
        folder, $"spar-{play.Stage}", record.Token,
        [
            $"cd {JobScript.Quote(options.Folder)} || exit 1",
            "exec " + string.Join(' ', options.Command.Select(JobScript.Quote)) + string.Create(
                CultureInfo.InvariantCulture, $" --shard \"$TASK\"/{record.Shards}"),
        ],
        [])
    {
        Tasks = record.Tasks,
    };

    // An array of an earlier session that has not been taken over.
    private async Task<ArrayRecord?> KnownAsync(OpenPlay play, string folder, CancellationToken cancellationToken)
    {
        if (ArrayRecord.Read(folder) is not { Status: not ArrayStatus.Ended } record)
        {
            return null;
        }

        if (record.Launcher != launcher.Name)
        {
            throw new LaunchException(
                $"{play.Stage} was submitted to {record.Launcher} (array {record.Job ?? "not known"}), and play.launcher is "
                + $"{launcher.Name} now.",
                $"Set it back, or end that array and delete {folder}.");
        }

        string? job = record.Status == ArrayStatus.Submitted ? record.Job
            : await launcher.FindAsync(JobOf(play, folder, record), cancellationToken).ConfigureAwait(false);
        if (job is null)
        {
            return null;
        }

        notice($"{play.Stage} is {launcher.Name}'s array {job.Split(' ')[0]} since an earlier session; it is not submitted again.");
        record = record with { Status = ArrayStatus.Submitted, Job = job };
        record.Write(folder);
        return record;
    }

    private async Task<ArrayRecord> SubmitAsync(
        OpenPlay play, RunStore store, string folder, CancellationToken cancellationToken)
    {
        int[] shards = [.. OpenShards(play.Open(), options.Shards)];
        foreach (int number in shards)
        {
            PlayShards.Prepare(store, new PlayShard(number, options.Shards), play.Stage, time);
        }

        ArrayRecord record = new(
            ArrayStatus.Submitting, (ArrayRecord.Read(folder)?.Attempt ?? 0) + 1,
            Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..8]), null, launcher.Name, shards, options.Shards);
        record.Write(folder);
        string id = await launcher.SubmitAsync(JobOf(play, folder, record), cancellationToken).ConfigureAwait(false);
        record = record with { Status = ArrayStatus.Submitted, Job = id };
        record.Write(folder);
        notice(string.Create(
            CultureInfo.InvariantCulture,
            $"{play.Stage} is {launcher.Name}'s array {id.Split(' ')[0]}: {ShardEnds.Words(shards)} of {options.Shards}; logs are in {folder}."));
        return record;
    }
}
