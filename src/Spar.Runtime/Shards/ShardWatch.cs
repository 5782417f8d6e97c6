using System.Globalization;
using Spar.Runs;
using Spar.Runtime.Launchers;
using Spar.SelfPlay;

namespace Spar.Runtime.Shards;

/// <summary>Follows an array of shards until none of its tasks is left.</summary>
/// <param name="job">The array.</param>
/// <param name="launcher">Has started it.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Is told what the user should know.</param>
/// <param name="played">Is told how many items are played so far.</param>
/// <param name="directory">The run directory.</param>
/// <param name="shards">Into how many shards the stage is cut.</param>
internal sealed class ShardWatch(
    LaunchJob job, ILauncher launcher, TimeProvider time, Action<string> notice, Action<int> played, string directory,
    int shards)
{
    /// <summary>Waits for the end of all tasks.</summary>
    /// <param name="stage">The stage, for messages.</param>
    /// <param name="id">The array's name at the launcher.</param>
    /// <param name="cancellationToken">Gives up waiting; the array goes on.</param>
    /// <returns>How each task ended.</returns>
    public async Task<IReadOnlyDictionary<int, JobState>> FollowAsync(
        string stage, string id, CancellationToken cancellationToken)
    {
        // What a launcher forgets some time after a task's end is kept here.
        Dictionary<int, JobState> ends = [];
        Dictionary<int, JobPhase> phases = [];
        string? said = null;
        for (; ; await Task.Delay(launcher.Interval, time, cancellationToken).ConfigureAwait(false))
        {
            IReadOnlyDictionary<int, JobState> states =
                await launcher.TasksAsync(job, id, cancellationToken).ConfigureAwait(false);
            foreach ((int task, JobState state) in states)
            {
                if (state.Phase == JobPhase.Ended && !(state.End == JobEnd.Vanished && ends.ContainsKey(task)))
                {
                    ends[task] = state;
                }
                else if (state.Phase is JobPhase.Waiting or JobPhase.Running)
                {
                    ends.Remove(task);
                    if (state.Phase == JobPhase.Waiting && phases.GetValueOrDefault(task) == JobPhase.Running)
                    {
                        notice(string.Create(
                            CultureInfo.InvariantCulture,
                            $"{stage}: shard {task} was put back into the queue of {launcher.Name}."));
                    }
                }

                phases[task] = state.Phase;
            }

            played(job.Tasks.Sum(task => PlayedCount.Read(PlayShards.DirectoryOf(directory, new PlayShard(task, shards)))));
            if (job.Tasks.All(ends.ContainsKey))
            {
                return ends;
            }

            string? now = states.Values.All(state => state.Phase == JobPhase.Running) ? null
                : states.Values.FirstOrDefault(state => state.Phase == JobPhase.Unknown) is { } unknown
                    ? $"{launcher.Name} does not answer: {unknown.Detail}"
                : states.Values.All(state => state.Phase == JobPhase.Waiting)
                    && states.Values.First().Detail is { } detail && detail != "PENDING"
                    ? $"{stage} waits at {launcher.Name}: {detail}" : said;
            if (now is not null && now != said)
            {
                notice(now);
            }

            said = now;
        }
    }
}
