using System.Globalization;
using Spar.Runtime.Launchers;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// Follows a training outside of this process to its end, and tells apart how it ended: well, with a fault of the
/// trainer, without memory, in silence, with rows left out, with a checkpoint that is not whole, or not at all.
/// </summary>
/// <param name="program">The trainer.</param>
/// <param name="launcher">Has started it.</param>
/// <param name="options">What the recipe says of it.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Is told what the user should know.</param>
/// <param name="work">The job.</param>
/// <param name="name">The training.</param>
/// <param name="rows">Rows that it was given.</param>
internal sealed class TrainingWatch(
    TrainerProgram program, ILauncher launcher, TrainerOptions options, TimeProvider time, Action<string> notice,
    LaunchJob work, string name, int rows)
{
    private readonly TrainerLog _log = new(work.Folder, work.Token);

    /// <summary>Rows that the trainer has left out, as far as it has said.</summary>
    public int Dropped { get; private set; }

    private string GoesOn =>
        $"What it left is kept; the same command goes on{(options.SaveSteps > 0 ? " from its last checkpoint" : "")}.";

    /// <summary>Waits until the training has ended.</summary>
    /// <param name="id">The job's name at the launcher.</param>
    /// <param name="progress">Is told each step; may be null.</param>
    /// <param name="cancellationToken">Gives up waiting; the job goes on.</param>
    /// <returns>What it wrote; its checkpoint is whole.</returns>
    /// <exception cref="TrainingFaultException">It ended otherwise.</exception>
    public async Task<TrainerLog> FollowAsync(
        string id, ITrainingProgress? progress, CancellationToken cancellationToken)
    {
        long moved = time.GetTimestamp();
        string? said = null;
        while (true)
        {
            JobState state = await launcher.StateAsync(work, id, cancellationToken).ConfigureAwait(false);
            if (state is { Phase: JobPhase.Ended, End: JobEnd.Vanished }
                && await launcher.FindAsync(work, cancellationToken).ConfigureAwait(false) is { } other && other != id)
            {
                // Two were submitted, and the other one was the first to begin.
                id = other;
                continue;
            }

            _log.ReadSteps(progress);
            string printed = _log.Printed();
            await CheckRowsAsync(id, state, printed).ConfigureAwait(false);
            if (state.Phase == JobPhase.Ended)
            {
                Conclude(state, printed);
                return _log;
            }

            if (state.Phase != JobPhase.Running)
            {
                string now = state.Phase == JobPhase.Unknown
                    ? $"{launcher.Name} does not answer: {state.Detail}" : $"{name} waits at {launcher.Name}: {state.Detail}";
                if (now != said && state.Detail != "PENDING")
                {
                    notice(now);
                }

                said = now;
            }

            if (state.Phase != JobPhase.Running || _log.HasMoved())
            {
                moved = time.GetTimestamp();
            }
            else if (options.Patience > TimeSpan.Zero && time.GetElapsedTime(moved) >= options.Patience)
            {
                await launcher.CancelAsync(id, CancellationToken.None).ConfigureAwait(false);
                throw new TrainingFaultException(
                    TrainingFaultKind.Silent,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{program.Name} has written nothing for {options.Patience.TotalMinutes:0.##} minutes while it "
                        + $"trained {name}, and was ended. Its last words: {TrainerWords.LastLine(printed)} ({work.Log})."),
                    $"Look whether a GPU or a connection between nodes hangs; trainer.patience_minutes says how long to "
                    + $"wait. {GoesOn}")
                {
                    MayPass = true,
                };
            }

            await Task.Delay(launcher.Interval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CheckRowsAsync(string id, JobState state, string printed)
    {
        if (TrainerLog.ExamplesIn(printed) is not { } examples || examples == rows)
        {
            return;
        }

        Dropped = Math.Max(0, rows - examples);
        if (examples < rows && Dropped <= options.DroppedRows)
        {
            return;
        }

        if (state.Phase != JobPhase.Ended)
        {
            await launcher.CancelAsync(id, CancellationToken.None).ConfigureAwait(false);
        }

        IReadOnlyList<string> said = TrainerLog.DroppedIn(printed);
        throw new TrainingFaultException(
            TrainingFaultKind.RowsDropped,
            string.Create(
                CultureInfo.InvariantCulture, $"{program.Name} learns {examples} of the {rows} rows of {name}. ")
            + (said.Count > 0 ? $"It says: {string.Join(" | ", said.Take(3))} ({work.Log})." : $"Its log is {work.Log}."),
            $"Mend what it names (trainer.template has to be the model's own), or let trainer.dropped_rows rows be left "
            + $"out. {GoesOn}");
    }

    private void Conclude(JobState state, string printed)
    {
        if (state is { End: JobEnd.Exited, ExitCode: 0 })
        {
            if (program.FaultOf(work.Folder) is { } broken)
            {
                throw new TrainingFaultException(
                    TrainingFaultKind.CheckpointBroken,
                    $"{program.Name} ended well, but the checkpoint of {name} is not whole: {broken} ({work.Log}).",
                    $"See whether the disk of {work.Folder} is full. {GoesOn}")
                {
                    MayPass = true,
                };
            }

            return;
        }

        string? memory = TrainerWords.OutOfMemory(printed), words = program.LastWords(printed);
        if (memory is not null || state.End == JobEnd.OutOfMemory
            || (words is null && TrainerWords.WasKilled(state.ExitCode)))
        {
            throw new TrainingFaultException(
                TrainingFaultKind.OutOfMemory,
                $"{program.Name} ran out of memory while it trained {name}"
                + (memory is null ? $" (exit status {Code(state)})" : $": {memory}") + $" ({work.Log}).",
                $"{program.LessMemory}; settings of trainer may change within a run. {GoesOn}");
        }

        if (state.End is JobEnd.TimeLimit or JobEnd.Cancelled or JobEnd.NodeLost or JobEnd.Vanished)
        {
            throw Ended(state);
        }

        if (TrainerWords.CommandMissing(printed, state.ExitCode) is { } missing)
        {
            throw new TrainingFaultException(
                TrainingFaultKind.CommandMissing,
                $"{program.Name} cannot be started for {name}: {missing} ({work.Log}).",
                $"{program.Installing} Then run the same command again.");
        }

        throw new TrainingFaultException(
            TrainingFaultKind.Failed,
            $"{program.Name} failed while it trained {name}, with exit status {Code(state)}: "
            + $"{words ?? TrainerWords.LastLine(printed)} ({work.Log}).",
            $"Mend what it names; settings of trainer may change within a run. {GoesOn}");
    }

    private TrainingFaultException Ended(JobState state)
    {
        (string how, string remedy) = state.End switch
        {
            JobEnd.TimeLimit => (
                "its time was over",
                options.SaveSteps > 0
                    ? "Run the same command again, or set trainer.launcher.time higher."
                    : "Set trainer.launcher.time higher, or trainer.save_steps, so that it can go on where it was."),
            JobEnd.Cancelled => ("somebody cancelled it", "Run the same command when it may train again."),
            JobEnd.NodeLost => ("its node failed or was taken away", "Run the same command again."),
            _ => (
                "it is gone without a word: it was killed, or the machine was started anew",
                "Run the same command again."),
        };
        return new TrainingFaultException(
            TrainingFaultKind.Ended,
            $"The training of {name} at {launcher.Name} has ended before it was done: {how}"
            + (state.Detail is null ? "" : $" ({state.Detail})") + $". Its log is {work.Log}.",
            $"{remedy} {GoesOn}")
        {
            MayPass = state.End is JobEnd.NodeLost or JobEnd.Vanished
                || (state.End == JobEnd.TimeLimit && options.SaveSteps > 0),
        };
    }

    private static string Code(JobState state) =>
        state.ExitCode?.ToString(CultureInfo.InvariantCulture) ?? "unknown";
}
