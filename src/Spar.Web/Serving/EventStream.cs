using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>Writes server-sent events of JSON.</summary>
/// <param name="context">The request that is answered so.</param>
internal sealed class EventStream(HttpContext context)
{
    /// <summary>Whether the answer has begun, so that its status cannot be changed any more.</summary>
    public bool HasBegun => context.Response.HasStarted;

    /// <summary>Writes an event, and waits while the client is slow to read.</summary>
    /// <param name="json">The event's data.</param>
    /// <param name="name">The event's name; null for none.</param>
    public Task WriteAsync(JsonObject json, string? name = null) =>
        WriteAsync(
            (name is null ? "" : $"event: {name}\n") + $"data: {json.ToJsonString(JsonSettings.Compact)}\n\n");

    /// <summary>Writes the event that ends the interface's streams of chunks.</summary>
    public Task EndAsync() => WriteAsync("data: [DONE]\n\n");

    private async Task WriteAsync(string text)
    {
        if (!HasBegun)
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
        }

        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted)
            .ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }
}
