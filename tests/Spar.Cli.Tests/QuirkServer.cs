using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Spar.TestSupport;

namespace Spar.Cli.Tests;

/// <summary>A server on this machine that behaves as the model's name asks: how, the test says.</summary>
internal sealed class QuirkServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<JsonNode, (int Status, string Body)> _answer;
    private readonly Task _work;

    /// <param name="answer">Gives status and body for a request.</param>
    public QuirkServer(Func<JsonNode, (int Status, string Body)> answer)
    {
        _answer = answer;
        Address = $"http://127.0.0.1:{FreePort.Next()}/v1";
        _listener.Prefixes.Add(Address[..^2]);
        _listener.Start();
        _work = ServeAsync();
    }

    /// <summary>What <c>--model-endpoint</c> takes.</summary>
    public string Address { get; }

    /// <summary>The body of a chat completion.</summary>
    /// <param name="message">Members of the message, as JSON.</param>
    /// <param name="finish">The reason to end, as JSON.</param>
    public static (int Status, string Body) Says(string message, string finish = "\"stop\"") =>
        (200, $$"""{"choices": [{"index": 0, "message": {{{message}}}, "finish_reason": {{finish}}}]}""");

    /// <summary>The body of a chat completion with a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="finish">The reason to end, as JSON.</param>
    public static (int Status, string Body) SaysText(string text, string finish = "\"stop\"") =>
        Says($"\"content\": {JsonValue.Create(text).ToJsonString()}", finish);

    public void Dispose()
    {
        _listener.Close();
        _work.Wait();
    }

    private async Task ServeAsync()
    {
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

            (int status, string body) = context.Request.HttpMethod == "GET"
                ? (200, """{"data": [{"id": "m"}]}""")
                : _answer((await JsonNode.ParseAsync(context.Request.InputStream))!);
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }
}
