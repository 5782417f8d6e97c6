using System.Globalization;
using Spar.Exports;
using Spar.Ground;
using Spar.Runtime.Embedded;
using Spar.Runtime.Launchers;
using Spar.Seams;
using Spar.SelfPlay;

namespace Spar.Runtime.Trainers;

/// <summary>
/// Trains with a program outside of this process, started by a launcher: writes its inputs, watches it, and takes its
/// result for the checkpoint once that is whole. Everything lies in a folder beside the output, named after it with
/// <c>.training</c>; a training that still runs, or has ended meanwhile, is found there again. A GPU does not give the
/// same bytes twice: what came out is known by its digest.
/// </summary>
/// <param name="program">The trainer.</param>
/// <param name="launcher">Starts it.</param>
/// <param name="options">What the recipe says of it.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Is told what the user should know meanwhile.</param>
public sealed partial class ExternalTrainer(
    TrainerProgram program, ILauncher launcher, TrainerOptions options, TimeProvider time, Action<string> notice)
    : ITrainer
{
    /// <inheritdoc/>
    /// <exception cref="TrainingFaultException">The trainer ended with a fault; its kind says with which.</exception>
    /// <exception cref="LaunchException">The launcher is not there, or refuses the training.</exception>
    public async Task<TrainingReport> TrainAsync(
        TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken)
    {
        TrainingData learnable = program.Learnable(job.Data);
        TrainingReport report = await LearnAsync(job with { Data = learnable }, progress, cancellationToken)
            .ConfigureAwait(false);
        int leftOut = job.Data.Count - learnable.Count;
        return leftOut == 0 ? report : report with
        {
            LeftOut = new Dictionary<string, int>(report.LeftOut) { [TrainerRows.RejectedCutOff] = leftOut },
        };
    }

    private async Task<TrainingReport> LearnAsync(
        TrainingJob job, ITrainingProgress? progress, CancellationToken cancellationToken)
    {
        if (job.SaveEvery > 0 && !program.KeepsModels)
        {
            throw new LaunchException(
                $"{program.Name} does not keep models in the midst of a training.", "Use the embedded trainer for that.");
        }

        string name = Path.GetFileName(job.OutputModel);
        string folder = Path.GetFullPath(job.OutputModel) + ".training";
        string training = TrainingRecord.Of(job, program.Name);
        await FreeOthersAsync(folder).ConfigureAwait(false);
        if (TrainingRecord.Read(folder) is { } known)
        {
            if (known is { Status: TrainingStatus.Adopted, Report: { } report } && known.Training == training
                && await CheckpointDigest.OfAsync(job.OutputModel, cancellationToken).ConfigureAwait(false)
                    == known.Digest)
            {
                return report with { Model = job.OutputModel };
            }

            if (known.Status == TrainingStatus.Adopted
                || (known.Training != training && known.Status != TrainingStatus.Reserved))
            {
                await ForgetAsync(known, folder, name, cancellationToken).ConfigureAwait(false);
            }
        }

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await AttemptAsync(job, name, folder, training, progress, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (TrainingFaultException fault) when (fault.MayPass && attempt < options.Tries)
            {
                notice($"{fault.Message} Try {attempt + 1} of {options.Tries} begins.");
            }
        }
    }

    private async Task<TrainingReport> AttemptAsync(
        TrainingJob job, string name, string folder, string training, ITrainingProgress? progress,
        CancellationToken cancellationToken)
    {
        TrainingRecord? record = TrainingRecord.Read(folder);
        if (record is { Status: TrainingStatus.Adopting })
        {
            return await AdoptAsync(job, folder, record, cancellationToken).ConfigureAwait(false);
        }

        if (record is { Status: not TrainingStatus.Failed } && record.Launcher != launcher.Name)
        {
            throw new LaunchException(
                $"{name} was submitted to {record.Launcher} (job {record.Job ?? "not known"}), and trainer.launcher is "
                + $"{launcher.Name} now.",
                $"Set it back, or end that job and delete {folder}.");
        }

        LaunchJob work = Work(folder, name, record?.Token ?? "");
        if (record is { Status: TrainingStatus.Reserved })
        {
            record = await ReservedAsync(record, work, cancellationToken).ConfigureAwait(false);
            if (record is not null)
            {
                WriteInputs(job, name, folder);
                record = record with { Training = training, Status = TrainingStatus.Submitted };
                notice($"{name} was held as {launcher.Name}'s job {record.Job}, and may begin now; its log is {work.Log}.");
            }
        }
        else if (record is { Status: TrainingStatus.Submitting })
        {
            // Whoever submitted it died before noting its name.
            string? found = await launcher.FindAsync(work, cancellationToken).ConfigureAwait(false);
            record = found is null ? record : record with { Status = TrainingStatus.Submitted, Job = found };
        }

        if (record is { Status: TrainingStatus.Submitted, Job: { } kept })
        {
            record.Write(folder);
            if (record.Held && launcher is IHoldingLauncher holding)
            {
                await holding.ReleaseAsync(work, kept, cancellationToken).ConfigureAwait(false);
                record = record with { Held = false };
                record.Write(folder);
            }
            else
            {
                notice($"{name} is {record.Launcher}'s job {kept.Split(' ')[0]} since an earlier session; it is not submitted again.");
            }
        }
        else
        {
            (record, work) = await SubmitAsync(job, name, folder, training, record, cancellationToken)
                .ConfigureAwait(false);
        }

        TrainingWatch watch = new(program, launcher, options, time, notice, work, name, job.Data.Count);
        try
        {
            TrainerLog log = await watch.FollowAsync(record.Job!, progress, cancellationToken).ConfigureAwait(false);
            record = record with { Status = TrainingStatus.Adopting, Report = ReportOf(job, watch, log) };
            record.Write(folder);
        }
        catch (TrainingFaultException)
        {
            (record with { Status = TrainingStatus.Failed }).Write(folder);
            throw;
        }
        catch (OperationCanceledException) when (launcher.StopsWithCaller)
        {
            await launcher.CancelAsync(record.Job!, CancellationToken.None).ConfigureAwait(false);
            (record with { Status = TrainingStatus.Failed }).Write(folder);
            throw;
        }
        catch (OperationCanceledException)
        {
            notice($"{name} goes on as {launcher.Name}'s job {record.Job}; the same command finds it again.");
            throw;
        }

        return await AdoptAsync(job, folder, record, cancellationToken).ConfigureAwait(false);
    }

    private LaunchJob Work(string folder, string name, string token) => new(
        folder, $"spar-{name}", token, program.CommandLines(name), program.PrepareLines)
    {
        OnEachNode = program.StartsOnEachNode,
        TasksPerNode = program.TasksPerNode,
    };

    private async Task<(TrainingRecord Record, LaunchJob Work)> SubmitAsync(
        TrainingJob job, string name, string folder, string training, TrainingRecord? before,
        CancellationToken cancellationToken)
    {
        WriteInputs(job, name, folder);
        string token = Convert.ToHexStringLower(Guid.NewGuid().ToByteArray()[..8]);
        TrainingRecord record = new(
            training, TrainingStatus.Submitting, (before?.Attempt ?? 0) + 1, token, null, launcher.Name);
        record.Write(folder);
        LaunchJob work = Work(folder, name, token);
        string id = await launcher.SubmitAsync(work, cancellationToken).ConfigureAwait(false);
        record = record with { Status = TrainingStatus.Submitted, Job = id };
        record.Write(folder);
        notice($"{name} is {launcher.Name}'s job {id.Split(' ')[0]}; its log is {work.Log}.");
        return (record, work);
    }

    private void WriteInputs(TrainingJob job, string name, string folder)
    {
        string output = Path.Combine(folder, TrainerProgram.OutputFolder);
        foreach (string broken in CheckpointHealth.SetBrokenAside(output))
        {
            notice($"{name}: {broken} is not whole and is set aside (broken-{broken}); an earlier one counts.");
        }

        // A result that was cut short must not be taken for the next one's.
        foreach (string file in Directory.Exists(output) ? Directory.GetFiles(output) : [])
        {
            File.Delete(file);
        }

        program.WriteInputs(folder, name, job);
    }

    // A training of other rows or settings, or one whose checkpoint is gone.
    private async Task ForgetAsync(
        TrainingRecord known, string folder, string name, CancellationToken cancellationToken)
    {
        if (known.Status != TrainingStatus.Adopted && known.Launcher == launcher.Name)
        {
            string? job = known.Job
                ?? await launcher.FindAsync(Work(folder, name, known.Token), cancellationToken).ConfigureAwait(false);
            if (job is not null)
            {
                await launcher.CancelAsync(job, cancellationToken).ConfigureAwait(false);
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private TrainingReport ReportOf(TrainingJob job, TrainingWatch watch, TrainerLog log)
    {
        if (program.ReportIn(Path.GetFullPath(job.OutputModel) + ".training") is { } own)
        {
            return own;
        }

        int dropped = watch.Dropped;
        return new TrainingReport(job.OutputModel, log.AllSteps(), job.Data.Count - dropped, 0)
        {
            LeftOut = dropped > 0
                ? new Dictionary<string, int> { [$"dropped by {program.Name}"] = dropped }
                : new Dictionary<string, int>(),
            Trainer = string.Create(
                CultureInfo.InvariantCulture,
                $"{program.Name} ({launcher.Name}, {options.Devices} device{(options.Devices == 1 ? "" : "s")})"),
        };
    }

    private async Task<TrainingReport> AdoptAsync(
        TrainingJob job, string folder, TrainingRecord record, CancellationToken cancellationToken)
    {
        program.Adopt(folder, job);
        TrainingReport report = record.Report! with
        {
            Model = job.OutputModel,
            Unchanged = CheckpointWeights.AreSame(job.StartModel, job.OutputModel),
        };
        string? digest = await CheckpointDigest.OfAsync(job.OutputModel, cancellationToken).ConfigureAwait(false);
        (record with { Status = TrainingStatus.Adopted, Digest = digest, Report = report }).Write(folder);
        return report;
    }
}
