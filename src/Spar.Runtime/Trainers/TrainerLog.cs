using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Spar.Ground;
using Spar.Runtime.Launchers;
using Spar.Seams;

namespace Spar.Runtime.Trainers;

/// <summary>
/// What a trainer outside of this process has written so far: its steps (trainer_log.jsonl, and at the end
/// trainer_state.json), what it printed, and whether anything of it has changed.
/// </summary>
/// <param name="folder">The folder of the training.</param>
/// <param name="token">The submission whose words count.</param>
internal sealed partial class TrainerLog(string folder, string token)
{
    // Enough for a traceback and what stands before it.
    private const int TailBytes = 1 << 20;

    private readonly SortedDictionary<int, TrainingStep> _steps = [];
    private long _read;
    private string _sign = "";

    private string Output => Path.Combine(folder, TrainerProgram.OutputFolder);

    /// <summary>The steps that were seen, in order.</summary>
    public IReadOnlyCollection<TrainingStep> Steps => _steps.Values;

    /// <summary>Reads the steps that have come since the last time.</summary>
    /// <param name="progress">Is told each; may be null.</param>
    public void ReadSteps(ITrainingProgress? progress)
    {
        string path = Path.Combine(Output, "trainer_log.jsonl");
        if (!File.Exists(path))
        {
            return;
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length < _read)
        {
            // The trainer has begun its file anew.
            _read = 0;
        }

        stream.Seek(_read, SeekOrigin.Begin);
        using StreamReader reader = new(stream);
        string text = reader.ReadToEnd();
        int end = text.LastIndexOf('\n') + 1;
        _read += System.Text.Encoding.UTF8.GetByteCount(text.AsSpan(0, end));
        foreach (string line in text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Step(line) is { } step && !_steps.ContainsKey(step.Step))
            {
                _steps[step.Step] = step;
                progress?.StepTaken(step);
            }
        }
    }

    /// <summary>Whether anything was written since the last time: a line, or a file of the output.</summary>
    public bool HasMoved()
    {
        string sign = string.Join(
            ' ',
            new[] { Path.Combine(folder, LaunchJob.LogFile) }
                .Concat(Directory.Exists(Output)
                    ? Directory.EnumerateFiles(Output, "*", SearchOption.AllDirectories) : [])
                .Select(file => new FileInfo(file))
                .Where(file => file.Exists)
                .Select(file => string.Create(
                    CultureInfo.InvariantCulture, $"{file.Name}:{file.Length}:{file.LastWriteTimeUtc.Ticks}"))
                .Order(StringComparer.Ordinal));
        bool moved = sign != _sign;
        _sign = sign;
        return moved;
    }

    /// <summary>What this submission printed; of a long text the end.</summary>
    public string Printed()
    {
        string path = Path.Combine(folder, LaunchJob.LogFile);
        if (!File.Exists(path))
        {
            return "";
        }

        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        long length = stream.Length;
        stream.Seek(-Math.Min(length, TailBytes), SeekOrigin.End);
        using StreamReader reader = new(stream);
        string text = reader.ReadToEnd().Replace('\r', '\n');
        int mark = text.LastIndexOf(JobScript.Mark(token), StringComparison.Ordinal);
        return mark >= 0 ? text[mark..]
            : length > TailBytes ? text
            : "";
    }

    /// <summary>How many rows the trainer says that it learns; null before it says so.</summary>
    /// <param name="printed">What it printed.</param>
    public static int? ExamplesIn(string printed) =>
        Examples().Matches(printed).LastOrDefault() is { } found
            ? int.Parse(found.Groups[1].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            : null;

    /// <summary>The lines by which a trainer says that it leaves rows out.</summary>
    /// <param name="printed">What it printed.</param>
    public static IReadOnlyList<string> DroppedIn(string printed) =>
    [
        .. printed.Split('\n').Where(line => Dropped().IsMatch(line)).Select(line => HarmlessText.Name(line.Trim())),
    ];

    /// <summary>All steps of the training, those before it went on from a checkpoint among them.</summary>
    public IReadOnlyList<TrainingStep> AllSteps()
    {
        string path = Path.Combine(Output, "trainer_state.json");
        try
        {
            using JsonDocument state = JsonDocument.Parse(File.ReadAllBytes(path));
            int steps = state.RootElement.TryGetProperty("max_steps", out JsonElement most) ? most.GetInt32()
                : _steps.Values.LastOrDefault()?.Steps ?? 0;
            foreach (JsonElement entry in state.RootElement.GetProperty("log_history").EnumerateArray())
            {
                if (entry.TryGetProperty("loss", out JsonElement loss)
                    && entry.TryGetProperty("step", out JsonElement number))
                {
                    _steps[number.GetInt32()] = new TrainingStep(
                        number.GetInt32(), Math.Max(steps, number.GetInt32()), loss.GetDouble(),
                        Number(entry, "learning_rate") ?? 0, 0, Number(entry, "rewards/margins"),
                        Number(entry, "rewards/accuracies"));
                }
            }
        }
        catch (Exception fault) when (fault is IOException or JsonException or InvalidOperationException
            or KeyNotFoundException or FormatException)
        {
            // The steps that were seen will do.
        }

        return [.. _steps.Values];
    }

    private static TrainingStep? Step(string line)
    {
        try
        {
            using JsonDocument read = JsonDocument.Parse(line);
            JsonElement entry = read.RootElement;
            return Number(entry, "loss") is { } loss && Number(entry, "current_steps") is { } step
                ? new TrainingStep(
                    (int)step, (int)(Number(entry, "total_steps") ?? step), loss, Number(entry, "lr") ?? 0,
                    (long)(Number(entry, "tokens") ?? 0), Number(entry, "margin"), Number(entry, "accuracy"))
                : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static double? Number(JsonElement entry, string name) =>
        entry.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : null;

    [GeneratedRegex(@"Num examples = ([\d,]+)")]
    private static partial Regex Examples();

    [GeneratedRegex("Invalid role tag|Skipping this abnormal example|Dropped invalid example|Dropped lengthy example"
        + "|Invalid message count")]
    private static partial Regex Dropped();
}
