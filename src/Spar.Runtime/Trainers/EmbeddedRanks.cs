using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Ground;
using Spar.Runtime.Launchers;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// The embedded engine in several processes that share every step (MPI): <c>mpirun</c>, or another program that starts
/// ranks, runs <c>spar train</c> (<see cref="RankedTraining"/>). What comes out has the bytes of a training in one
/// process, so it is no other trainer: how many ranks there are decides nothing.
/// </summary>
/// <param name="options">What the recipe says of it.</param>
public sealed partial class EmbeddedRanks(TrainerOptions options) : TrainerProgram(options)
{
    // Ranks belong to no processor, so that their threads find the free ones; whoever knows the machine better gives
    // trainer.command.
    private static readonly string[] s_command = ["mpirun", "--bind-to", "none"];

    /// <inheritdoc/>
    public override string Name => "the embedded engine";

    /// <inheritdoc/>
    public override string Installing =>
        "Install Open MPI (on Debian: apt-get install openmpi-bin), or say where it is: in trainer.command the program that "
        + "starts ranks, or in trainer.launcher.setup the line that makes it known (such as 'module load openmpi').";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Command => Options.Command.Count > 0 ? Options.Command : s_command;

    /// <inheritdoc/>
    public override string LessMemory =>
        "Start fewer ranks a node (trainer.ranks; every rank has the whole model), or train an adapter (lora), or lower "
        + "cutoff_tokens";

    /// <inheritdoc/>
    public override string VersionLine => $"{CommandWords} --version";

    /// <inheritdoc/>
    public override bool StartsOnEachNode => false;

    /// <inheritdoc/>
    public override int TasksPerNode => (Options.Ranks + Options.Launcher.Nodes - 1) / Options.Launcher.Nodes;

    /// <inheritdoc/>
    public override bool KeepsModels => true;

    /// <summary>A shell that is told to end waits for the ranks, which save their state.</summary>
    public override IReadOnlyList<string> PrepareLines => ["trap : TERM"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> CommandLines(string name) =>
    [
        // Seconds from the signal to end to the one that nobody survives; one is too few to save a state.
        // Ranks write to a log, though mpirun gives them a terminal.
        "export TERM=dumb",
        "export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-5}",
        string.Create(
            CultureInfo.InvariantCulture,
            $"exec {CommandWords} -n {Options.Ranks} {string.Join(' ', Program.Select(JobScript.Quote))} train ."),
    ];

    /// <inheritdoc/>
    public override void WriteInputs(string folder, string name, TrainingJob job) =>
        new RankedTraining(
            job, Options.Ranks, Options.SaveSteps, Options.Threads, Options.TemplateDate, Options.Dtype).Write(folder);

    /// <inheritdoc/>
    public override string? FaultOf(string folder) =>
        ReportIn(folder) is null ? $"{RankedTraining.ReportFile} is missing" : null;

    /// <inheritdoc/>
    public override TrainingReport? ReportIn(string folder)
    {
        string path = Path.Combine(folder, OutputFolder, RankedTraining.ReportFile);
        return File.Exists(path)
            ? JsonSerializer.Deserialize<TrainingReport>(File.ReadAllBytes(path), JsonSettings.Readable)
            : null;
    }

    /// <summary>Nothing is left to do: the first rank has written the checkpoint under its name.</summary>
    /// <inheritdoc/>
    public override void Adopt(string folder, TrainingJob job)
    {
    }

    /// <summary>The rank that ended first, and why: in words of its own, or of whatever started it.</summary>
    /// <inheritdoc/>
    public override string? LastWords(string printed) =>
        printed.Split('\n').FirstOrDefault(line => line.StartsWith(RankedTraining.FaultMark, StringComparison.Ordinal))
            is { } own ? HarmlessText.Name(own[RankedTraining.FaultMark.Length..].Trim())
        : Signal().Match(printed) is { Success: true } ended
            ? Killed(Blanks().Replace($"rank {ended.Groups[1].Value} {ended.Groups[2].Value}", " "))
        : SlurmFault().Match(printed) is { Success: true } failed ? HarmlessText.Name(failed.Value.Trim())
        : null;

    private static string Killed(string words) => HarmlessText.Name(
        words + (words.Contains("Killed", StringComparison.Ordinal) ? ", as a machine does that runs out of memory" : ""));

    // How this very program is started again.
    private static IReadOnlyList<string> Program =>
        Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) != "dotnet"
            ? [path]
            : [Environment.ProcessPath ?? "dotnet", Assembly.GetEntryAssembly()?.Location ?? ""];

    // "mpirun noticed that process rank 1 with PID 0 on node c2 exited on signal 9 (Killed)."
    [GeneratedRegex(@"process rank (\d+) (?:with PID \d+ )?(on node \S+\s+exited on\s+signal \d+ \([^)]*\))")]
    private static partial Regex Signal();

    // "srun: error: c2: task 1: Killed"; the first such line, for srun then ends the others.
    [GeneratedRegex(@"srun: error: (\S+: task|task|Unable|Cannot).*")]
    private static partial Regex SlurmFault();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
