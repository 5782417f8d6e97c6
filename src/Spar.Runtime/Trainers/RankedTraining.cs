using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Spar.Engine.Training;
using Spar.Ground;
using Spar.Runtime.Embedded;
using Spar.Runtime.Mpi;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// A training of the embedded engine that several processes share, as it is written into the training's folder
/// (<c>job.json</c>) and read there by each of them. The first writes the checkpoint under its name, its steps and the
/// report; the state to go on from lies in <c>out/state</c>.
/// </summary>
/// <param name="job">What to train, on what.</param>
/// <param name="ranks">Processes that share it, at least 1.</param>
/// <param name="saveSteps">Saves the state after every so many steps too; 0 for none.</param>
/// <param name="threads">Threads of each process; null for its share of the processors.</param>
/// <param name="templateDate">The date that chat templates see; null takes their default.</param>
/// <param name="dtype">What products multiply; null takes float32.</param>
public sealed class RankedTraining(TrainingJob job, int ranks, int saveSteps, int? threads, DateOnly? templateDate,
    NumberType? dtype)
{
    /// <summary>The report of a training that has ended well, in the output folder.</summary>
    internal const string ReportFile = "report.json";

    /// <summary>What stands before a rank's last words.</summary>
    internal const string FaultMark = "spar: ";

    private const string JobFile = "job.json";
    private const string LogFile = "trainer_log.jsonl";

    /// <summary>Writes it for the ranks to read.</summary>
    /// <param name="folder">The training's folder.</param>
    /// <exception cref="UserFaultException">It cannot be written.</exception>
    public void Write(string folder)
    {
        Sheet sheet = new(
            Path.Exists(job.StartModel) ? Path.GetFullPath(job.StartModel) : job.StartModel,
            Path.GetFullPath(job.OutputModel), job.Seed, job.SaveEvery, job.Data as TrainingData.Supervised,
            job.Data as TrainingData.Preference, ranks, saveSteps, threads, templateDate, dtype);
        AtomicFile.Write(
            Path.Combine(folder, JobFile),
            stream => JsonSerializer.Serialize(stream, sheet, JsonSettings.Readable));
    }

    /// <summary>Reads one.</summary>
    /// <param name="folder">The training's folder.</param>
    /// <exception cref="UserFaultException">There is none, or it is damaged.</exception>
    public static RankedTraining Read(string folder)
    {
        string path = Path.Combine(folder, JobFile);
        if (!File.Exists(path))
        {
            throw new UserFaultException(
                $"{folder} has no {JobFile}.",
                "Name the folder of a training that 'spar run' has written where the recipe's trainer.ranks is above 1: "
                + "checkpoints/STAGE.training of a run directory.");
        }

        try
        {
            Sheet sheet = JsonSerializer.Deserialize<Sheet>(File.ReadAllBytes(path), JsonSettings.Readable)
                ?? throw new JsonException("nothing is there");
            TrainingData data = (TrainingData?)sheet.Supervised ?? sheet.Preference
                ?? throw new JsonException("there are no rows");
            return new(
                new TrainingJob(sheet.StartModel, sheet.OutputModel, data, sheet.Seed) { SaveEvery = sheet.SaveEvery },
                sheet.Ranks, sheet.SaveSteps, sheet.Threads, sheet.TemplateDate, sheet.Dtype);
        }
        catch (JsonException fault)
        {
            throw new UserFaultException(
                $"{path} is damaged: {fault.Message}", "Run 'spar run' again, which writes it anew.", fault);
        }
    }

    /// <summary>Takes part in the training, as one of its ranks.</summary>
    /// <param name="folder">The training's folder.</param>
    /// <param name="group">The ranks; null where this process was started alone.</param>
    /// <param name="time">The clock.</param>
    /// <param name="say">Is told of each step, on the first rank.</param>
    /// <param name="cancellationToken">Saves the state and stops, on all ranks.</param>
    /// <exception cref="UserFaultException">The training cannot go on.</exception>
    public async Task RunAsync(
        string folder, MpiRanks? group, TimeProvider time, Action<string> say, CancellationToken cancellationToken)
    {
        int count = group?.Count ?? 1;
        if (count != ranks)
        {
            throw new UserFaultException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{folder} is a training of {ranks} ranks, and {count} {(count == 1 ? "was" : "were")} started."),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Start them with Open MPI's mpirun -n {ranks}, or under Slurm with srun --mpi=pmix (trainer.command)."));
        }

        if (group is not null)
        {
            Agree(group, folder);
        }

        IRankGroup all = (IRankGroup?)group ?? new Alone();
        string output = Path.Combine(folder, TrainerProgram.OutputFolder);
        EmbeddedTrainer trainer = new(
            ThreadsHere(group), time, templateDate,
            new SharedTraining(all, Path.Combine(output, "state"), saveSteps), dtype);
        bool first = all.Rank == 0;
        using StreamWriter? log = first ? Log(output) : null;
        TrainingReport report = await trainer.TrainAsync(
            job, log is null ? null : new LoggedProgress(log, say), cancellationToken).ConfigureAwait(false);
        if (first)
        {
            AtomicFile.WriteText(
                Path.Combine(output, ReportFile), JsonSerializer.Serialize(report, JsonSettings.Readable) + "\n");
        }
    }

    /// <summary>What a rank prints before it ends all of them.</summary>
    /// <param name="rank">Which rank.</param>
    /// <param name="fault">What is wrong.</param>
    public static string LastWords(int rank, string fault) => string.Create(
        CultureInfo.InvariantCulture,
        $"{FaultMark}rank {rank} on {Environment.MachineName}: {fault.ReplaceLineEndings(" ")}");

    private static StreamWriter Log(string output)
    {
        Directory.CreateDirectory(output);
        return new StreamWriter(Path.Combine(output, LogFile));
    }

    // Ranks that run another program, or see another folder, would end in other bytes, or never.
    private static void Agree(MpiRanks group, string folder)
    {
        string version = typeof(RankedTraining).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion ?? "";
        byte[] mine = SHA256.HashData(
            [.. Encoding.UTF8.GetBytes(version), .. File.ReadAllBytes(Path.Combine(folder, JobFile))]);
        byte[] theirs = [.. mine];
        group.Broadcast(0, theirs);
        if (!mine.AsSpan().SequenceEqual(theirs))
        {
            throw new UserFaultException(
                $"{Environment.MachineName} has another version of spar ({version}), or another {JobFile}, than the first rank.",
                "Put the same version on all machines, and the run directory where all of them see it.");
        }
    }

    private int ThreadsHere(MpiRanks? group) => threads
        ?? (int.TryParse(
                Environment.GetEnvironmentVariable("SLURM_CPUS_PER_TASK"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Math.Max(1, Environment.ProcessorCount / (group?.CountHere ?? 1)));

    private sealed class LoggedProgress(TextWriter log, Action<string> say) : ITrainingProgress
    {
        public void StepTaken(TrainingStep step)
        {
            log.Write(Line(step));
            log.Flush();
            say(string.Create(
                CultureInfo.InvariantCulture, $"step {step.Step} of {step.Steps}: loss {step.Loss:0.0000}"));
        }

        // In LLaMA-Factory's words, for whoever follows.
        private static string Line(TrainingStep step) => JsonSerializer.Serialize(
            new
            {
                current_steps = step.Step,
                total_steps = step.Steps,
                loss = step.Loss,
                lr = step.LearningRate,
                tokens = step.Tokens,
                margin = step.RewardMargin,
                accuracy = step.RewardAccuracy,
            }) + "\n";
    }

    private sealed class Alone : IRankGroup
    {
        public int Rank => 0;

        public int Count => 1;

        public long BeginSend(int rank, int tag, nint data, int count) => throw new InvalidOperationException();

        public long BeginReceive(int rank, int tag, nint data, int count) => throw new InvalidOperationException();

        public bool IsDone(long transfer) => true;

        public void Wait(long transfer)
        {
        }

        public void Broadcast(int rank, Span<byte> data)
        {
        }

        public bool Any(bool here) => here;
    }

    private sealed record Sheet(
        string StartModel, string OutputModel, ulong Seed, int SaveEvery, TrainingData.Supervised? Supervised,
        TrainingData.Preference? Preference, int Ranks, int SaveSteps, int? Threads, DateOnly? TemplateDate,
        NumberType? Dtype);
}
