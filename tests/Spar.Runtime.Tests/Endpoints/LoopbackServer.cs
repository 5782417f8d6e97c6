using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Spar.Runtime.Endpoints;
using Spar.TestSupport;

namespace Spar.Runtime.Tests.Endpoints;

/// <summary>What the server sends back.</summary>
internal sealed record Reply(int Status, string Body, string? RetryAfter = null, string? Location = null);

/// <summary>
/// A server on this machine that answers each request as the test says, and remembers what it was asked.
/// </summary>
internal sealed class LoopbackServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<int, JsonNode, Reply> _answer;
    private readonly Task _work;

    /// <param name="answer">Gives the reply to request number i, from 0.</param>
    public LoopbackServer(Func<int, Reply> answer)
        : this((i, _) => answer(i)) { }

    /// <param name="answer">Gives the reply to request number i, from 0, and what it asks.</param>
    public LoopbackServer(Func<int, JsonNode, Reply> answer)
    {
        _answer = answer;
        Address = new Uri($"http://127.0.0.1:{FreePort.Next()}/v1");
        _listener.Prefixes.Add($"{Address.GetLeftPart(UriPartial.Authority)}/");
        _listener.Start();
        _work = ServeAsync();
    }

    public Uri Address { get; }

    /// <summary>The server as clients know it.</summary>
    public ServedEndpoint Endpoint => new(Address, "served") { ApiKey = "key" };

    /// <summary>What it says to a question for its models.</summary>
    public Func<Reply> Models { get; set; } =
        () => new Reply(200, """{"object": "list", "data": [{"id": "served"}]}""");

    public ConcurrentQueue<JsonNode> Requests { get; } = new();

    /// <summary>The headers of the last request.</summary>
    public System.Collections.Specialized.NameValueCollection Headers { get; private set; } = [];

    /// <summary>A chat completion with this text.</summary>
    public static Reply Says(string text, string finish = "stop", JsonNode? logProbs = null) => new(200, new JsonObject
    {
        ["id"] = "c1",
        ["object"] = "chat.completion",
        ["created"] = 1,
        ["model"] = "served",
        ["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["finish_reason"] = finish,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            ["logprobs"] = logProbs,
        }),
        ["usage"] = new JsonObject { ["prompt_tokens"] = 7, ["completion_tokens"] = 3, ["total_tokens"] = 10 },
    }.ToJsonString());

    public void Dispose()
    {
        _listener.Close();
        _work.Wait();
    }

    private async Task ServeAsync()
    {
        int number = 0;
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            try
            {
                Headers = context.Request.Headers;
                Reply reply = context.Request.HttpMethod == "POST" ? new Reply(0, "") : Models();
                if (context.Request.HttpMethod == "POST")
                {
                    JsonNode request = (await JsonNode.ParseAsync(context.Request.InputStream))!;
                    Requests.Enqueue(request);
                    reply = _answer(number++, request);
                }

                context.Response.StatusCode = reply.Status;
                context.Response.ContentType = "application/json";
                if (reply.RetryAfter is { } wait)
                {
                    context.Response.Headers["Retry-After"] = wait;
                }

                if (reply.Location is { } place)
                {
                    context.Response.Headers["Location"] = place;
                }

                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(reply.Body));
                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // Who asked did not wait for the answer, or the server was closed with the request in hand.
            }
        }
    }
}
