using System.Text;
using System.Text.Json;
using Spar.Ground;

namespace Spar.Evaluation.Harness;

/// <summary>
/// A file of raw answers, one JSON object a line, appended as they arrive. It holds answers only: a call that failed leaves nothing. A line
/// that was cut short when the program was killed is dropped, and its question is asked again.
/// </summary>
public sealed class AnswerStore : IDisposable
{
    private readonly string path;
    private readonly Dictionary<string, Line> lines;
    private readonly Lock gate = new();
    private StreamWriter? writer;

    private AnswerStore(string path, Dictionary<string, Line> lines)
    {
        this.path = path;
        this.lines = lines;
    }

    /// <summary>Ids of the answers it holds.</summary>
    public IReadOnlyCollection<string> Ids => lines.Keys;

    /// <summary>The model whose answers it holds; empty while it holds none.</summary>
    public string Model => lines.Values.FirstOrDefault()?.Model ?? "";

    /// <summary>Opens a file, or starts one if there is none.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="EvaluationException">A line, other than a last one that was cut short, is no stored answer.</exception>
    public static AnswerStore Open(string path)
    {
        var lines = new Dictionary<string, Line>();
        if (File.Exists(path))
        {
            string text = File.ReadAllText(path);
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

        return new AnswerStore(path, lines);
    }

    /// <summary>The answers to these requests that the file has.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="model">The model that is asked; null where answers are only read.</param>
    /// <param name="seed">The run's seed; null where answers are only read.</param>
    /// <exception cref="EvaluationException">An answer belongs to another prompt, other sampling options, another model or another seed.</exception>
    public Dictionary<string, Answer> Matching(IEnumerable<EvaluationRequest> requests, string? model = null, long? seed = null)
    {
        var found = new Dictionary<string, Answer>();
        foreach (EvaluationRequest request in requests)
        {
            if (!lines.TryGetValue(request.Id, out Line? line))
            {
                continue;
            }

            string? mismatch =
                line.Request != request.Fingerprint() ? "answers another prompt, or was sampled with other options"
                : model is not null && line.Model != model ? $"is by model {line.Model}, not {model}"
                : seed is not null && line.Seed != seed && request.Sampling.Temperature > 0 ? $"was sampled with seed {line.Seed}, not {seed}"
                : null;
            if (mismatch is not null)
            {
                throw new EvaluationException(
                    $"{path}: the stored answer to \"{request.Id}\" {mismatch}. Use another output folder, or delete this file to ask again.");
            }

            found[request.Id] = line.ToAnswer();
        }

        return found;
    }

    /// <summary>Appends an answer and flushes it. May be called from many threads.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="model">Who answered.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="answer">The answer.</param>
    public void Append(EvaluationRequest request, string model, long seed, Answer answer)
    {
        var line = new Line(
            answer.Id, model, seed, request.Fingerprint(), answer.Text, answer.LogLikelihoods, answer.FinishReason, answer.InputTokens,
            answer.OutputTokens);
        lock (gate)
        {
            writer ??= new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read), new UTF8Encoding(false));
            writer.Write(JsonSerializer.Serialize(line, JsonSettings.SnakeCaseLines));
            writer.Write('\n');
            writer.Flush();
            lines[line.Id] = line;
        }
    }

    /// <summary>Rewrites the file in the order of the requests, so that its bytes do not depend on which call came back first.</summary>
    /// <param name="requests">All requests; answers to others keep their place at the end.</param>
    public void Sort(IReadOnlyList<EvaluationRequest> requests)
    {
        lock (gate)
        {
            writer?.Dispose();
            writer = null;
            var order = requests.Select((request, index) => (request.Id, index)).ToDictionary(pair => pair.Id, pair => pair.index);
            WriteWhole(path, lines.Values.OrderBy(line => order.GetValueOrDefault(line.Id, int.MaxValue)).ThenBy(line => line.Id, StringComparer.Ordinal));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => writer?.Dispose();

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

        throw new EvaluationException($"{path}, line {number}: not a stored answer (id, model, seed, request, text). Delete the line to ask again.");
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
        long? OutputTokens)
    {
        public Answer ToAnswer() => new(Id, Text, LogLikelihoods, FinishReason, InputTokens, OutputTokens);
    }
}
