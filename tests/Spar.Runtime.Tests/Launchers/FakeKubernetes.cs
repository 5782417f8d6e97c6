using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using k8s;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>
/// A server on this machine that answers as Kubernetes does for jobs of batch/v1 and their pods, as far as a launcher
/// asks: it keeps jobs by name, refuses a second one of a name, and runs their containers' commands as processes, unless
/// it is told how a job fares.
/// </summary>
internal sealed class FakeKubernetes : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, (JsonObject Job, Process[] Pods)> _jobs = new();
    private readonly Task _work;

    public FakeKubernetes()
    {
        string address = $"http://127.0.0.1:{FreePort.Next()}/";
        _listener.Prefixes.Add(address);
        _listener.Start();
        _work = ServeAsync();
        Client = new Kubernetes(new KubernetesClientConfiguration { Host = address });
    }

    public Kubernetes Client { get; }

    /// <summary>Methods and paths of all requests.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What is said of every job, in the place of what its processes do: its status, and its pods.</summary>
    public (string Status, string Pods)? Says { get; set; }

    /// <summary>The status and the message of every answer, in the place of a right one.</summary>
    public (int Status, string Message)? Refuses { get; set; }

    /// <summary>Whether a job that was taken is answered by a broken connection.</summary>
    public bool LosesAnswers { get; set; }

    public JsonObject JobOf(string name) => _jobs[name].Job;

    public int Count => _jobs.Count;

    public void Dispose()
    {
        _listener.Close();
        _work.Wait();
        Client.Dispose();
        foreach ((_, Process[] pods) in _jobs.Values)
        {
            End(pods);
        }
    }

    private static void End(Process[] pods)
    {
        foreach (Process pod in pods)
        {
            if (!pod.HasExited)
            {
                pod.Kill(entireProcessTree: true);
            }

            pod.Dispose();
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception fault) when (fault is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            Requests.Enqueue($"{context.Request.HttpMethod} {context.Request.Url!.AbsolutePath}");
            (int status, JsonNode body)? answer = await AnswerAsync(context.Request);
            if (answer is not var (code, json))
            {
                context.Response.Abort();
                continue;
            }

            context.Response.StatusCode = code;
            context.Response.ContentType = "application/json";
            byte[] bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
            await context.Response.OutputStream.WriteAsync(bytes);
            context.Response.Close();
        }
    }

    private async Task<(int, JsonNode)?> AnswerAsync(HttpListenerRequest request)
    {
        string[] path = request.Url!.AbsolutePath.Trim('/').Split('/');
        if (Refuses is var (refused, message))
        {
            return (refused, Status(refused, message));
        }

        if (path is ["apis", "batch", "v1", "namespaces", _, "jobs", ..])
        {
            string name = path.ElementAtOrDefault(6) ?? "";
            switch (request.HttpMethod)
            {
                case "POST":
                    using (StreamReader reader = new(request.InputStream))
                    {
                        JsonObject job = JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject();
                        name = (string)job["metadata"]!["name"]!;
                        if (_jobs.ContainsKey(name))
                        {
                            return (409, Status(409, $"jobs.batch \"{name}\" already exists"));
                        }

                        _jobs[name] = (job, Says is null ? Start(job) : []);
                        return LosesAnswers ? null : (201, job.DeepClone());
                    }

                case "GET" when _jobs.TryGetValue(name, out (JsonObject Job, Process[] Pods) known):
                    JsonNode shown = known.Job.DeepClone();
                    shown["status"] = Says is var (said, _) ? JsonNode.Parse(said) : StatusOf(known.Pods);
                    return (200, shown);
                case "DELETE" when _jobs.TryRemove(name, out (JsonObject Job, Process[] Pods) gone):
                    End(gone.Pods);
                    return (200, Status(200, ""));
                default:
                    return (404, Status(404, $"jobs.batch \"{name}\" not found"));
            }
        }

        if (path is ["api", "v1", "namespaces", _, "pods"])
        {
            string job = request.QueryString["labelSelector"]!.Split('=')[1];
            JsonNode items = Says is var (_, pods) ? JsonNode.Parse(pods)!
                : new JsonArray([.. _jobs[job].Pods.Select((pod, index) => PodOf(job, pod, index))]);
            return (200, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "PodList", ["metadata"] = new JsonObject(), ["items"] = items });
        }

        return (404, Status(404, "there is nothing here"));
    }

    private static Process[] Start(JsonObject job)
    {
        string[] command =
        [
            .. job["spec"]!["template"]!["spec"]!["containers"]![0]!["command"]!.AsArray().Select(word => (string)word!),
        ];
        return
        [
            .. Enumerable.Range(0, (int)job["spec"]!["completions"]!).Select(index => Process.Start(
                new ProcessStartInfo(command[0], command[1..]) { Environment = { ["JOB_COMPLETION_INDEX"] = $"{index}" } })!),
        ];
    }

    private static JsonObject StatusOf(Process[] pods)
    {
        string Indexes(Func<Process, bool> which) => string.Join(
            ',', pods.Index().Where(one => one.Item.HasExited && which(one.Item)).Select(one => one.Index));
        bool ended = pods.All(pod => pod.HasExited);
        return new JsonObject
        {
            ["active"] = pods.Count(pod => !pod.HasExited),
            ["completedIndexes"] = Indexes(pod => pod.ExitCode == 0),
            ["failedIndexes"] = Indexes(pod => pod.ExitCode != 0),
            ["conditions"] = !ended ? [] : new JsonArray(new JsonObject
            {
                ["type"] = pods.All(pod => pod.ExitCode == 0) ? "Complete" : "Failed",
                ["status"] = "True",
                ["reason"] = "BackoffLimitExceeded",
            }),
        };
    }

    private static JsonObject PodOf(string job, Process pod, int index) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = $"{job}-{index}",
            ["labels"] = new JsonObject { ["batch.kubernetes.io/job-completion-index"] = $"{index}" },
        },
        ["status"] = new JsonObject
        {
            ["phase"] = !pod.HasExited ? "Running" : pod.ExitCode == 0 ? "Succeeded" : "Failed",
            ["containerStatuses"] = !pod.HasExited ? [] : new JsonArray(new JsonObject
            {
                ["name"] = "work",
                ["image"] = "i",
                ["imageID"] = "i",
                ["ready"] = false,
                ["restartCount"] = 0,
                ["state"] = new JsonObject
                {
                    ["terminated"] = new JsonObject { ["exitCode"] = pod.ExitCode, ["reason"] = "Error" },
                },
            }),
        },
    };

    private static JsonObject Status(int code, string message) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Status",
        ["status"] = code < 300 ? "Success" : "Failure",
        ["message"] = message,
        ["code"] = code,
    };
}
