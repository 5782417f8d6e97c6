using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Judging;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Web.Serving;

/// <summary>What a model's searches need beside the model.</summary>
/// <param name="Refiner">Judges and refines; may be the model itself.</param>
/// <param name="Templates">How it is asked.</param>
/// <param name="Decoding">
/// How texts are sampled, how many votes, and the limits of the search. The request decides how the actor's responses
/// are sampled, and the name how many of them.
/// </param>
/// <param name="Judging">How responses are valued.</param>
/// <param name="Concurrency">Most calls in flight a request, at least 1.</param>
public sealed record SearchServing(
    IChatClient Refiner, TemplateSet Templates, DecodingSettings Decoding, JudgingSettings Judging, int Concurrency);

/// <summary>
/// The response that a decoding strategy settles on. Its calls are told as thoughts while they come in, and the last
/// user turn is what is refined; what stands before it is its context.
/// </summary>
/// <param name="actor">The model that answers.</param>
/// <param name="strategy">One of <see cref="DecodingStrategies.Names"/>.</param>
/// <param name="samples">Responses that the strategy may take from the actor, at least 1.</param>
/// <param name="serving">What the search needs beside the model.</param>
internal sealed class SearchingResponder(IChatClient actor, string strategy, int samples, SearchServing serving)
    : IResponder
{
    // A search that is given no limit of tokens: as `spar generate`.
    private const int UsualTokens = 512;

    /// <inheritdoc/>
    public async Task AnswerAsync(
        GenerationSettings settings, int choice, Action<Piece> write, CancellationToken cancellationToken)
    {
        Prompt prompt = PromptOf(settings);
        ChatOptions options = settings.Options;
        int limit = options.MaxOutputTokens ?? UsualTokens;
        Tally tally = new();
        using CallSession session = new(
            unchecked((ulong)PlainResponder.SeedOf(options.Seed ?? 0, choice)), serving.Concurrency,
            answered: (answer, _) => write(new Piece.Thought(choice, tally.Take(answer))));
        IDecodingStrategy decoding = DecodingStrategies.Create(
            strategy,
            new ModelCaller(actor, session),
            new ModelCaller(serving.Refiner, session),
            serving.Templates,
            serving.Decoding with
            {
                Respond = new Sampling(options.Temperature ?? 1, options.TopP ?? 1, limit),
                Samples = samples,
            },
            serving.Judging);
        Decoded decoded = await decoding.DecodeAsync("serve", prompt, cancellationToken).ConfigureAwait(false);
        if (decoded.Response.Length > 0)
        {
            write(new Piece.Said(choice, decoded.Response));
        }

        Candidate? settled = decoded.Candidates.FirstOrDefault(one => one.Response == decoded.Response);
        string finish = settled?.Incomplete switch
        {
            AnswerReading.CutOff or AnswerReading.Aborted or AnswerReading.UnfinishedThought => "length",
            AnswerReading.Refused => "content_filter",
            _ => "stop",
        };
        write(new Piece.Ended(choice, finish, tally.Input, tally.Output, null));
    }

    private Prompt PromptOf(GenerationSettings settings)
    {
        if (settings.Options.AdditionalProperties?.ContainsKey("raw_prompt") == true)
        {
            throw new ApiFaultException(
                400, $"A search answers conversations: ask '{settings.Model}' for a chat completion.", "model");
        }

        if (settings.LogProbabilities || settings.Options.StopSequences is not null)
        {
            string name = settings.LogProbabilities ? "logprobs" : "stop";
            throw new ApiFaultException(
                400, $"'{name}' is not supported: '{settings.Model}' is a search over many answers.", name,
                "unsupported_parameter");
        }

        ChatMessage last = settings.Messages[^1];
        if (last.Role != ChatRole.User)
        {
            throw new ApiFaultException(
                400, "The last turn must be the user's: it is what the search answers.", "messages", "invalid_value");
        }

        return new Prompt("", last.Text)
        {
            Context = settings.Messages.Count == 1
                ? null
                : [.. settings.Messages.SkipLast(1).Select(turn => new ChatTurn(turn.Role.Value, turn.Text))],
        };
    }

    // Calls of a search end on many threads.
    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private int _calls;

        public long Input { get; private set; }

        public long Output { get; private set; }

        public string Take(Answer answer)
        {
            lock (_lock)
            {
                _calls++;
                Input += answer.InputTokens ?? 0;
                Output += answer.OutputTokens ?? 0;
                return string.Create(
                    CultureInfo.InvariantCulture, $"[call {_calls}]\n{answer.Text.Trim()}\n\n");
            }
        }
    }
}
