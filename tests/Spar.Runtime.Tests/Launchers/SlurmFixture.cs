using System.Diagnostics;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Launchers;

/// <summary>
/// The Slurm of two virtual nodes that tests/slurm/up.sh sets up: taken where it runs, started where it can be, and
/// ended by whoever started it.
/// </summary>
public sealed class SlurmFixture : IDisposable
{
    private const string Folder = "/tmp/spar-slurm";

    private readonly string? _absent;
    private readonly bool _started;

    public SlurmFixture()
    {
        if (!OperatingSystem.IsLinux())
        {
            _absent = "Slurm runs on Linux";
        }
        else if (Script("check").Code != 0)
        {
            (int code, string said) = Script("up");
            _absent = code == 0 ? null : $"there is no Slurm to test with: {said.Trim()}";
            _started = code == 0;
        }

        if (_absent is null)
        {
            Environment.SetEnvironmentVariable("SLURM_CONF", Path.Combine(Folder, "slurm.conf"));
        }
    }

    /// <summary>Skips the test where there is no Slurm.</summary>
    public void Require() => Assert.SkipWhen(_absent is not null, _absent ?? "");

    public void Dispose()
    {
        if (_started)
        {
            Script("down");
        }
    }

    /// <summary>What a command of Slurm prints.</summary>
    public static string Ask(string command, params string[] arguments) => Start(command, arguments).Said;

    private static (int Code, string Said) Script(string verb) =>
        Start("bash", Path.Combine(SharedData.ProjectRoot, "tests", "slurm", "up.sh"), verb);

    // Daemons keep what they were started with open, so that its end is waited for and not that of the output.
    private static (int Code, string Said) Start(string command, params string[] arguments)
    {
        string said = Path.GetTempFileName();
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(
                "bash", ["-c", "out=$1; shift; exec \"$@\" >\"$out\" 2>&1 </dev/null", "bash", said, command, .. arguments]))!;
            process.WaitForExit();
            return (process.ExitCode, File.ReadAllText(said));
        }
        finally
        {
            File.Delete(said);
        }
    }
}

/// <summary>Tests that share one Slurm.</summary>
[CollectionDefinition(Name)]
public sealed class SlurmCollection : ICollectionFixture<SlurmFixture>
{
    public const string Name = "Slurm";
}
