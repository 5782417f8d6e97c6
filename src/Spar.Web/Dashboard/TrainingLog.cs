using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spar.Runs;
using Spar.Seams;
using Spar.Web.Reports;

namespace Spar.Web.Dashboard;

/// <summary>
/// What a run's log tells that its store does not yet: the steps of a training that goes on, and what the run warned of.
/// Each look reads only what was written since the one before.
/// </summary>
/// <param name="directory">The run directory.</param>
public sealed partial class TrainingLog(string directory)
{
    private const int MostNotices = 100;
    private const int MostBytesALook = 1 << 22;

    private readonly Dictionary<string, SortedDictionary<int, TrainingStep>> _steps = new(StringComparer.Ordinal);
    private readonly Queue<RunNotice> _notices = new();
    private long _position;

    /// <summary>Warnings and faults, the latest last; a hundred at most.</summary>
    public IReadOnlyList<RunNotice> Notices => [.. _notices];

    /// <summary>Reads what is new; true where there was something.</summary>
    public bool Look()
    {
        byte[] bytes;
        try
        {
            using FileStream stream = new(
                Path.Combine(directory, RunLog.FileName), FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length < _position)
            {
                // Another log took its place.
                _position = 0;
                _steps.Clear();
                _notices.Clear();
            }

            stream.Position = _position;
            bytes = new byte[Math.Min(stream.Length - _position, MostBytesALook)];
            bytes = bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }

        // A line without its end is still being written.
        int end = Array.LastIndexOf(bytes, (byte)'\n') + 1;
        if (end == 0)
        {
            _position += bytes.Length == MostBytesALook ? bytes.Length : 0;
            return false;
        }

        _position += end;
        foreach (string line in Encoding.UTF8.GetString(bytes, 0, end).Split('\n'))
        {
            Take(line);
        }

        return true;
    }

    /// <summary>A training's steps so far; null where none was told of.</summary>
    /// <param name="stage">The training stage.</param>
    public TrainingCurve? Curve(string stage) =>
        _steps.TryGetValue(stage, out SortedDictionary<int, TrainingStep>? steps) && steps.Count > 0
            ? new TrainingCurve(stage, [.. steps.Values])
            : null;

    private void Take(string line)
    {
        if (Event().Match(line) is not { Success: true } found)
        {
            return;
        }

        string text = found.Groups[3].Value;
        if (found.Groups[2].Value != "info")
        {
            _notices.Enqueue(new RunNotice(found.Groups[1].Value, found.Groups[2].Value, text));
            if (_notices.Count > MostNotices)
            {
                _notices.Dequeue();
            }
        }
        else if (Step().Match(text) is { Success: true } step)
        {
            string stage = step.Groups[1].Value;
            if (!_steps.TryGetValue(stage, out SortedDictionary<int, TrainingStep>? steps))
            {
                _steps[stage] = steps = [];
            }

            int number = Whole(step.Groups[2].Value);
            steps[number] = new TrainingStep(
                number, Whole(step.Groups[3].Value), Number(step.Groups[4].Value), 0, 0,
                step.Groups[5].Success ? Number(step.Groups[5].Value) : null);
        }
    }

    private static int Whole(string digits) => int.TryParse(digits, CultureInfo.InvariantCulture, out int value) ? value : 0;

    private static double Number(string text) =>
        double.TryParse(text, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;

    [GeneratedRegex(@"^(\d{4}-\d\d-\d\dT\S+Z) (info|warning|error) +(.*)$")]
    private static partial Regex Event();

    [GeneratedRegex(@"^(\S+) step (\d+) of (\d+): loss (\S+?)(?:, margin (\S+))?$")]
    private static partial Regex Step();
}

/// <summary>A warning or a fault of a run.</summary>
/// <param name="Time">When, ISO 8601.</param>
/// <param name="Level">warning or error.</param>
/// <param name="Text">What happened.</param>
public sealed record RunNotice(string Time, string Level, string Text);
