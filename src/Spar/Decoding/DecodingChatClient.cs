using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Templates;

namespace Spar.Decoding;

/// <summary>
/// Answers with the response that a decoding strategy settles on, in the place of a model's first one. The last user
/// turn is what is answered and refined; what stands before it is its context. Options of a call decide how the model's
/// own responses are sampled (<see cref="ChatOptions.Temperature"/>, <see cref="ChatOptions.TopP"/>), how long each
/// output of the search may be (<see cref="ChatOptions.MaxOutputTokens"/>), and with <see cref="ChatOptions.Seed"/>
/// (null is 0) everything that is random: the same call gives the same response. In a stream the search's calls come
/// as <see cref="TextReasoningContent"/> while it goes on. Usage is that of all calls. Safe for many calls at a time, as
/// far as the models are; set the properties before the first.
/// </summary>
public sealed class DecodingChatClient : DelegatingChatClient
{
    /// <summary>The name of the activity source that each answer is an activity of.</summary>
    public const string ActivitySourceName = "Spar.Decoding";

    private const string DecodedName = "spar.decoded";
    private const int UsualTokens = 512;

    private static readonly ActivitySource s_activities = new(ActivitySourceName);

    /// <summary>Puts a strategy before a model.</summary>
    /// <param name="innerClient">The model that answers.</param>
    /// <param name="strategy">One of <see cref="DecodingStrategies.Names"/>.</param>
    /// <exception cref="ArgumentException">There is no such strategy.</exception>
    public DecodingChatClient(IChatClient innerClient, string strategy)
        : base(innerClient)
    {
        if (!DecodingStrategies.Names.Contains(strategy))
        {
            throw new ArgumentException(
                $"There is no decoding strategy {strategy}; there are {string.Join(", ", DecodingStrategies.Names)}.",
                nameof(strategy));
        }

        Strategy = strategy;
    }

    /// <summary>The strategy's name.</summary>
    public string Strategy { get; }

    /// <summary>Judges and refines; null is the model itself. Stays the caller's.</summary>
    public IChatClient? Refiner { get; set; }

    /// <summary>How the refiner is asked.</summary>
    public TemplateSet Templates { get; set; } = TemplateSet.Load("full");

    /// <summary>Responses that best-of-n chooses from and restarts may begin from, at least 1.</summary>
    public int Samples { get; set; } = 5;

    /// <summary>Judgements a response, at least 1.</summary>
    public int Votes { get; set; } = 5;

    /// <summary>How responses are valued.</summary>
    public JudgingSettings Judging { get; set; } = new();

    /// <summary>The limits of the search.</summary>
    public SearchSettings Search { get; set; } = new();

    /// <summary>Temperature of judgements and refinements; the model's own responses have that of the call.</summary>
    public double RefinerTemperature { get; set; } = 0.7;

    /// <summary>Most calls in flight for one answer, at least 1.</summary>
    public int Concurrency { get; set; } = 64;

    /// <summary>What the strategy came to for a response of this client; null for any other response.</summary>
    /// <param name="response">A response.</param>
    public static Decoded? DecodedOf(ChatResponse response) =>
        response.AdditionalProperties?.GetValueOrDefault(DecodedName) as Decoded;

    /// <inheritdoc/>
    /// <exception cref="CallFailedException">A call failed, and there is no response to fall back on.</exception>
    /// <exception cref="UserFaultException">The call asks for what a search cannot give.</exception>
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        await DecodeAsync([.. messages], options ?? new ChatOptions(), null, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    /// <exception cref="CallFailedException">A call failed, and there is no response to fall back on.</exception>
    /// <exception cref="UserFaultException">The call asks for what a search cannot give.</exception>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Channel<string> calls = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });
        int made = 0;
        Task<ChatResponse> work = DecodeAsync(
            [.. messages],
            options ?? new ChatOptions(),
            answer => calls.Writer.TryWrite(string.Create(
                CultureInfo.InvariantCulture, $"[call {Interlocked.Increment(ref made)}]\n{answer.Text.Trim()}\n\n")),
            cancellationToken);
        _ = work.ContinueWith(
            static (_, writer) => ((ChannelWriter<string>)writer!).Complete(), calls.Writer, CancellationToken.None,
            TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (string call in calls.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent(call)]);
        }

        ChatResponse response = await work.ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    private async Task<ChatResponse> DecodeAsync(
        ChatMessage[] messages, ChatOptions options, Action<Answer>? answered, CancellationToken cancellationToken)
    {
        Prompt prompt = PromptOf(messages, options);
        using Activity? activity = s_activities.StartActivity("decode");
        UsageDetails usage = new();
        Lock counting = new();
        using CallSession session = new(unchecked((ulong)(options.Seed ?? 0)), Concurrency, answered: (answer, _) =>
        {
            lock (counting)
            {
                usage.Add(new UsageDetails
                {
                    InputTokenCount = answer.InputTokens,
                    OutputTokenCount = answer.OutputTokens,
                    TotalTokenCount = answer.InputTokens + answer.OutputTokens,
                });
            }

            answered?.Invoke(answer);
        });
        int limit = options.MaxOutputTokens ?? UsualTokens;
        Sampling refining = new(RefinerTemperature, 1, limit);
        IDecodingStrategy strategy = DecodingStrategies.Create(
            Strategy,
            new ModelCaller(InnerClient, session),
            new ModelCaller(Refiner ?? InnerClient, session),
            Templates,
            new DecodingSettings(
                new Sampling(options.Temperature ?? 1, options.TopP ?? 1, limit), refining, refining, Votes, Samples,
                Search),
            Judging);
        Decoded decoded = await strategy.DecodeAsync("answer", prompt, cancellationToken).ConfigureAwait(false);
        Candidate? settled = decoded.Candidates.FirstOrDefault(one => one.Response == decoded.Response);
        activity?.SetTag("spar.strategy", Strategy)
            .SetTag("spar.calls", session.Calls)
            .SetTag("spar.value", settled?.Valuation?.Value);
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, decoded.Response))
        {
            FinishReason = Reason(settled?.Incomplete),
            Usage = usage,
            AdditionalProperties = new() { [DecodedName] = decoded },
        };
    }

    private static Prompt PromptOf(ChatMessage[] messages, ChatOptions options)
    {
        string? unsupported = options switch
        {
            { StopSequences.Count: > 0 } => "stop sequences",
            { Tools.Count: > 0 } => "tools",
            { ResponseFormat: ChatResponseFormatJson } => "JSON formats",
            { AdditionalProperties: { } more } when more.ContainsKey("logprobs") => "log-probabilities",
            { AdditionalProperties: { } more } when more.ContainsKey("raw_prompt") => "prompts without chat template",
            _ => null,
        };
        if (unsupported is not null)
        {
            throw new UserFaultException(
                $"A search over many answers takes no {unsupported}.", "Ask the model itself for that.");
        }

        if (messages is not [.., { } last] || last.Role != ChatRole.User)
        {
            throw new UserFaultException(
                "The last turn is not the user's.", "A search answers what the user said last: put that turn last.");
        }

        return new Prompt("", last.Text)
        {
            Context = (options.Instructions, messages.Length) is (null, 1)
                ? null
                :
                [
                    .. options.Instructions is { } told ? new[] { new ChatTurn(ChatRoles.System, told) } : [],
                    .. messages.SkipLast(1).Select(turn => new ChatTurn(turn.Role.Value, turn.Text)),
                ],
        };
    }

    private static ChatFinishReason Reason(string? incomplete) => incomplete switch
    {
        AnswerReading.CutOff or AnswerReading.Aborted or AnswerReading.UnfinishedThought => ChatFinishReason.Length,
        AnswerReading.Refused => ChatFinishReason.ContentFilter,
        _ => ChatFinishReason.Stop,
    };
}
