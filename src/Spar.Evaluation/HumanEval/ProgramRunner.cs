using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Spar.Evaluation.HumanEval;

/// <summary>How a program ended.</summary>
/// <param name="Passed">It ran to its end without an exception.</param>
/// <param name="Outcome">"passed", "timed out", or "failed: " and the exception.</param>
public readonly record struct ProgramOutcome(bool Passed, string Outcome);

/// <summary>
/// Runs generated Python programs, each in a process of its own: without network and with its own process numbers
/// (Linux name spaces), with limits on processor time, memory and file size, and with Python's audit hook refusing
/// files to write, other programs and the like. This guards against accidents of a model, not against an attacker; run
/// it in a container where that matters.
/// </summary>
public sealed class ProgramRunner
{
    private const string Runner = """
        import json, os, resource, signal, sys, time
        job = json.load(sys.stdin)
        out = os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        memory = job["memory"]
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        spent = int(time.process_time() + job["seconds"]) + 3
        resource.setrlimit(resource.RLIMIT_CPU, (spent, spent))

        class OutOfTime(BaseException):
            pass

        def ring(*_):
            raise OutOfTime()

        REFUSED = ("socket.", "subprocess.", "ctypes.", "shutil.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
                   "os.kill", "os.putenv", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate",
                   "os.chmod", "os.chown", "os.chdir", "pty.", "signal.")
        WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

        def guard(event, args):
            if event.startswith(REFUSED) or (event == "open" and (args[2] or 0) & WRITING):
                raise PermissionError("not permitted here: " + event)

        signal.signal(signal.SIGPROF, ring)
        signal.signal(signal.SIGALRM, ring)
        sys.addaudithook(guard)
        try:
            signal.setitimer(signal.ITIMER_PROF, job["seconds"], 0.1)
            signal.setitimer(signal.ITIMER_REAL, 10 * job["seconds"], 0.1)
            exec(compile(job["program"], "<program>", "exec"), {})
            outcome = "passed"
        except OutOfTime:
            outcome = "timed out"
        except BaseException as fault:
            outcome = "failed: " + type(fault).__name__ + ": " + str(fault)[:200]
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.write(out, (job["token"] + outcome).encode("utf-8", "replace"))
        os._exit(0)
        """;

    private static readonly string[] s_isolation =
    [
        "--user",
        "--map-root-user",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
    ];
    private readonly string _python;
    private readonly double _seconds;
    private readonly long _memory;

    private ProgramRunner(string python, double seconds, int memoryMebibytes)
    {
        _python = python;
        _seconds = seconds;
        _memory = (long)memoryMebibytes << 20;
    }

    /// <summary>Makes a runner, after a trial that the machine permits it.</summary>
    /// <param name="python">The interpreter.</param>
    /// <param name="seconds">
    /// Limit on a program's processor time, above 0, so that verdicts do not depend on how busy the machine is; it may
    /// take ten times as long.
    /// </param>
    /// <param name="memoryMebibytes">Memory limit of a program in MiB.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="EvaluationException">
    /// The network cannot be cut off here, or there is no interpreter.
    /// </exception>
    public static async Task<ProgramRunner> CreateAsync(
        string python = "python3",
        double seconds = 3,
        int memoryMebibytes = 2048,
        CancellationToken cancellationToken = default
    )
    {
        var runner = new ProgramRunner(python, seconds, memoryMebibytes);
        string fault;
        try
        {
            (string output, fault) = await runner.StartAsync("pass", "ok:", cancellationToken).ConfigureAwait(false);
            if (output == "ok:passed")
            {
                return runner;
            }
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            fault = missing.Message;
        }

        throw new EvaluationException(
            "Generated programs are run only without network and with limits, which needs Linux, the program "
                + $"unshare, and {python}; here the "
                + $"trial failed{(fault.Length > 0 ? $": {fault.Trim()}" : "")}. Without execution, samples.jsonl can be given to the official scorer."
        );
    }

    /// <summary>Runs one program.</summary>
    /// <param name="program">Python source.</param>
    /// <param name="cancellationToken">Kills it.</param>
    public async Task<ProgramOutcome> RunAsync(string program, CancellationToken cancellationToken)
    {
        // The program cannot know the token, so it cannot pretend to have passed.
        string token = Convert.ToHexString(RandomNumberGenerator.GetBytes(16)) + ":";
        (string output, string fault) = await StartAsync(program, token, cancellationToken).ConfigureAwait(false);
        string outcome =
            output.StartsWith(token, StringComparison.Ordinal) ? output[token.Length..]
            : fault.Length > 0 ? "failed: the process ended early: " + fault.Trim()
            : "failed: the process ended early";
        return new ProgramOutcome(outcome == "passed", outcome);
    }

    private async Task<(string Output, string Fault)> StartAsync(
        string program,
        string token,
        CancellationToken cancellationToken
    )
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("spar-humaneval-");
        try
        {
            var start = new ProcessStartInfo("unshare", [.. s_isolation, _python, "-s", "-B", "-c", Runner])
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(false),
            };
            string? path = start.Environment["PATH"];
            start.Environment.Clear();
            start.Environment["PATH"] = path;
            start.Environment["PYTHONHASHSEED"] = "0";
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            Task<string> fault = process.StandardError.ReadToEndAsync(cancellationToken);
            try
            {
                await process
                    .StandardInput.WriteAsync(
                        JsonSerializer.Serialize(
                            new
                            {
                                program,
                                token,
                                seconds = _seconds,
                                memory = _memory,
                            }
                        )
                    )
                    .ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended before it read its job; what it wrote says why.
            }

            // A program may swallow the alarm; then it ends by the limit on processor time, or at last here.
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds((10 * _seconds) + 30));
            try
            {
                await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                return (token + "timed out", "");
            }

            return (await output.ConfigureAwait(false), await fault.ConfigureAwait(false));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
