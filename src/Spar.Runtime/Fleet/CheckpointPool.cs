using System.Globalization;
using System.Text.Json;
using Spar.Calls;
using Spar.Ground;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>
/// Servers that play one part of a run, and are given its checkpoint before it plays. One checkpoint at a time counts as
/// theirs; that they have it is asked of each of them.
/// </summary>
/// <param name="name">The pool's name, for messages.</param>
/// <param name="endpoints">The servers; the name of their model is set here.</param>
/// <param name="bring">
/// Brings a checkpoint to the servers: its folder, its stage (base for a start model) and the name that it is to have;
/// says which servers those are.
/// </param>
/// <param name="nameOf">The name by which the servers are to know the checkpoint of a stage.</param>
/// <param name="patience">For how long servers that were given a checkpoint are waited for.</param>
/// <param name="time">The clock.</param>
/// <param name="jobs">The servers as jobs of this run, where it starts and ends them; null for others' servers.</param>
public sealed class CheckpointPool(
    string name,
    IReadOnlyList<ServedEndpoint> endpoints,
    Func<BroughtCheckpoint, CancellationToken, Task<IReadOnlyList<ServedEndpoint>>> bring,
    Func<string, string> nameOf,
    TimeSpan patience,
    TimeProvider time,
    ServerJobs? jobs = null)
{
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _gate = new(1);
    private IReadOnlyList<ServedEndpoint> _endpoints = endpoints;

    /// <summary>The checkpoint that the servers have; null before the first.</summary>
    public string? Holds { get; private set; }

    /// <summary>The pool's name.</summary>
    public string Name { get; } = name;

    /// <summary>Sees to it that the servers have a checkpoint.</summary>
    /// <param name="checkpoint">Its folder, or file.</param>
    /// <param name="stage">The training that it comes from; base for a start model.</param>
    /// <param name="probe">
    /// Compares what a server answers with what it should; throws a <see cref="SparException"/> where they differ.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The servers, with the name by which they know it.</returns>
    /// <exception cref="SparException">It did not get to them; the message names the server and what it says.</exception>
    public async Task<IReadOnlyList<ServedEndpoint>> GiveAsync(
        string checkpoint, string stage, Func<ServedEndpoint, CancellationToken, Task> probe,
        CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            BroughtCheckpoint brought = new(System.IO.Path.GetFullPath(checkpoint), stage, nameOf(stage));
            if (Holds == checkpoint)
            {
                return [.. _endpoints.Select(one => one with { Model = brought.Name })];
            }

            Holds = null;
            _endpoints = await bring(brought, cancellationToken).ConfigureAwait(false);
            ServedEndpoint[] served = [.. _endpoints.Select(one => one with { Model = brought.Name })];
            foreach (ServedEndpoint endpoint in served)
            {
                await WaitAsync(endpoint, brought, cancellationToken).ConfigureAwait(false);
                await probe(endpoint, cancellationToken).ConfigureAwait(false);
            }

            Holds = checkpoint;
            return served;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the servers, where they are this run's own, so that their machines are free for something else.</summary>
    public async Task ReleaseAsync()
    {
        if (jobs is null)
        {
            return;
        }

        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            Holds = null;
            await jobs.StopAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Until it says that it serves the name, whether it is starting up or still serves the last one.
    private async Task WaitAsync(
        ServedEndpoint endpoint, BroughtCheckpoint brought, CancellationToken cancellationToken)
    {
        using EndpointTransport transport = new(endpoint, time);
        long start = time.GetTimestamp();
        for (TimeSpan pause = s_first; ; pause = pause < s_most ? pause * 1.5 : s_most)
        {
            string said;
            try
            {
                EndpointReply reply = await transport.GetAsync("models", cancellationToken).ConfigureAwait(false);
                string[] names =
                [
                    .. (ReplyJson.Parse(reply.Body)?.Get("data")).Items()
                        .Select(model => model.Get("id").Text()).OfType<string>(),
                ];
                if (reply.Status is >= 200 and < 300 && names.Contains(brought.Name))
                {
                    return;
                }

                said = names.Length > 0
                    ? $"it serves {ServerWords.OneLine(string.Join(", ", names.Take(8)))}"
                    : string.Create(CultureInfo.InvariantCulture, $"it answers with status {reply.Status}");
            }
            catch (TransientFaultException fault)
            {
                said = fault.Message;
            }
            catch (RefusedCallException fault)
            {
                throw Missing(endpoint, brought, fault.Message);
            }

            if (jobs is not null && await jobs.GoneAsync(cancellationToken).ConfigureAwait(false) is { } gone)
            {
                throw Missing(endpoint, brought, gone);
            }

            if (time.GetElapsedTime(start) + pause > patience)
            {
                throw Missing(endpoint, brought, said);
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private SparException Missing(ServedEndpoint endpoint, BroughtCheckpoint brought, string said) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"The server {endpoint.Address} of pool {Name} does not serve {brought.Name}, which is the checkpoint "
                + $"{brought.Checkpoint}, though it was given it: {said.TrimEnd('.')}. Look at what the pool's command did, "
                + $"and run the same command again; it was waited for {patience.TotalMinutes:0.#} minutes "
                + $"(servers.checkpoints, ready_minutes)."));
}

/// <summary>A checkpoint on its way to servers.</summary>
/// <param name="Checkpoint">Its folder or file, from the root.</param>
/// <param name="Stage">The training that it comes from; base for a start model.</param>
/// <param name="Name">The name by which the servers are to know it.</param>
public sealed record BroughtCheckpoint(string Checkpoint, string Stage, string Name);

/// <summary>Gives servers adapters while they run, by vLLM's interface.</summary>
internal static class AdapterLoading
{
    /// <summary>Has every server load an adapter, and forget the one before.</summary>
    /// <param name="endpoints">The servers.</param>
    /// <param name="adapter">The adapter's folder, which the servers can read under the same path.</param>
    /// <param name="name">Its name.</param>
    /// <param name="before">The name of the one that is to go; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="SparException">A server does not take it.</exception>
    public static async Task LoadAsync(
        IReadOnlyList<ServedEndpoint> endpoints, string adapter, string name, string? before, TimeProvider time,
        CancellationToken cancellationToken)
    {
        foreach (ServedEndpoint endpoint in endpoints)
        {
            using EndpointTransport transport = new(endpoint, time);

            // What another run left under the name would be taken for this one's; that there is nothing is no fault.
            await PostAsync(transport, "unload_lora_adapter", new { lora_name = name }, cancellationToken)
                .ConfigureAwait(false);
            EndpointReply reply = await PostAsync(
                transport, "load_lora_adapter", new { lora_name = name, lora_path = adapter }, cancellationToken)
                .ConfigureAwait(false);
            if (reply.Status is < 200 or >= 300)
            {
                throw new SparException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The server {endpoint.Address} does not take the adapter {adapter} (status {reply.Status}: "
                        + $"{ServerWords.Of(reply.Body)}). Start it with --enable-lora and with "
                        + $"VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment, where it can read that folder."));
            }

            if (before is not null && before != name)
            {
                await PostAsync(transport, "unload_lora_adapter", new { lora_name = before }, cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    private static async Task<EndpointReply> PostAsync(
        EndpointTransport transport, string path, object body, CancellationToken cancellationToken)
    {
        try
        {
            return await transport.PostAsync(path, JsonSerializer.SerializeToUtf8Bytes(body), [], cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TransientFaultException fault)
        {
            throw new SparException(
                $"{fault.Message.TrimEnd('.')}. A server that takes adapters has to be up before the run plays.", fault);
        }
    }
}
