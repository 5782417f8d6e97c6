using System.Text.Json;
using Microsoft.Extensions.AI;
using Spar.Ground;

namespace Spar.Web.Serving;

/// <summary>What a client asks for, whichever interface it came by.</summary>
/// <param name="Model">The model's name, its search included.</param>
/// <param name="Messages">The turns, oldest first; at least one.</param>
/// <param name="Options">How to sample; the seed is that of the first choice.</param>
internal sealed record GenerationSettings(string Model, IReadOnlyList<ChatMessage> Messages, ChatOptions Options)
{
    private const int MostChoices = 128;
    private const int MostStops = 16;
    private const int MostTop = 20;

    /// <summary>Answers that are wanted, 1 and up.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Seeds of the first choices, where the client gives each its own.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [];

    /// <summary>Whether the answer is to come piece by piece.</summary>
    public bool Streams { get; init; }

    /// <summary>Whether a stream ends with the count of tokens.</summary>
    public bool StreamsUsage { get; init; }

    /// <summary>Whether log-probabilities are wanted.</summary>
    public bool LogProbabilities { get; init; }

    /// <summary>A request for a chat completion.</summary>
    /// <param name="body">The request.</param>
    /// <param name="seed">The seed where the client gives none.</param>
    /// <exception cref="ApiFaultException">It asks for what cannot be given.</exception>
    public static GenerationSettings OfChat(RequestBody body, long seed)
    {
        string model = ModelOf(body);
        IReadOnlyList<ChatMessage> messages = Turns.Read(
            body.Items("messages") ?? throw body.Missing("messages"), "messages");
        body.Refuse("tools", "models here call no tools");
        body.Refuse("functions", "models here call no functions");
        body.Refuse("audio", "models here speak in text only");
        bool logProbabilities = body.Flag("logprobs");
        long? top = body.Whole("top_logprobs", 0, MostTop);
        if (top is > 0 && !logProbabilities)
        {
            throw body.Wrong("top_logprobs", "left out, or 'logprobs' true");
        }

        ChatOptions options = Sampling(body, seed);
        options.MaxOutputTokens =
            (int?)(body.Whole("max_completion_tokens", 1, int.MaxValue) ?? body.Whole("max_tokens", 1, int.MaxValue));
        if (logProbabilities)
        {
            options.AdditionalProperties!["logprobs"] = true;
            options.AdditionalProperties["top_logprobs"] = (int)(top ?? 0);
        }

        return new GenerationSettings(model, messages, options)
        {
            Choices = (int)(body.Whole("n", 1, MostChoices) ?? 1),
            Streams = body.Flag("stream"),
            StreamsUsage = body.Group("stream_options")?.Flag("include_usage") ?? false,
            LogProbabilities = logProbabilities,
        };
    }

    /// <summary>A request for the continuation of a text, without a chat template.</summary>
    /// <param name="body">The request.</param>
    /// <param name="seed">The seed where the client gives none.</param>
    /// <exception cref="ApiFaultException">It asks for what cannot be given.</exception>
    public static GenerationSettings OfText(RequestBody body, long seed)
    {
        string model = ModelOf(body);
        string prompt = body.Find("prompt") switch
        {
            null => throw body.Missing("prompt"),
            { ValueKind: JsonValueKind.String } text => JsonText.Of(text),
            { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() == 1
                && list[0].ValueKind == JsonValueKind.String => JsonText.Of(list[0]),
            _ => throw body.Wrong("prompt", "one text; send a request for each"),
        };
        body.Refuse("echo", "send the prompt and the answer side by side yourself");
        body.Refuse("suffix", "models here continue texts only");
        long? top = body.Whole("logprobs", 0, MostTop);
        ChatOptions options = Sampling(body, seed);
        options.MaxOutputTokens = (int)(body.Whole("max_tokens", 1, int.MaxValue) ?? 16);
        options.AdditionalProperties!["raw_prompt"] = true;
        if (top is { } count)
        {
            options.AdditionalProperties["logprobs"] = true;
            options.AdditionalProperties["top_logprobs"] = (int)count;
        }

        return new GenerationSettings(model, [new ChatMessage(ChatRole.User, prompt)], options)
        {
            Choices = (int)(body.Whole("n", 1, MostChoices) ?? 1),
            Streams = body.Flag("stream"),
            StreamsUsage = body.Group("stream_options")?.Flag("include_usage") ?? false,
            LogProbabilities = top is not null,
        };
    }

    /// <summary>A request for a response, without state.</summary>
    /// <param name="body">The request.</param>
    /// <param name="seed">The seed where the client gives none.</param>
    /// <exception cref="ApiFaultException">It asks for what cannot be given.</exception>
    public static GenerationSettings OfResponse(RequestBody body, long seed)
    {
        string model = ModelOf(body);
        List<ChatMessage> messages = body.Find("input") switch
        {
            null => throw body.Missing("input"),
            { ValueKind: JsonValueKind.String } text => [new ChatMessage(ChatRole.User, JsonText.Of(text))],
            { ValueKind: JsonValueKind.Array } list => [.. Turns.Read([.. list.EnumerateArray()], "input")],
            _ => throw body.Wrong("input", "a text or a list of turns"),
        };
        if (body.Text("instructions") is { } instructions)
        {
            messages.Insert(0, new ChatMessage(ChatRole.System, instructions));
        }

        body.Refuse("previous_response_id", "this server keeps no responses; send the whole conversation");
        body.Refuse("conversation", "this server keeps no conversations; send the whole one");
        body.Refuse("background", "this server keeps no responses");
        body.Refuse("tools", "models here call no tools");
        ChatOptions options = Sampling(body, seed);
        options.MaxOutputTokens = (int?)body.Whole("max_output_tokens", 1, int.MaxValue);
        return new GenerationSettings(model, messages, options) { Streams = body.Flag("stream") };
    }

    private static string ModelOf(RequestBody body) =>
        body.Text("model") is { Length: > 0 } model ? model : throw body.Missing("model");

    // Absent, the interface's defaults: temperature 1, and a seed that is another one each time.
    private static ChatOptions Sampling(RequestBody body, long seed)
    {
        body.Refuse("logit_bias", "tokens are drawn as the model weighs them");
        string? format = (body.Group("response_format") ?? body.Group("text")?.Group("format"))?.Text("type");
        if (format is not (null or "text"))
        {
            throw new ApiFaultException(
                400, $"The format '{format}' is not supported: models here write plain text.", "response_format",
                "unsupported_parameter");
        }

        ChatOptions options = new()
        {
            Temperature = (float)(body.Number("temperature", 0, 100) ?? 1),
            TopP = (float)(body.Number("top_p", 0, 1) ?? 1),
            TopK = (int?)body.Whole("top_k", -1, int.MaxValue) is > 0 and int k ? k : null,
            Seed = body.Whole("seed", long.MinValue, long.MaxValue) ?? seed,
            PresencePenalty = (float?)body.Number("presence_penalty", -2, 2),
            FrequencyPenalty = (float?)body.Number("frequency_penalty", -2, 2),
            StopSequences = Stops(body),
            AdditionalProperties = [],
        };
        if (options.TopP == 0)
        {
            throw body.Wrong("top_p", "above 0 and at most 1");
        }

        foreach ((string name, double least, double most) in new[]
            { ("min_p", 0.0, 1.0), ("repetition_penalty", 1e-3, 1e3) })
        {
            if (body.Number(name, least, most) is { } value)
            {
                options.AdditionalProperties[name] = value;
            }
        }

        return options;
    }

    private static List<string>? Stops(RequestBody body)
    {
        JsonElement[] given = body.Find("stop") switch
        {
            null => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray()],
            { } one => [one],
        };
        return given.Length > MostStops
            || given.Any(stop => stop.ValueKind != JsonValueKind.String || JsonText.Of(stop).Length == 0)
            ? throw body.Wrong("stop", $"a text, or up to {MostStops} texts, none of them empty")
            : given.Length == 0 ? null : [.. given.Select(JsonText.Of)];
    }
}
