using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Spar.Calls;

namespace Spar.Runtime.Endpoints;

/// <summary>A server's reply as it came over the wire.</summary>
/// <param name="Status">The status of HTTP.</param>
/// <param name="Body">The body, of one that is too long its beginning.</param>
/// <param name="RetryAfter">For how long the server asks to be left alone; null where it does not say.</param>
internal sealed record EndpointReply(int Status, string Body, TimeSpan? RetryAfter);

/// <summary>
/// Requests to one endpoint. What a server may do to its caller is bounded here: the size of its replies, redirects
/// (none is followed, for the key would go along), certificates (they are verified). Secrets that a server repeats are
/// taken out of its words. How long a request may take is for the caller to say.
/// </summary>
internal sealed class EndpointTransport : IDisposable
{
    /// <summary>Most bytes of an answer; of a refusal 1 MiB are read.</summary>
    public const int MostBytes = 64 << 20;

    // A server of this project's own takes the whole seed, of which the body has what every server takes.
    private const string SeedHeader = "Spar-Seed";

    private const int MostRefusalBytes = 1 << 20;

    private readonly ServedEndpoint _endpoint;
    private readonly TimeProvider _time;
    private readonly HttpClient _client;

    /// <summary>Opens the way to an endpoint; nothing is sent yet.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="time">The clock by which a date in Retry-After is read.</param>
    public EndpointTransport(ServedEndpoint endpoint, TimeProvider time)
    {
        _endpoint = endpoint;
        _time = time;
        _client = new HttpClient(
            new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(15),
                PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (endpoint.ApiKey is { } key)
        {
            _client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {key}");
        }

        foreach ((string name, string value) in endpoint.Headers)
        {
            _client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }
    }

    /// <summary>Asks for a resource.</summary>
    /// <param name="path">Behind the base address, such as models.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TransientFaultException">The endpoint cannot be reached, or did not end its reply.</exception>
    /// <exception cref="RefusedCallException">Its certificate is not valid, or it points elsewhere.</exception>
    public Task<EndpointReply> GetAsync(string path, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Sends a body of JSON.</summary>
    /// <param name="path">Behind the base address, such as chat/completions.</param>
    /// <param name="body">The body.</param>
    /// <param name="seeds">The whole seeds of the answers that are asked for; empty where they have none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TransientFaultException">As for <see cref="GetAsync"/>.</exception>
    /// <exception cref="RefusedCallException">As for <see cref="GetAsync"/>.</exception>
    public Task<EndpointReply> PostAsync(
        string path, ReadOnlyMemory<byte> body, IReadOnlyList<long> seeds, CancellationToken cancellationToken) =>
        SendAsync(
            HttpMethod.Post,
            path,
            new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            cancellationToken,
            seeds);

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<EndpointReply> SendAsync(
        HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken,
        IReadOnlyList<long>? seeds = null)
    {
        UriBuilder target = new(_endpoint.Address);
        target.Path = $"{target.Path.TrimEnd('/')}/{path}";
        using HttpRequestMessage request = new(method, target.Uri) { Content = content };
        if (seeds is { Count: > 0 })
        {
            request.Headers.TryAddWithoutValidation(
                SeedHeader, string.Join(',', seeds.Select(seed => seed.ToString(CultureInfo.InvariantCulture))));
        }

        try
        {
            using HttpResponseMessage response = await _client
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            int status = (int)response.StatusCode;
            if (status is >= 300 and < 400)
            {
                throw new RefusedCallException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{_endpoint.Name} answered with status {status}, which points to "
                        + $"{ServerWords.OneLine(response.Headers.Location?.ToString() ?? "nowhere")}. Redirects are not "
                        + $"followed: name the address itself that serves the model"),
                    status);
            }

            string body = await ReadAsync(response, cancellationToken).ConfigureAwait(false);
            return new EndpointReply(status, WithoutSecrets(body), RetryAfter(response.Headers.RetryAfter));
        }
        catch (HttpRequestException fault) when (fault.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new RefusedCallException(
                $"{_endpoint.Name} cannot be trusted: {Words(fault)}", (int)HttpStatusCode.BadGateway, fault);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException
            || (fault is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            bool down = fault is not HttpRequestException { HttpRequestError: var error }
                ? fault is OperationCanceledException
                : error is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                    or HttpRequestError.ProxyTunnelError;
            string what = down ? "cannot be reached" : "did not end its reply";
            throw new TransientFaultException(
                $"{_endpoint.Name} {what}: {Words(fault)}", null, fault)
            {
                Kind = down ? TransientKind.Down : TransientKind.Faulty,
            };
        }
    }

    private async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        int most = response.IsSuccessStatusCode ? MostBytes : MostRefusalBytes;
        using MemoryStream body = new();
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            byte[] buffer = new byte[16 << 10];
            int read;
            while ((read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                body.Write(buffer, 0, Math.Min(read, most - (int)body.Length));
                if (body.Length < most)
                {
                    continue;
                }

                return response.IsSuccessStatusCode
                    ? throw new TransientFaultException(
                        $"{_endpoint.Name} sent more than {most >> 20} MiB for one answer, which is not read on")
                    : Text(body);
            }
        }

        return Text(body);

        static string Text(MemoryStream body) =>
            Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length).TrimStart('\uFEFF');
    }

    // Some servers repeat the key that they do not know.
    private string WithoutSecrets(string text)
    {
        foreach (string secret in _endpoint.Secrets)
        {
            text = text.Replace(secret, "[key]", StringComparison.Ordinal);
        }

        return text;
    }

    private string Words(Exception fault)
    {
        Exception last = fault;
        while (last is HttpRequestException or IOException && last.InnerException is { } inner)
        {
            last = inner;
        }

        return WithoutSecrets(ServerWords.OneLine(last.Message));
    }

    // Seconds or a date, by HTTP's rules.
    private TimeSpan? RetryAfter(RetryConditionHeaderValue? asked)
    {
        TimeSpan? wait = asked?.Delta ?? (asked?.Date is { } date ? date - _time.GetUtcNow() : null);
        return wait > TimeSpan.Zero ? wait : null;
    }
}
