using System.Globalization;
using k8s.Models;

namespace Spar.Runtime.Launchers;

/// <summary>A job as Kubernetes takes it: batch/v1, an Indexed Job where it is an array.</summary>
public static class KubernetesManifest
{
    /// <summary>The name of the manifest in a job's folder.</summary>
    public const string FileName = "job.yaml";

    private const int LongestName = 57;
    private const int KeptSeconds = 7 * 24 * 3600;

    /// <summary>The job's name in its namespace.</summary>
    /// <param name="job">The job.</param>
    public static string NameOf(LaunchJob job)
    {
        string name = string.Concat(job.Name.ToLowerInvariant().Select(letter =>
            char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
        return $"{name[..Math.Min(name.Length, LongestName - job.Token.Length - 1)]}-{job.Token}";
    }

    /// <summary>The manifest.</summary>
    /// <param name="job">The job; its scripts lie in its folder.</param>
    /// <param name="options">Image, claim, GPUs and the like.</param>
    public static V1Job Of(LaunchJob job, LauncherOptions options)
    {
        string name = NameOf(job);
        Dictionary<string, string> labels = new() { ["app.kubernetes.io/name"] = "spar", ["spar/token"] = job.Token };
        Dictionary<string, ResourceQuantity> resources =
            options.Resources.ToDictionary(one => one.Key, one => new ResourceQuantity(one.Value));
        if (options.GpusPerNode > 0)
        {
            resources["nvidia.com/gpu"] =
                new ResourceQuantity(options.GpusPerNode.ToString(CultureInfo.InvariantCulture));
        }

        int? tasks = job.Tasks.Count > 0 ? job.Tasks.Count : null;
        return new V1Job
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = options.Namespace, Labels = labels },
            Spec = new V1JobSpec
            {
                CompletionMode = tasks is null ? "NonIndexed" : "Indexed",
                Completions = tasks ?? 1,
                Parallelism = tasks ?? 1,
                BackoffLimit = tasks is null ? 0 : null,
                BackoffLimitPerIndex = tasks is null ? null : 0,
                MaxFailedIndexes = tasks,
                ActiveDeadlineSeconds = options.Seconds,
                TtlSecondsAfterFinished = KeptSeconds,
                PodFailurePolicy = new V1PodFailurePolicy
                {
                    // A pod that has to give way, or whose node is drained, begins again by itself.
                    Rules =
                    [
                        new V1PodFailurePolicyRule
                        {
                            Action = "Ignore",
                            OnPodConditions =
                                [new V1PodFailurePolicyOnPodConditionsPattern { Type = "DisruptionTarget", Status = "True" }],
                        },
                    ],
                },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = labels },
                    Spec = new V1PodSpec
                    {
                        RestartPolicy = "Never",
                        Containers =
                        [
                            new V1Container
                            {
                                Name = "work",
                                Image = options.Image,
                                Command = ["bash", Path.Combine(job.Folder, JobScript.FileName)],
                                Resources = resources.Count == 0 ? null
                                    : new V1ResourceRequirements { Limits = resources, Requests = resources },
                                VolumeMounts =
                                    [new V1VolumeMount { Name = "shared", MountPath = options.Mount }],
                            },
                        ],
                        Volumes =
                        [
                            new V1Volume
                            {
                                Name = "shared",
                                PersistentVolumeClaim =
                                    new V1PersistentVolumeClaimVolumeSource { ClaimName = options.Claim },
                            },
                        ],
                    },
                },
            },
        };
    }

    /// <summary>Writes a job's scripts, as its pods run them.</summary>
    /// <param name="job">The job.</param>
    /// <param name="options">What the user's shell needs.</param>
    internal static void WriteScripts(LaunchJob job, LauncherOptions options)
    {
        string folder = $"cd {JobScript.Quote(job.Folder)} || exit 1";
        string[] head = job.Tasks.Count == 0
            ? [folder, $"exec >>{LaunchJob.LogFile} 2>&1 </dev/null"]
            :
            [
                $"tasks=({string.Join(' ', job.Tasks)})",
                "SPAR_TASK=${tasks[$JOB_COMPLETION_INDEX]}",
                folder,
                "exec >>task-$SPAR_TASK.log 2>&1 </dev/null",
            ];
        JobScript.Write(
            job, head, NameOf(job), "127.0.0.1", "29500", "", options, job.Tasks.Count == 0 ? null : "$SPAR_TASK");
    }
}
