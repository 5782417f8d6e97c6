using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>Chat completions, completions and responses: reads a request, has it answered, writes the answer.</summary>
/// <param name="models">Who answers.</param>
/// <param name="places">The server's places.</param>
/// <param name="maxBodyBytes">The largest body that is taken, in bytes.</param>
/// <param name="metrics">Counts.</param>
/// <param name="time">The clock.</param>
internal sealed class CompletionEndpoints(
    ServedNames models, RateLimiter places, int maxBodyBytes, ServerMetrics metrics, TimeProvider time)
{
    // Brings the whole of a seed of 64 bits, of which the body of the interface has 31, or one for each choice: so a run
    // whose models are served here gives what it gives with the models in its own process.
    private const string SeedHeader = "Spar-Seed";

    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = 32 };

    /// <summary><c>POST /v1/chat/completions</c>.</summary>
    /// <param name="context">The request.</param>
    public Task ChatAsync(HttpContext context) =>
        CompleteAsync(context, GenerationSettings.OfChat, "chatcmpl-", chat: true);

    /// <summary><c>POST /v1/completions</c>.</summary>
    /// <param name="context">The request.</param>
    public Task TextAsync(HttpContext context) =>
        CompleteAsync(context, GenerationSettings.OfText, "cmpl-", chat: false);

    /// <summary><c>POST /v1/responses</c>.</summary>
    /// <param name="context">The request.</param>
    public async Task RespondAsync(HttpContext context)
    {
        GenerationSettings settings = await ReadAsync(context, GenerationSettings.OfResponse).ConfigureAwait(false);
        using ServerMetrics.Request measured = metrics.Begin(settings.Model);
        IAsyncEnumerable<Piece> pieces = await BeginAsync(settings, context).ConfigureAwait(false);
        pieces = measured.Watch(pieces);
        ResponseReplies replies = new(NewId(), Now(), settings);
        if (!settings.Streams)
        {
            IReadOnlyList<WholeAnswer> answers = await WholeAnswer.ReadAsync(pieces, 1).ConfigureAwait(false);
            await WriteAsync(context, replies.Whole(answers[0])).ConfigureAwait(false);
            return;
        }

        EventStream stream = new(context);
        WholeAnswer answer = new();
        bool begun = false;
        await foreach (Piece piece in pieces.ConfigureAwait(false))
        {
            answer.Add(piece);
            foreach (JsonObject one in Events(piece))
            {
                await stream.WriteAsync(one, (string)one["type"]!).ConfigureAwait(false);
            }
        }

        IEnumerable<JsonObject> Events(Piece piece)
        {
            List<JsonObject> events = [];
            if (!begun)
            {
                begun = true;
                events.AddRange(replies.Beginning());
            }

            if (piece is Piece.Said said)
            {
                events.Add(replies.Said(said.Text));
            }
            else if (piece is Piece.Ended)
            {
                events.AddRange(replies.Ending(answer));
            }

            return events;
        }
    }

    private async Task CompleteAsync(
        HttpContext context, Func<RequestBody, long, GenerationSettings> read, string kind, bool chat)
    {
        GenerationSettings settings = await ReadAsync(context, read).ConfigureAwait(false);
        using ServerMetrics.Request measured = metrics.Begin(settings.Model);
        IAsyncEnumerable<Piece> pieces = await BeginAsync(settings, context).ConfigureAwait(false);
        pieces = measured.Watch(pieces);
        Replies replies = new(kind + NewId(), Now(), settings.Model, chat);
        if (!settings.Streams)
        {
            IReadOnlyList<WholeAnswer> answers =
                await WholeAnswer.ReadAsync(pieces, settings.Choices).ConfigureAwait(false);
            await WriteAsync(context, replies.Whole(answers)).ConfigureAwait(false);
            return;
        }

        EventStream stream = new(context);
        List<Piece.Ended> ends = [];
        HashSet<int> begun = [];
        await foreach (Piece piece in pieces.ConfigureAwait(false))
        {
            if (begun.Add(piece.Choice) && replies.Beginning(piece.Choice) is { } beginning)
            {
                await stream.WriteAsync(beginning).ConfigureAwait(false);
            }

            if (replies.Chunk(piece) is { } chunk)
            {
                await stream.WriteAsync(chunk).ConfigureAwait(false);
            }

            if (piece is Piece.Ended end)
            {
                ends.Add(end);
            }
        }

        if (settings.StreamsUsage)
        {
            await stream.WriteAsync(replies.UsageChunk(ends)).ConfigureAwait(false);
        }

        await stream.EndAsync().ConfigureAwait(false);
    }

    private async Task<GenerationSettings> ReadAsync(
        HttpContext context, Func<RequestBody, long, GenerationSettings> read)
    {
        // Kestrel's own limit would cut the connection of a client that is still sending, which may so never see the
        // refusal. Here the refusal is sent, and Kestrel reads the rest away, for five seconds at most.
        ReadResult received = await context.Request.BodyReader
            .ReadAtLeastAsync(maxBodyBytes + 1, context.RequestAborted).ConfigureAwait(false);
        try
        {
            if (received.Buffer.Length > maxBodyBytes)
            {
                throw new ApiFaultException(
                    413, "The body is larger than this server takes.", null, "request_too_large");
            }

            using JsonDocument body = JsonDocument.Parse(received.Buffer, s_json);
            GenerationSettings settings = read(
                RequestBody.Of(body.RootElement), RandomNumberGenerator.GetInt32(int.MaxValue));
            return Seeds(context) is { Count: > 0 } seeds ? settings with { Seeds = seeds } : settings;
        }
        catch (JsonException fault)
        {
            throw new ApiFaultException(400, $"The body is not valid JSON: {JsonFaults.Describe(fault)}.");
        }
        catch (InvalidOperationException)
        {
            throw new ApiFaultException(400, "A member's name holds half of a surrogate pair.");
        }
        finally
        {
            context.Request.BodyReader.AdvanceTo(received.Buffer.End);
        }
    }

    private static List<long>? Seeds(HttpContext context)
    {
        List<long> seeds = [];
        foreach (string text in context.Request.Headers[SeedHeader].ToString().Split(','))
        {
            if (!long.TryParse(text, CultureInfo.InvariantCulture, out long seed))
            {
                return null;
            }

            seeds.Add(seed);
        }

        return seeds;
    }

    private async Task<IAsyncEnumerable<Piece>> BeginAsync(GenerationSettings settings, HttpContext context)
    {
        Generation generation = await Generation
            .BeginAsync(models.Find(settings.Model), settings, places, context.RequestAborted).ConfigureAwait(false);
        return generation.ReadAsync(context.RequestAborted);
    }

    private static Task WriteAsync(HttpContext context, JsonObject json) => ChatServer.WriteAsync(context, 200, json);

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    private long Now() => time.GetUtcNow().ToUnixTimeSeconds();
}
