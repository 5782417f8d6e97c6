using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Spar.Calls;

namespace Spar.Runtime.Endpoints;

/// <summary>
/// A model behind an OpenAI-compatible endpoint (vLLM, SGLang, llama.cpp, Ollama, a gateway, the public one). What is sent
/// and what comes back is written and read here, since servers differ in both (<see cref="ChatRequest"/>,
/// <see cref="ChatReply"/>). Faults name the endpoint, the model and the server's own words, and say whether waiting may
/// help. It asks once; see <see cref="RetryChatClient"/>.
/// </summary>
public sealed class EndpointChatClient : IChatClient, IAlternativesClient
{
    private const string Path = "chat/completions";

    private readonly ServedEndpoint _endpoint;
    private readonly EndpointTransport _transport;
    private readonly TokenLimitName _limitName;

    /// <summary>A client of one served model.</summary>
    /// <param name="endpoint">Where it is, and how it is to be asked.</param>
    /// <param name="time">The clock by which a date in Retry-After is read; the system's when null.</param>
    public EndpointChatClient(ServedEndpoint endpoint, TimeProvider? time = null)
    {
        _endpoint = endpoint;
        _transport = new EndpointTransport(endpoint, time ?? TimeProvider.System);
        _limitName = new TokenLimitName(endpoint.Address);
    }

    /// <inheritdoc/>
    /// <exception cref="TransientFaultException">
    /// The endpoint cannot be reached, is busy or at fault (408, 409, 425, 429, 5xx), or gave no readable answer.
    /// </exception>
    /// <exception cref="RefusedCallException">
    /// The endpoint refuses the call; the message names it and says why.
    /// </exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    ) =>
        (
            await AskAsync([.. messages], options ?? new ChatOptions(), weighs: false, cancellationToken)
                .ConfigureAwait(false)
        ).Response;

    /// <inheritdoc/>
    /// <remarks>The answer comes as a whole, as one update.</remarks>
    /// <exception cref="TransientFaultException">As for <see cref="GetResponseAsync"/>.</exception>
    /// <exception cref="RefusedCallException">As for <see cref="GetResponseAsync"/>.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
        {
            yield return update;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="RunFaultException">The endpoint gives no log-probabilities.</exception>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages,
        ChatOptions options,
        Func<string, Alternatives?> find,
        CancellationToken cancellationToken
    )
    {
        ChatReply reply = await AskAsync(messages, options, weighs: true, cancellationToken).ConfigureAwait(false);
        string text = reply.Response.Text;
        if (reply.Tokens.Count == 0 && text.Length > 0)
        {
            throw new RunFaultException(
                $"{_endpoint.Name} gives no log-probabilities. Set judging.valuation to votes or adaptive, or switch "
                    + "log-probabilities on "
                    + "in the server."
            );
        }

        return new WeighedResponse(
            reply.Response,
            find(text) is { } place ? AnswerTokens.Weigh(OfText(reply.Tokens, text), place, text) : null
        );
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata("openai", _endpoint.Address, _endpoint.Model)
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>Whether the server is there: whether it answers a question that costs it nothing.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TransientFaultException">It is not, or not yet.</exception>
    internal async Task ProbeAsync(CancellationToken cancellationToken)
    {
        EndpointReply reply = await _transport.GetAsync("models", cancellationToken).ConfigureAwait(false);
        if (reply.Status >= 500)
        {
            throw new TransientFaultException(
                $"{_endpoint.Name} {Answered(reply.Status)}: {ServerWords.Of(reply.Body)}", reply.RetryAfter)
            {
                Kind = TransientKind.Down,
            };
        }
    }

    // Where thoughts come apart from the text, the tokens may be those of both.
    private static IReadOnlyList<AnswerToken> OfText(IReadOnlyList<AnswerToken> tokens, string text)
    {
        string behind = "";
        for (int i = tokens.Count - 1; i > 0 && behind.Length < text.Length; i--)
        {
            behind = tokens[i].Text + behind;
            if (behind.AsSpan().Trim().SequenceEqual(text.AsSpan().Trim()))
            {
                return [.. tokens.Skip(i)];
            }
        }

        return tokens;
    }

    private async Task<ChatReply> AskAsync(
        IReadOnlyList<ChatMessage> messages, ChatOptions options, bool weighs, CancellationToken cancellationToken)
    {
        string limitName = _limitName.Current;
        EndpointReply reply = await SendAsync(limitName).ConfigureAwait(false);
        if (reply.Status is 400 or 404 or 422 or 500 && options.MaxOutputTokens is not null
            && TokenLimitName.Other(limitName, reply.Body) is { } other)
        {
            EndpointReply second = await SendAsync(other).ConfigureAwait(false);
            if (second.Status is >= 200 and < 300)
            {
                _limitName.Took(other);
                reply = second;
            }
        }

        return Read(reply, options.Seeds()?.Count ?? 1);

        Task<EndpointReply> SendAsync(string name) =>
            _transport.PostAsync(
                Path,
                ChatRequest.Write(_endpoint.Model, messages, options, name, weighs, _endpoint.Body),
                options.Seeds() ?? (options.Seed is { } seed ? [seed] : []),
                cancellationToken);
    }

    private ChatReply Read(EndpointReply reply, int answers)
    {
        if (reply.Status is < 200 or >= 300)
        {
            throw Fault(
                reply.Status,
                Answered(reply.Status),
                ServerWords.Of(reply.Body),
                reply);
        }

        if (ReplyJson.Parse(reply.Body) is not { } json)
        {
            throw new TransientFaultException(
                $"{_endpoint.Name} gave an answer that cannot be read: it is no JSON but {ServerWords.Of(reply.Body)}");
        }

        if (ServerWords.Error(json) is { } error)
        {
            throw Fault(error.Status ?? 500, "answered with an error", error.Words, reply);
        }

        try
        {
            if (answers == 1)
            {
                return ChatReply.Read(json);
            }

            IReadOnlyList<ChatReply?> all = ChatReply.ReadAll(json, answers);
            all[0]!.Response.WithAnswers([.. all.Select(one => one?.Response)]);
            return all[0]!;
        }
        catch (ReplyFaultException fault)
        {
            throw new TransientFaultException(
                $"{_endpoint.Name} gave an answer that cannot be used: {fault.Message}. It said: {ServerWords.Of(reply.Body)}",
                null,
                fault);
        }
    }

    private static string Answered(int status) =>
        string.Create(CultureInfo.InvariantCulture, $"answered with status {status}");

    // Whether waiting may help. A quota that is used up is reported like a rate limit, but does not come back.
    private Exception Fault(int status, string what, string words, EndpointReply reply)
    {
        string message = $"{_endpoint.Name} {what}: {words}";
        bool passes = status is 408 or 409 or 425 or 429 or (>= 500 and not (501 or 505))
            && !reply.Body.Contains("insufficient_quota", StringComparison.OrdinalIgnoreCase);
        return passes
            ? new TransientFaultException(message, reply.RetryAfter)
            {
                Kind = status is 425 or 429 || (status is 503 && reply.RetryAfter is not null) ? TransientKind.Busy
                    : status is 502 or 503 or 504 or 529 ? TransientKind.Down
                    : TransientKind.Faulty,
            }
            : new RefusedCallException(message, status);
    }
}
