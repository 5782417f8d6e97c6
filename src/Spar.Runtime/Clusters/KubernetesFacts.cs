using k8s;
using k8s.Autorest;
using k8s.Models;
using Spar.Runtime.Launchers;
using Spar.Runtime.Recipes;

namespace Spar.Runtime.Clusters;

/// <summary>What there is of Kubernetes: its API, the right to submit jobs, the claim that holds the runs.</summary>
/// <param name="client">The API; null for what the kubeconfig or the pod's own account says.</param>
internal sealed class KubernetesFacts(IKubernetes? client = null)
{
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(20);

    /// <summary>Whether a kubeconfig or a pod's account says where an API is.</summary>
    public static bool IsConfigured =>
        !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBECONFIG"))
        || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("KUBERNETES_SERVICE_HOST"))
        || File.Exists(Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config"));

    /// <summary>Looks.</summary>
    /// <param name="key">The recipe's group that needs it; null where nothing does.</param>
    /// <param name="launcher">The group; null where nothing does.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<ClusterFinding>> LookAsync(
        string? key, LauncherSettings? launcher, CancellationToken cancellationToken)
    {
        FindingState lacking = launcher is null ? FindingState.Absent : FindingState.Missing;
        if (launcher is { Submit: false })
        {
            return [new("Kubernetes", FindingState.Ok, $"{key}.submit is false: manifests are written, and nothing is asked")];
        }

        if (client is null && !IsConfigured)
        {
            return
            [
                new("Kubernetes", lacking, "no kubeconfig is here",
                    launcher is null ? null : "Set KUBECONFIG to the cluster's file, or launcher.submit to false for manifests alone."),
            ];
        }

        List<ClusterFinding> findings = [];
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_short);
        try
        {
            IKubernetes api = client ?? new Kubernetes(KubernetesClientConfiguration.BuildDefaultConfig());
            VersionInfo version = await api.Version.GetCodeAsync(patience.Token).ConfigureAwait(false);
            findings.Add(new("Kubernetes", FindingState.Ok, version.GitVersion));
            if (launcher is null)
            {
                return findings;
            }

            string space = launcher.Namespace ?? "default";
            V1SelfSubjectAccessReview review = await api.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(
                new V1SelfSubjectAccessReview
                {
                    Spec = new V1SelfSubjectAccessReviewSpec
                    {
                        ResourceAttributes = new V1ResourceAttributes
                        {
                            NamespaceProperty = space,
                            Verb = "create",
                            Group = "batch",
                            Resource = "jobs",
                        },
                    },
                },
                cancellationToken: patience.Token).ConfigureAwait(false);
            findings.Add(review.Status?.Allowed == true
                ? new("jobs", FindingState.Ok, $"this account may create them in namespace {space}")
                : new(
                    "jobs", FindingState.Missing, $"this account may not create them in namespace {space}",
                    $"kubectl create rolebinding spar --clusterrole=edit --user=YOU --namespace={space}, by whoever may."));
            findings.Add(await ClaimAsync(api, key!, launcher, space, patience.Token).ConfigureAwait(false));
        }
        catch (Exception fault) when (KubernetesLauncher.IsOfApi(fault)
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            findings.Add(new(
                "Kubernetes", lacking, $"its API does not answer as it should: {KubernetesLauncher.Words(fault)}",
                "kubectl version says whether KUBECONFIG names a cluster that is up."));
        }

        return findings;
    }

    private static async Task<ClusterFinding> ClaimAsync(
        IKubernetes api, string key, LauncherSettings launcher, string space, CancellationToken cancellationToken)
    {
        string name = $"claim {launcher.Claim}";
        try
        {
            V1PersistentVolumeClaim claim = await api.CoreV1.ReadNamespacedPersistentVolumeClaimAsync(
                launcher.Claim, space, cancellationToken: cancellationToken).ConfigureAwait(false);
            return claim.Spec?.AccessModes?.Contains("ReadWriteMany") == true
                ? new(name, FindingState.Ok, $"{claim.Status?.Phase}, ReadWriteMany, to be mounted at {launcher.Mount}")
                : new(
                    name, FindingState.Missing,
                    $"it is {string.Join(", ", claim.Spec?.AccessModes ?? [])}: pods of several nodes cannot share it",
                    $"Set {key}.claim to one that is ReadWriteMany.");
        }
        catch (HttpOperationException fault) when (fault.Response?.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            return new(
                name, FindingState.Missing, $"there is none in namespace {space}",
                $"kubectl get pvc --namespace={space} says which there are; set {key}.claim to one that is ReadWriteMany.");
        }
    }
}
