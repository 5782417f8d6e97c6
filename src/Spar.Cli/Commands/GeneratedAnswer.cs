using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spar.Calls;
using Spar.Cli.Console;
using Spar.Decoding;
using Spar.Ground;
using Spar.Seams;

namespace Spar.Cli.Commands;

/// <summary>
/// Remembers why the outputs of a session ended, so that a response that was cut off can be told from a whole one.
/// </summary>
internal sealed class FinishNotes
{
    private readonly ConcurrentDictionary<string, string> _reasons = new(StringComparer.Ordinal);

    /// <summary>Notes an answer; may be called from many threads.</summary>
    public void Note(Answer answer)
    {
        AnswerReading reading = answer.Read();
        string? finish =
            reading.Status == AnswerStatus.CutOff ? "length"
            : reading.Finish == FinishReason.Unknown ? null
            : reading.Finish.ToString().ToLowerInvariant();
        if (finish is not null)
        {
            _reasons[answer.Text] = finish;
            _reasons[reading.Text] = finish;
        }
    }

    /// <summary>Why the output that a response is, or is part of, ended; null where nobody said.</summary>
    public string? Of(string response) =>
        _reasons.TryGetValue(response, out string? finish)
            ? finish
            : _reasons
                .Where(output => response.Length > 0 && output.Key.Contains(response, StringComparison.Ordinal))
                .OrderBy(output => output.Key.Length)
                .ThenBy(output => output.Key, StringComparer.Ordinal)
                .Select(output => output.Value)
                .FirstOrDefault();
}

/// <summary>An answer as scripts read it.</summary>
/// <param name="Id">The prompt's name; null where there is only one.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Response">The response; null when there is none.</param>
/// <param name="FinishReason">
/// Why it ended: stop, length when it was cut off, filter when it was refused; null where nobody said.
/// </param>
/// <param name="Value">
/// The refiner's share of yes, or probability of yes; null when it was not judged or no judgement could be read.
/// </param>
/// <param name="Error">Why there is no response; null when there is one.</param>
internal sealed record GeneratedAnswer(
    string? Id,
    string Prompt,
    string? Response,
    string? FinishReason,
    double? Value,
    string? Error = null
)
{
    /// <summary>Why votes and refinements on the way could not be read, one entry each.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Unread { get; init; } = [];

    /// <summary>What a strategy came to.</summary>
    public static GeneratedAnswer Of(string? id, string prompt, Decoded decoded, FinishNotes finish) =>
        new(
            id,
            prompt,
            decoded.Response,
            finish.Of(decoded.Response),
            decoded.Candidates.LastOrDefault(candidate => candidate.Response == decoded.Response)?.Valuation?.Value
        )
        {
            Unread = DecodingView.Unread(decoded),
        };

    /// <summary>One line of JSON; id and error are left out where there is none.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, JsonSettings.SnakeCaseLinesWithNulls);

    /// <inheritdoc cref="Id"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Id { get; init; } = Id;

    /// <inheritdoc cref="Error"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; } = Error;
}

/// <summary>
/// Answers many prompts side by side and writes them in their order as soon as they and all before them are there.
/// </summary>
internal static class ManyAnswers
{
    /// <summary>Reasons with how often each occurs, the most frequent first.</summary>
    public static string Reasons(IEnumerable<string> reasons) =>
        string.Join(
            ", ",
            reasons
                .CountBy(reason => reason)
                .OrderByDescending(reason => reason.Value)
                .ThenBy(reason => reason.Key, StringComparer.Ordinal)
                .Select(reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Key} {reason.Value}"))
        );

    /// <summary>Writes a JSON line a prompt.</summary>
    /// <returns>The exit code: a fault when a prompt has no response.</returns>
    public static async Task<int> WriteAsync(
        IReadOnlyList<Prompt> prompts,
        IDecodingStrategy strategy,
        FinishNotes finish,
        ProgressLine progress,
        CommandContext context,
        CancellationToken cancellationToken
    )
    {
        using SemaphoreSlim atWork = new(64);
        Task<GeneratedAnswer>[] answers = [.. prompts.Select(AnswerAsync)];
        int failed = 0,
            cut = 0,
            empty = 0;
        List<IReadOnlyList<string>> unread = [];
        string? first = null;
        foreach (Task<GeneratedAnswer> answer in answers)
        {
            GeneratedAnswer one = await answer;
            context.Print(one.ToJson() + "\n");
            failed += one.Response is null ? 1 : 0;
            cut += one.FinishReason == "length" ? 1 : 0;
            empty += one.Response is { } text && string.IsNullOrWhiteSpace(text) ? 1 : 0;
            unread.Add(one.Unread);
            first ??= one.Error is string why ? $"{one.Id}: {why}" : null;
        }

        progress.End();
        if (cut > 0)
        {
            context.Warn(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{cut} of {prompts.Count} responses are cut off (finish_reason length)."
                )
            );
        }

        if (empty > 0)
        {
            context.Warn(string.Create(CultureInfo.InvariantCulture, $"{empty} of {prompts.Count} responses are empty."));
        }

        if (unread.Sum(reasons => reasons.Count) is > 0 and int judgements)
        {
            context.Warn(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{judgements} judgements or refinements could not be read ({Reasons(unread.SelectMany(one => one))})."
                )
            );
        }

        return failed == 0
            ? ExitCode.Success
            : throw new SparException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{failed} of {prompts.Count} prompts have no response; the first: {first}"
                )
            );

        async Task<GeneratedAnswer> AnswerAsync(Prompt prompt)
        {
            await atWork.WaitAsync(cancellationToken);
            try
            {
                Decoded decoded = await strategy.DecodeAsync($"generate/{prompt.Id}", prompt, cancellationToken);
                return GeneratedAnswer.Of(prompt.Id, prompt.Text, decoded, finish);
            }
            catch (Exception fault) when (Faults.Message(fault) is not null)
            {
                return new GeneratedAnswer(prompt.Id, prompt.Text, null, null, null, Faults.Message(fault));
            }
            finally
            {
                atWork.Release();
                progress.Advance();
            }
        }
    }
}
