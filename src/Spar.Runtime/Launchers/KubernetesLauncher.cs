using System.Net;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Exceptions;
using k8s.Models;
using Spar.Ground;

namespace Spar.Runtime.Launchers;

/// <summary>
/// Submits a job to Kubernetes as a Job of batch/v1, an Indexed Job where it is an array. Its pods run the scripts in
/// the job's folder, which lies on a claim that they mount, and write their logs there. The job's name has the token, so
/// that a submission which is repeated finds the first one (409, AlreadyExists). Where jobs are not submitted, the
/// manifest in the folder waits for somebody to apply it, and the files that the job writes say how far it is.
/// </summary>
/// <param name="options">Image, claim, GPUs and the like.</param>
/// <param name="time">The clock.</param>
/// <param name="client">The API; null for what the kubeconfig or the pod's own account says.</param>
public sealed class KubernetesLauncher(LauncherOptions options, TimeProvider time, IKubernetes? client = null) : ILauncher
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    // A submission under way when its process was killed has been taken by then.
    private static readonly TimeSpan s_underWay = TimeSpan.FromSeconds(3);

    private IKubernetes? _client = client;

    /// <inheritdoc/>
    public string Name => "Kubernetes";

    /// <inheritdoc/>
    public bool StopsWithCaller => false;

    /// <inheritdoc/>
    public TimeSpan Interval => options.Interval ?? s_interval;

    private string Namespace => options.Namespace ?? "default";

    /// <inheritdoc/>
    public async Task<string> SubmitAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        string mount = Path.GetFullPath(options.Mount).TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar;
        if (!job.Folder.StartsWith(mount, StringComparison.Ordinal))
        {
            throw new LaunchException(
                $"Pods do not see {job.Folder}: their claim {options.Claim} is mounted at {options.Mount}.",
                "Put the run directory (--output) below that, with the claim mounted here at the same path, or set "
                + "launcher.mount.");
        }

        KubernetesManifest.WriteScripts(job, options);
        V1Job manifest = KubernetesManifest.Of(job, options);
        AtomicFile.WriteText(ManifestOf(job), KubernetesYaml.Serialize(manifest) + "\n");
        if (!options.Submit)
        {
            return manifest.Metadata.Name;
        }

        try
        {
            // Nobody gives up between the submission and its answer.
            cancellationToken.ThrowIfCancellationRequested();
            await Client().BatchV1.CreateNamespacedJobAsync(
                manifest, Namespace, cancellationToken: CancellationToken.None).ConfigureAwait(false);
        }
        catch (HttpOperationException fault) when (StatusOf(fault) == HttpStatusCode.Conflict)
        {
            // It was submitted already, by a call whose answer was lost.
        }
        catch (HttpOperationException fault)
        {
            throw new LaunchException(
                $"Kubernetes did not take the job {manifest.Metadata.Name} in namespace {Namespace} ({Words(fault)}).",
                "Mend launcher (image, claim, namespace, resources) or the account's rights (create, get and delete jobs, list "
                + "pods); 'spar cluster check' says what there is. Then run the same command again.");
        }
        catch (Exception fault) when (IsOfApi(fault))
        {
            throw Unreachable(fault);
        }

        return manifest.Metadata.Name;
    }

    /// <inheritdoc/>
    public async Task<string?> FindAsync(LaunchJob job, CancellationToken cancellationToken)
    {
        string name = KubernetesManifest.NameOf(job);
        if (!options.Submit)
        {
            return File.Exists(ManifestOf(job)) ? name : null;
        }

        for (int look = 0; ; look++)
        {
            try
            {
                if (await ReadAsync(name, cancellationToken).ConfigureAwait(false) is not null
                    || JobScript.ClaimOf(job) is not null)
                {
                    return name;
                }
            }
            catch (Exception fault) when (IsOfApi(fault))
            {
                throw Unreachable(fault);
            }

            if (look > 0)
            {
                return null;
            }

            await Task.Delay(s_underWay, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task<JobState> StateAsync(LaunchJob job, string id, CancellationToken cancellationToken)
    {
        int? exit = JobScript.ReadExit(JobScript.ExitFile(job));
        return (await StatesAsync(job, id, [exit], (known, pods) => [KubernetesStates.Of(known, pods, exit)], cancellationToken)
            .ConfigureAwait(false))[0];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<int, JobState>> TasksAsync(
        LaunchJob job, string id, CancellationToken cancellationToken)
    {
        int?[] exits = [.. job.Tasks.Select(task => JobScript.ReadExit(JobScript.ExitFile(job, task)))];
        JobState[] states = await StatesAsync(
            job, id, exits,
            (known, pods) => [.. exits.Select((exit, index) => KubernetesStates.OfTask(known, pods, index, exit))],
            cancellationToken).ConfigureAwait(false);
        return job.Tasks.Zip(states).ToDictionary(one => one.First, one => one.Second);
    }

    /// <inheritdoc/>
    public async Task CancelAsync(string id, CancellationToken cancellationToken)
    {
        if (!options.Submit)
        {
            return;
        }

        try
        {
            await Client().BatchV1.DeleteNamespacedJobAsync(
                id, Namespace, propagationPolicy: "Background", cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (HttpOperationException fault) when (StatusOf(fault) == HttpStatusCode.NotFound)
        {
            // It is gone already.
        }
        catch (Exception fault) when (IsOfApi(fault))
        {
            throw Unreachable(fault);
        }
    }

    private async Task<JobState[]> StatesAsync(
        LaunchJob job, string id, int?[] exits, Func<V1Job, IReadOnlyList<V1Pod>, JobState[]> read,
        CancellationToken cancellationToken)
    {
        if (!options.Submit)
        {
            bool begun = JobScript.ClaimOf(job) is not null;
            return
            [
                .. exits.Select(exit =>
                    exit is not null ? new JobState(JobPhase.Ended, JobEnd.Exited, exit)
                    : begun ? new JobState(JobPhase.Running)
                    : new JobState(JobPhase.Waiting, Detail: $"its manifest is to be applied: kubectl apply -f {ManifestOf(job)}")),
            ];
        }

        try
        {
            if (await ReadAsync(id, cancellationToken).ConfigureAwait(false) is not { } known)
            {
                return
                [
                    .. exits.Select(exit => exit is null
                        ? new JobState(JobPhase.Ended, JobEnd.Cancelled, null, "the job was deleted")
                        : new JobState(JobPhase.Ended, JobEnd.Exited, exit)),
                ];
            }

            V1PodList pods = await Client().CoreV1.ListNamespacedPodAsync(
                Namespace, labelSelector: $"batch.kubernetes.io/job-name={id}", cancellationToken: cancellationToken)
                .ConfigureAwait(false);
            return read(known, [.. pods.Items]);
        }
        catch (Exception fault) when (IsOfApi(fault))
        {
            return [.. exits.Select(_ => new JobState(JobPhase.Unknown, Detail: Words(fault)))];
        }
    }

    private async Task<V1Job?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await Client().BatchV1.ReadNamespacedJobAsync(name, Namespace, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        }
        catch (HttpOperationException fault) when (StatusOf(fault) == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private IKubernetes Client() =>
        _client ??= new Kubernetes(KubernetesClientConfiguration.BuildDefaultConfig());

    private static string ManifestOf(LaunchJob job) => Path.Combine(job.Folder, KubernetesManifest.FileName);

    private static HttpStatusCode? StatusOf(HttpOperationException fault) => fault.Response?.StatusCode;

    /// <summary>Whether a fault comes of the API: it refuses, is not there, or answers with what is no JSON.</summary>
    /// <param name="fault">The fault.</param>
    internal static bool IsOfApi(Exception fault) =>
        fault is HttpOperationException or HttpRequestException or KubeConfigException or JsonException;

    /// <summary>What the API says of a fault: its own message where it sent one.</summary>
    /// <param name="fault">The fault.</param>
    internal static string Words(Exception fault)
    {
        if (fault is HttpOperationException { Response: { } response })
        {
            try
            {
                if (KubernetesJson.Deserialize<V1Status>(response.Content).Message is { Length: > 0 } message)
                {
                    return message.ReplaceLineEndings(" ");
                }
            }
            catch (Exception other) when (other is JsonException or ArgumentNullException)
            {
                // A proxy before it may say what it likes.
            }

            return $"status {(int)response.StatusCode}";
        }

        return fault.Message.ReplaceLineEndings(" ");
    }

    private static LaunchException Unreachable(Exception fault) => new(
        $"Kubernetes' API does not answer as it should ({Words(fault).TrimEnd('.')}).",
        "See whether 'kubectl get jobs' works with the same KUBECONFIG, and run the same command again; what was submitted is "
        + "found again. Without access, launcher.submit: false writes the manifests alone.");
}
