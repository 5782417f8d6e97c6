using System.Globalization;
using System.Text.Json;
using Spar.Ground;
using Spar.Runtime.Launchers;

namespace Spar.Runtime.Fleet;

/// <summary>A server that was started for a pool, in a file that is written before and after its submission.</summary>
/// <param name="Token">The submission's token.</param>
/// <param name="Job">Its name at the launcher; null where it is not noted.</param>
/// <param name="Launcher">The launcher's name.</param>
/// <param name="Checkpoint">What it serves.</param>
/// <param name="Name">As what.</param>
internal sealed record ServerRecord(string Token, string? Job, string Launcher, string Checkpoint, string Name);

/// <summary>
/// The servers of a pool as jobs of a launcher, one for each port: started with a checkpoint, found where they came to
/// run, and ended. Their scripts and logs lie in a folder each; servers of a session that was killed are found there, and
/// taken over or ended.
/// </summary>
/// <param name="folder">The folder, as a full path; on a cluster one that all nodes see.</param>
/// <param name="launcher">Starts them.</param>
/// <param name="commandOf">The command that serves a checkpoint at a port.</param>
/// <param name="ports">Their ports.</param>
/// <param name="host">The machine's name or address as others reach it, in words of the shell.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Is told what the user should know.</param>
public sealed class ServerJobs(
    string folder, ILauncher launcher, Func<BroughtCheckpoint, int, string> commandOf, IReadOnlyList<int> ports,
    string host, TimeProvider time, Action<string> notice)
{
    private const string RecordFile = "state.json";

    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    /// <summary>Starts all servers with a checkpoint, or takes over those that serve it already.</summary>
    /// <param name="brought">The checkpoint.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Where each runs, in the order of the ports; they need not answer yet.</returns>
    /// <exception cref="LaunchException">One was refused, or ended before it began.</exception>
    public async Task<IReadOnlyList<string>> StartAsync(BroughtCheckpoint brought, CancellationToken cancellationToken)
    {
        LaunchJob[] jobs = new LaunchJob[ports.Count];
        for (int i = 0; i < ports.Count; i++)
        {
            jobs[i] = await StartAsync(brought, i, cancellationToken).ConfigureAwait(false);
        }

        string[] hosts = new string[jobs.Length];
        for (int i = 0; i < jobs.Length; i++)
        {
            string file = HostFile(jobs[i]);
            while (!File.Exists(file))
            {
                if (await EndOfAsync(i, cancellationToken).ConfigureAwait(false) is { } end)
                {
                    throw new LaunchException(
                        $"The server at port {ports[i]} has ended before it began: {end}",
                        "Mend servers.checkpoints (program, launcher), and run the same command again.");
                }

                await Task.Delay(Shorter(launcher.Interval), time, cancellationToken).ConfigureAwait(false);
            }

            hosts[i] = (await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)).Trim();
        }

        return hosts;
    }

    /// <summary>Whether a server that was started has ended, and what it said.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null while all of them run.</returns>
    public async Task<string?> GoneAsync(CancellationToken cancellationToken)
    {
        for (int i = 0; i < ports.Count; i++)
        {
            if (await EndOfAsync(i, cancellationToken).ConfigureAwait(false) is { } end)
            {
                return end;
            }
        }

        return null;
    }

    /// <summary>Ends all servers, those of earlier sessions too.</summary>
    public async Task StopAsync()
    {
        for (int i = 0; i < ports.Count; i++)
        {
            await StopAsync(i).ConfigureAwait(false);
        }
    }

    private async Task<LaunchJob> StartAsync(BroughtCheckpoint brought, int i, CancellationToken cancellationToken)
    {
        if (Read(i) is { } known)
        {
            LaunchJob before = JobOf(known.Token, brought, i);
            if (known.Checkpoint == brought.Checkpoint && known.Name == brought.Name && known.Launcher == launcher.Name
                && await JobNameAsync(known, before, cancellationToken).ConfigureAwait(false) is { } kept
                && (await launcher.StateAsync(before, kept, cancellationToken).ConfigureAwait(false)).Phase != JobPhase.Ended)
            {
                Write(i, known with { Job = kept });
                notice($"The server at port {ports[i]} is {launcher.Name}'s job {kept.Split(' ')[0]} since an earlier session.");
                return before;
            }

            await StopAsync(i).ConfigureAwait(false);
        }

        ServerRecord record = new(
            Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..8]), null, launcher.Name, brought.Checkpoint,
            brought.Name);
        Directory.CreateDirectory(FolderOf(i));
        Write(i, record);
        LaunchJob job = JobOf(record.Token, brought, i);
        string id = await launcher.SubmitAsync(job, cancellationToken).ConfigureAwait(false);
        Write(i, record with { Job = id });
        notice($"The server at port {ports[i]} is {launcher.Name}'s job {id.Split(' ')[0]}; its log is {job.Log}.");
        return job;
    }

    private async Task StopAsync(int i)
    {
        if (Read(i) is { } record && record.Launcher == launcher.Name)
        {
            LaunchJob job = JobOf(record.Token, null, i);
            if (await JobNameAsync(record, job, CancellationToken.None).ConfigureAwait(false) is { } id)
            {
                await launcher.CancelAsync(id, CancellationToken.None).ConfigureAwait(false);

                // The GPUs are free, and the port, when it has gone.
                while ((await launcher.StateAsync(job, id, CancellationToken.None).ConfigureAwait(false)).Phase is JobPhase.Running)
                {
                    await Task.Delay(Shorter(launcher.Interval), time, CancellationToken.None).ConfigureAwait(false);
                }
            }

            File.Delete(Path.Combine(FolderOf(i), RecordFile));
        }
    }

    private async Task<string?> JobNameAsync(ServerRecord record, LaunchJob job, CancellationToken cancellationToken) =>
        record.Job ?? await launcher.FindAsync(job, cancellationToken).ConfigureAwait(false);

    private async Task<string?> EndOfAsync(int i, CancellationToken cancellationToken)
    {
        if (Read(i) is not { Job: { } id } record)
        {
            return null;
        }

        LaunchJob job = JobOf(record.Token, null, i);
        JobState state = await launcher.StateAsync(job, id, cancellationToken).ConfigureAwait(false);
        return state.Phase != JobPhase.Ended ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"job {id.Split(' ')[0]} {(state.End == JobEnd.Exited ? $"ended with exit status {state.ExitCode}" : $"has ended ({state.End})")}"
                + $": {LastLine(job.Log)} ({job.Log})");
    }

    private LaunchJob JobOf(string token, BroughtCheckpoint? brought, int i) => new(
        FolderOf(i), $"spar-serve-{Path.GetFileName(folder)}-{i + 1}", token,
        brought is null ? [] : [$"exec {commandOf(brought, ports[i])}"],
        [$"echo {host} >host.tmp && mv host.tmp host.{token}"]);

    private static string HostFile(LaunchJob job) => Path.Combine(job.Folder, $"host.{job.Token}");

    private string FolderOf(int i) => Path.Combine(folder, (i + 1).ToString(CultureInfo.InvariantCulture));

    private ServerRecord? Read(int i)
    {
        string file = Path.Combine(FolderOf(i), RecordFile);
        try
        {
            return File.Exists(file)
                ? JsonSerializer.Deserialize<ServerRecord>(File.ReadAllBytes(file), JsonSettings.Readable) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Write(int i, ServerRecord record) => AtomicFile.WriteText(
        Path.Combine(FolderOf(i), RecordFile), JsonSerializer.Serialize(record, JsonSettings.Readable) + "\n");

    private static TimeSpan Shorter(TimeSpan interval) => interval < s_look ? interval : s_look;

    private static string LastLine(string log)
    {
        try
        {
            return HarmlessText.Name(
                File.ReadLines(log).LastOrDefault(line => !string.IsNullOrWhiteSpace(line))?.Trim() ?? "it said nothing");
        }
        catch (IOException)
        {
            return "it said nothing";
        }
    }
}
