using System.Globalization;
using System.Text;
using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>
/// Writes what happens in a run to <c>run.log</c> in its directory, a line an event with time and level, faults in full;
/// sessions follow each other. It is for people, and for <see cref="RunState"/>, which tells them what a run waits for; a
/// run is the same without it.
/// </summary>
public sealed class RunLog : IRunObserver, IDisposable
{
    /// <summary>The file's name in the run directory.</summary>
    public const string FileName = "run.log";

    /// <summary>What is written of a session that was interrupted.</summary>
    public const string Interrupted = "interrupted";

    private readonly IRunObserver _next;
    private readonly TimeProvider _time;
    private readonly StreamWriter _file;
    private readonly Lock _writing = new();

    /// <summary>Goes on with a run's log, or begins it.</summary>
    /// <param name="directory">The run directory.</param>
    /// <param name="next">Is told the same.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="SparException">The file cannot be written.</exception>
    public RunLog(string directory, IRunObserver next, TimeProvider time)
    {
        (_next, _time) = (next, time);
        string path = Path.Combine(directory, FileName);
        try
        {
            FileStream stream = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            _file = new StreamWriter(stream, new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new SparException(
                $"The log {path} cannot be written ({fault.Message}). Free some space, or mend its permissions.", fault);
        }
    }

    /// <summary>Writes a line.</summary>
    /// <param name="level">info, warning or error.</param>
    /// <param name="text">What happened; line breaks become blanks.</param>
    public void Write(string level, string text)
    {
        string now = _time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string line = $"{now} {level,-7} {text.ReplaceLineEndings(" ")}";
        lock (_writing)
        {
            try
            {
                _file.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk ends the run by what it cannot keep, with a message of its own.
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <inheritdoc/>
    public void PromptsFound(string what, PromptsFound found) => _next.PromptsFound(what, found);

    /// <inheritdoc/>
    public void StageStarted(string stage, int items)
    {
        Write("info", items > 0 ? Text($"{stage} begins, {items} items") : $"{stage} begins");
        _next.StageStarted(stage, items);
    }

    /// <inheritdoc/>
    public void ItemFinished(string stage, bool failed) => _next.ItemFinished(stage, failed);

    /// <inheritdoc/>
    public void CallAnswered(Answer answer, bool kept) => _next.CallAnswered(answer, kept);

    /// <inheritdoc/>
    public void ReferenceComputed(string stage, int rows, int all) => _next.ReferenceComputed(stage, rows, all);

    /// <inheritdoc/>
    public void TrainingStepTaken(string stage, TrainingStep step)
    {
        string margin = step.RewardMargin is { } value ? Text($", margin {value:0.0000}") : "";
        Write("info", Text($"{stage} step {step.Step} of {step.Steps}: loss {step.Loss:0.0000}") + margin);
        _next.TrainingStepTaken(stage, step);
    }

    /// <inheritdoc/>
    public void StageFinished(string stage, StageStatistics statistics, StageTiming timing)
    {
        string counts = string.Join(", ", statistics.Counts.Select(count => Text($"{count.Key} {count.Value}")));
        Write("info", Text(
            $"{stage} ended after {timing.Seconds:0.0} s, {timing.Calls} calls, {timing.OutputTokens} tokens")
            + (counts.Length > 0 ? $": {counts}" : ""));
        foreach (ItemFailure failure in statistics.Failures)
        {
            Write("error", $"{stage}: {failure.Item} was lost: {failure.Reason}");
        }

        _next.StageFinished(stage, statistics, timing);
    }

    /// <inheritdoc/>
    public void StageSkipped(string stage)
    {
        Write("info", $"{stage} is kept from before");
        _next.StageSkipped(stage);
    }

    /// <inheritdoc/>
    public void Calibrated(IterationCalibration calibration) => _next.Calibrated(calibration);

    /// <inheritdoc/>
    public void Examined(IterationIntegrity integrity) => _next.Examined(integrity);

    /// <inheritdoc/>
    public void RowMeasured(EvaluationRow row)
    {
        Write("info", $"{row.Name} measured");
        _next.RowMeasured(row);
    }

    /// <inheritdoc/>
    public void Notice(string message)
    {
        Write("info", message);
        _next.Notice(message);
    }

    /// <inheritdoc/>
    public void Warn(string message)
    {
        Write("warning", message);
        _next.Warn(message);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
