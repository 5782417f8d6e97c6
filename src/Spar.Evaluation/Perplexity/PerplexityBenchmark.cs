using System.Text;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Data;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;

namespace Spar.Evaluation.Perplexity;

/// <summary>A text that nobody trained on.</summary>
/// <param name="Id">Unique.</param>
/// <param name="Content">The text: two words at least.</param>
public sealed record PlainText(string Id, string Content);

/// <summary>
/// How well a model foretells plain texts: a guard against a training that spoils the language model. The first word of
/// a text is given, and the log-likelihood of the rest counts, by bytes and by words, as lm-eval counts WikiText's, so
/// that models with different tokenizers can be compared.
/// </summary>
public sealed class PerplexityBenchmark : IBenchmark
{
    private const string Name = "perplexity";

    // Bytes of UTF-8, and words: what white space divides.
    private readonly (string Id, string Given, string Content, int Bytes, int Words)[] _texts;
    private readonly int _skipped;

    /// <summary>Makes the benchmark from loaded texts.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="limit">First texts to use; null for all.</param>
    /// <param name="skipped">Records that were skipped in loading.</param>
    public PerplexityBenchmark(IReadOnlyList<PlainText> texts, int? limit = null, int skipped = 0)
    {
        _texts =
        [
            .. texts.Take(limit ?? int.MaxValue).Select(text =>
            {
                int end = EndOfFirstWord(text.Content);
                string rest = text.Content[end..];
                return (text.Id, text.Content[..end], rest, Encoding.UTF8.GetByteCount(rest),
                    rest.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
            }),
        ];
        _skipped = skipped;
        Requests =
        [
            .. _texts.Select(text =>
                EvaluationRequest.User(text.Id, text.Given, Sampling.GreedyUpTo(1), [text.Content])),
        ];
        Facts = new BenchmarkFacts(Name, 1, texts.Count, _texts.Length, 0, new JsonObject());
    }

    /// <inheritdoc/>
    public BenchmarkFacts Facts { get; }

    /// <inheritdoc/>
    public IReadOnlyList<EvaluationRequest> Requests { get; }

    /// <summary>Reads the texts.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="problems">Where bad records go.</param>
    /// <exception cref="EvaluationException">
    /// The file is missing, or a record is bad and <paramref name="problems"/> is strict.
    /// </exception>
    public static IReadOnlyList<PlainText> Load(DataFolder folder, DataProblems problems) =>
        DataFile.Read(
            folder.Require(Name, "texts.jsonl"),
            problems,
            row => row.Text("text").Trim() is var text && EndOfFirstWord(text) < text.Length
                ? new PlainText(row.OptionalText("id") ?? $"{Name}-{row.Line - 1}", text)
                : throw row.Error("text", "must have two words at least"),
            ("id", text => text.Id));

    /// <inheritdoc/>
    /// <exception cref="EvaluationException">The model gives no log-likelihoods.</exception>
    public ValueTask<EvaluationScore> ScoreAsync(
        IReadOnlyDictionary<string, Answer> answers,
        IReadOnlyDictionary<string, Answer> judgments,
        CancellationToken cancellationToken)
    {
        var scored = _texts.Where(text => answers.ContainsKey(text.Id))
            .Select(text => (text.Bytes, text.Words, Nats: -LikelihoodOf(answers[text.Id]), Text: text)).ToArray();
        IReadOnlyList<Metric> metrics = Metric.Of(
            Name,
            [("bits_per_byte", false), ("byte_perplexity", false), ("word_perplexity", false)],
            scored.Length,
            picks =>
            {
                double nats = picks.Sum(pick => scored[pick].Nats);
                double perByte = nats / picks.Sum(pick => (double)scored[pick].Bytes);
                return
                [
                    perByte / Math.Log(2), Math.Exp(perByte),
                    Math.Exp(nats / picks.Sum(pick => (double)scored[pick].Words)),
                ];
            });
        return ValueTask.FromResult(new EvaluationScore(
            metrics,
            [
                .. scored.Select(one => new ScoredSample(
                    one.Text.Id,
                    one.Text.Given,
                    one.Text.Content,
                    [(-one.Nats).ToString("R")],
                    [null],
                    new Dictionary<string, double> { ["bits_per_byte"] = one.Nats / one.Bytes / Math.Log(2) })),
            ],
            new Dictionary<string, int>
            {
                ["bytes"] = scored.Sum(one => one.Bytes),
                ["words"] = scored.Sum(one => one.Words),
                ["skipped_records"] = _skipped,
            }));
    }

    private static double LikelihoodOf(Answer answer) =>
        answer.LogLikelihoods is [double value]
            ? value
            : throw new EvaluationException(
                $"{Name}: the model gives no log-likelihoods of texts. Models that this program runs itself do: a "
                    + "checkpoint's folder, or a GGUF file.");

    private static int EndOfFirstWord(string text)
    {
        int end = 0;
        while (end < text.Length && !char.IsWhiteSpace(text[end]))
        {
            end++;
        }

        return end;
    }
}
