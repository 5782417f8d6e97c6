using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Runtime.Endpoints;

namespace Spar.Runtime.Fleet;

/// <summary>
/// A server whose every request is a span and a measurement by OpenTelemetry's conventions for generative AI, where
/// somebody listens (<see cref="Source"/>). What is asked and answered is not told, unless
/// OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says so.
/// </summary>
internal sealed class TracedEndpoint : IDisposable
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Source = "Spar.Calls";

    private const string FindName = "spar.find";
    private const string WeighedName = "spar.weighed";

    private readonly EndpointChatClient _client;
    private readonly IChatClient _traced;

    /// <summary>Around a client, which it owns.</summary>
    /// <param name="client">The client.</param>
    public TracedEndpoint(EndpointChatClient client)
    {
        _client = client;
        _traced = new Weigher(client).AsBuilder().UseOpenTelemetry(null, Source).Build();
    }

    /// <summary>As the client's.</summary>
    public Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken) =>
        _traced.GetResponseAsync(messages, options, cancellationToken);

    /// <summary>As the client's.</summary>
    public async Task<WeighedResponse> GetWeighedResponseAsync(
        IReadOnlyList<ChatMessage> messages, ChatOptions options, Func<string, Alternatives?> find,
        CancellationToken cancellationToken)
    {
        ChatOptions weighing = options.Clone();
        (weighing.AdditionalProperties ??= [])[FindName] = find;
        ChatResponse response = await _traced.GetResponseAsync(messages, weighing, cancellationToken)
            .ConfigureAwait(false);
        return (WeighedResponse)response.AdditionalProperties![WeighedName]!;
    }

    /// <summary>Whether the server is there; as the client's.</summary>
    public Task ProbeAsync(CancellationToken cancellationToken) => _client.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _traced.Dispose();

    // What weighs words is no chat client's own method; so that one way of asking is traced, it goes by the options.
    private sealed class Weigher(EndpointChatClient client) : DelegatingChatClient(client)
    {
        public override async Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (options?.AdditionalProperties?.GetValueOrDefault(FindName) is not Func<string, Alternatives?> find)
            {
                return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
            }

            WeighedResponse weighed = await client
                .GetWeighedResponseAsync([.. messages], options, find, cancellationToken).ConfigureAwait(false);
            (weighed.Response.AdditionalProperties ??= [])[WeighedName] = weighed;
            return weighed.Response;
        }
    }
}
