using System.Globalization;
using k8s.Models;

namespace Spar.Runtime.Launchers;

/// <summary>Reads how a job fares out of what Kubernetes says of it and of its pods.</summary>
internal static class KubernetesStates
{
    private const string IndexLabel = "batch.kubernetes.io/job-completion-index";

    /// <summary>The state of a job that is no array.</summary>
    /// <param name="job">The job.</param>
    /// <param name="pods">Its pods.</param>
    /// <param name="exit">The exit status that its script left; null for none.</param>
    public static JobState Of(V1Job job, IReadOnlyList<V1Pod> pods, int? exit) =>
        Is(job, "Complete") ? new JobState(JobPhase.Ended, JobEnd.Exited, 0)
        : Is(job, "Failed") ? EndOf(job, pods, exit)
        : Going(pods);

    /// <summary>The state of a task of an array.</summary>
    /// <param name="job">The array.</param>
    /// <param name="pods">All its pods.</param>
    /// <param name="index">The task's place in the array, from 0.</param>
    /// <param name="exit">The exit status that its script left; null for none.</param>
    public static JobState OfTask(V1Job job, IReadOnlyList<V1Pod> pods, int index, int? exit)
    {
        string number = index.ToString(CultureInfo.InvariantCulture);
        V1Pod[] own =
        [
            .. pods.Where(pod =>
                pod.Metadata.Annotations?.TryGetValue(IndexLabel, out string? place) == true && place == number
                || (pod.Metadata.Labels?.TryGetValue(IndexLabel, out place) == true && place == number)),
        ];
        return Has(job.Status?.CompletedIndexes, index) ? new JobState(JobPhase.Ended, JobEnd.Exited, 0)
            : Has(job.Status?.FailedIndexes, index) || Is(job, "Failed") || Is(job, "Complete") ? EndOf(job, own, exit)
            : Going(own);
    }

    private static bool Is(V1Job job, string condition) =>
        job.Status?.Conditions?.Any(one => one.Type == condition && one.Status == "True") == true;

    private static JobState EndOf(V1Job job, IReadOnlyList<V1Pod> pods, int? exit)
    {
        V1JobCondition? failed = job.Status?.Conditions?.FirstOrDefault(one => one.Type == "Failed" && one.Status == "True");
        if (failed?.Reason == "DeadlineExceeded")
        {
            return new JobState(JobPhase.Ended, JobEnd.TimeLimit, exit, failed.Message);
        }

        V1Pod? last = pods.OrderBy(pod => pod.Metadata.CreationTimestamp).LastOrDefault();
        V1ContainerStateTerminated? ended = last?.Status?.ContainerStatuses?
            .Select(one => one.State?.Terminated ?? one.LastState?.Terminated).FirstOrDefault(one => one is not null);
        V1PodCondition? moved = last?.Status?.Conditions?
            .FirstOrDefault(one => one.Type == "DisruptionTarget" && one.Status == "True");
        return
            ended?.Reason == "OOMKilled" ? new JobState(JobPhase.Ended, JobEnd.OutOfMemory, ended.ExitCode, "OOMKilled")
            : last?.Status?.Reason is { } reason && reason is "Evicted" or "NodeLost" or "Shutdown" or "Preempting"
                ? new JobState(JobPhase.Ended, JobEnd.NodeLost, exit, Words(reason, last.Status.Message))
            : moved is not null ? new JobState(JobPhase.Ended, JobEnd.NodeLost, exit, Words(moved.Reason, moved.Message))
            : new JobState(
                JobPhase.Ended, JobEnd.Exited, exit ?? ended?.ExitCode,
                failed is null ? null : Words(failed.Reason, failed.Message));
    }

    private static JobState Going(IReadOnlyList<V1Pod> pods)
    {
        if (pods.Any(pod => pod.Status?.Phase == "Running"))
        {
            return new JobState(JobPhase.Running);
        }

        // Why a pod waits: no node has room, or its image cannot be had.
        foreach (V1Pod pod in pods.Where(pod => pod.Status?.Phase is "Pending"))
        {
            V1ContainerStateWaiting? waiting = pod.Status.ContainerStatuses?
                .Select(one => one.State?.Waiting).FirstOrDefault(one => one is not null);
            if (waiting?.Reason is { } reason && reason != "ContainerCreating")
            {
                return new JobState(JobPhase.Waiting, Detail: Words(reason, waiting.Message));
            }

            if (pod.Status.Conditions?.FirstOrDefault(one => one.Type == "PodScheduled" && one.Status == "False") is { } where)
            {
                return new JobState(JobPhase.Waiting, Detail: Words(where.Reason, where.Message));
            }
        }

        return new JobState(JobPhase.Waiting, Detail: "PENDING");
    }

    private static string Words(string? reason, string? message) =>
        string.IsNullOrEmpty(message) ? reason ?? "" : $"{reason}: {message.ReplaceLineEndings(" ")}";

    // Such as 0,2-4.
    private static bool Has(string? indexes, int index) => (indexes ?? "").Split(',').Any(part =>
    {
        string[] ends = part.Split('-');
        return int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
            && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last)
            && first <= index && index <= last;
    });
}
