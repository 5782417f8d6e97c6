using System.Globalization;
using System.Text;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Calls;

/// <summary>
/// A memo in a file of raw answers, one JSON object a line, appended as they arrive. It holds answers only: a call
/// that failed leaves nothing. A line
/// that was cut short when the program was killed is dropped, and its question is asked again. Used from many threads.
/// </summary>
public sealed class AnswerFile : ICallMemo, IDisposable
{
    private readonly string _path;
    private readonly string _model;
    private readonly long _seed;
    private readonly Dictionary<string, Line> _lines;
    private readonly Lock _gate = new();
    private StreamWriter? _writer;

    private AnswerFile(string path, string model, long seed, Dictionary<string, Line> lines)
    {
        _path = path;
        _model = model;
        _seed = seed;
        _lines = lines;
    }

    /// <summary>The model whose answers it holds; empty while it holds none.</summary>
    public string StoredModel => _lines.Values.FirstOrDefault()?.Model ?? "";

    /// <summary>Opens a file, or starts one if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">Who answers; stands in each new line.</param>
    /// <param name="seed">The run's seed; stands in each new line.</param>
    /// <exception cref="UserFaultException">
    /// A line, other than a last one that was cut short, is no stored answer, or the file cannot be read.
    /// </exception>
    public static AnswerFile Open(string path, string model, long seed)
    {
        Dictionary<string, Line> lines = [];
        if (File.Exists(path))
        {
            string text = Read(path);
            int end = text.LastIndexOf('\n') + 1;
            int number = 0;
            foreach (string line in text[..end].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                number++;
                Line stored = Parse(path, number, line);
                lines[stored.Id] = stored;
            }

            if (end < text.Length)
            {
                WriteWhole(path, lines.Values);
            }
        }

        return new AnswerFile(path, model, seed, lines);
    }

    /// <inheritdoc/>
    public Answer? Find(string key, ulong promptHash)
    {
        lock (_gate)
        {
            return _lines.GetValueOrDefault(key) is { } line && line.Request == Hex(promptHash)
                ? line.ToAnswer()
                : null;
        }
    }

    /// <summary>Why a stored answer is not the answer to this call; null when it is, or when there is none.</summary>
    /// <param name="call">The call.</param>
    /// <param name="sampled">Whether the answer depends on the seed.</param>
    /// <param name="anyone">True to take answers of any model and seed.</param>
    public string? Mismatch(CallIdentity call, bool sampled, bool anyone = false) =>
        _lines.GetValueOrDefault(call.Key) is not { } line ? null
        : line.Request != Hex(call.Fingerprint) ? "answers another prompt, or was sampled with other options"
        : anyone ? null
        : line.Model != _model ? $"is by model {line.Model}, not {_model}"
        : line.Seed != _seed && sampled ? $"was sampled with seed {line.Seed}, not {_seed}"
        : null;

    /// <inheritdoc/>
    /// <remarks>The line is flushed to the system before this returns.</remarks>
    /// <exception cref="RunFaultException">It cannot be written.</exception>
    public void Keep(string key, ulong promptHash, Answer answer)
    {
        Line line = new(
            key,
            _model,
            _seed,
            Hex(promptHash),
            answer.Text,
            answer.LogLikelihoods,
            answer.Finish,
            answer.InputTokens,
            answer.OutputTokens,
            answer.Probability
        );
        lock (_gate)
        {
            try
            {
                _writer ??= new StreamWriter(
                    new FileStream(_path, FileMode.Append, FileAccess.Write, FileShare.Read),
                    new UTF8Encoding(false)
                );
                _writer.Write(JsonSerializer.Serialize(line, JsonSettings.SnakeCaseLines));
                _writer.Write('\n');
                _writer.Flush();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                throw new RunFaultException(
                    $"An answer cannot be kept in {_path} ({fault.Message.TrimEnd('.')}). Free some space or mend the "
                        + "permissions, then run the same command again; what was answered so far is kept.",
                    fault
                );
            }

            _lines[line.Id] = line;
        }
    }

    /// <summary>
    /// Rewrites the file in the order of the calls, so that its bytes do not depend on which came back first.
    /// </summary>
    /// <param name="keys">All calls' names; answers to others keep their place at the end.</param>
    public void Sort(IReadOnlyList<string> keys)
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
            Dictionary<string, int> order = keys.Select((key, index) => (key, index))
                .ToDictionary(pair => pair.key, pair => pair.index);
            WriteWhole(
                _path,
                _lines
                    .Values.OrderBy(line => order.GetValueOrDefault(line.Id, int.MaxValue))
                    .ThenBy(line => line.Id, StringComparer.Ordinal)
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writer?.Dispose();

    private static string Hex(ulong fingerprint) => fingerprint.ToString("x16", CultureInfo.InvariantCulture);

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserFaultException(
                $"The answers in {path} cannot be read: {fault.Message}",
                "Mend the permissions or name another folder.",
                fault
            );
        }
    }

    private static void WriteWhole(string path, IEnumerable<Line> lines) =>
        AtomicFile.WriteLines(path, lines.Select(line => JsonSerializer.Serialize(line, JsonSettings.SnakeCaseLines)));

    private static Line Parse(string path, int number, string text)
    {
        try
        {
            Line? line = JsonSerializer.Deserialize<Line>(text, JsonSettings.SnakeCaseLines);
            if (line is { Id: not null, Text: not null, Request: not null })
            {
                return line;
            }
        }
        catch (JsonException)
        {
            // Reported below with the same message.
        }

        throw new UserFaultException(
            $"{path}, line {number}: not a stored answer (id, model, seed, request, text).",
            "Delete the line to ask again."
        );
    }

    private sealed record Line(
        string Id,
        string Model,
        long Seed,
        string Request,
        string Text,
        IReadOnlyList<double>? LogLikelihoods,
        string? FinishReason,
        long? InputTokens,
        long? OutputTokens,
        double? Probability = null
    )
    {
        public Answer ToAnswer() => new(Text, InputTokens, OutputTokens, FinishReason, Probability, LogLikelihoods);
    }
}
