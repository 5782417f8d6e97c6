using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using Spar.Engine.Chat;
using Spar.Engine.Checkpoints;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;
using Spar.Engine.Tokenization;

namespace Spar.Engine.Inference;

/// <summary>
/// A chat client that runs a model in this process. Hundreds of calls at a time are the normal use: they are computed
/// together, and what their prompts have in common is computed once. Thread-safe.
/// <para>
/// Honoured options: <see cref="ChatOptions.Temperature"/> (null is 0: greedy), <see cref="ChatOptions.TopP"/>,
/// <see cref="ChatOptions.TopK"/>, <see cref="ChatOptions.Seed"/> (null is 0),
/// <see cref="ChatOptions.MaxOutputTokens"/> (null: up to the model's longest sequence),
/// <see cref="ChatOptions.StopSequences"/>, <see cref="ChatOptions.Instructions"/>,
/// <see cref="ChatOptions.PresencePenalty"/>, <see cref="ChatOptions.FrequencyPenalty"/>, and as additional properties
/// <c>min_p</c>, <c>repetition_penalty</c>, <c>logprobs</c> (true or false), <c>top_logprobs</c> (0 to 20) and
/// <c>raw_prompt</c> (true: the messages' text is the prompt as it stands, without the chat template; special tokens
/// that the tokenizer begins a text with are added).
/// Log-probabilities come back as the response's additional property <c>logprobs</c>, a list of
/// <see cref="GeneratedToken"/> for each generated token but the end token; in a stream, with the last update. The same
/// messages with the same options give the same text, so calls that are to differ need different seeds.
/// </para>
/// </summary>
public sealed class EmbeddedChatClient : IChatClient
{
    private readonly Generator _generator;
    private readonly Tokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly IReadOnlyList<int> _endTokens;
    private readonly ChatClientMetadata _metadata;

    /// <summary>Makes a client for a model in memory.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">Weights by their Hugging Face names.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="template">Renders messages as the model was trained to see them.</param>
    /// <param name="options">Sizes of the engine; null takes the defaults.</param>
    /// <param name="modelId">What responses call the model.</param>
    /// <exception cref="EngineException">
    /// The tokenizer does not fit the model, an option is out of range, or memory is short.
    /// </exception>
    public EmbeddedChatClient(
        ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, Tokenizer tokenizer, ChatTemplate template,
        EngineOptions? options = null, string? modelId = null)
        : this(ModelWeights.FromTensors(config, tensors), tokenizer, template, options, modelId)
    {
    }

    private EmbeddedChatClient(
        ModelWeights weights, Tokenizer tokenizer, ChatTemplate template, EngineOptions? options, string? modelId)
    {
        ModelConfig config = weights.Config;
        tokenizer.CheckFits(config);
        _tokenizer = tokenizer;
        _template = template;
        int? eos = tokenizer.Config.EosToken is { } token ? tokenizer.TokenToId(token) : null;
        _endTokens = [.. config.EndTokenIds.Concat(eos is { } id ? [id] : []).Distinct()];
        _metadata = new ChatClientMetadata("spar", defaultModelId: modelId);
        _generator = new Generator(weights, options);
    }

    /// <summary>Opens a checkpoint: weights, tokenizer and chat template.</summary>
    /// <param name="checkpointDirectory">The folder, or a GGUF file.</param>
    /// <param name="options">Sizes of the engine; null takes the defaults.</param>
    /// <exception cref="EngineException">A file is missing or broken, or an option is out of range.</exception>
    public static EmbeddedChatClient Load(string checkpointDirectory, EngineOptions? options = null)
    {
        Checkpoint.RequireWeights(checkpointDirectory);
        Tokenizer tokenizer = Checkpoint.LoadTokenizer(checkpointDirectory);
        ChatTemplate template = ChatTemplate.For(tokenizer, options?.TemplateDate);
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpointDirectory)));
        return new EmbeddedChatClient(ModelWeights.Open(checkpointDirectory), tokenizer, template, options, name);
    }

    /// <summary>Answers a conversation.</summary>
    /// <param name="messages">The turns, oldest first; text only.</param>
    /// <param name="options">See the class; null takes the defaults.</param>
    /// <param name="cancellationToken">Ends the generation.</param>
    /// <returns>
    /// One message. The finish reason is stop (end token or stop string) or length. Usage counts prompt tokens,
    /// generated tokens (the end token included) and, as CachedInputTokenCount, prompt tokens shared with other calls;
    /// the latter depends on what else is running.
    /// </returns>
    /// <exception cref="EngineException">
    /// The template refuses the messages, the prompt is too long, or an option is out of range or not supported.
    /// </exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        GenerationRequest request = Request(messages, options);
        GeneratedText? text = options?.StopSequences is { Count: > 0 } stops
            ? new GeneratedText(_tokenizer, Stops(stops))
            : null;
        GenerationResult result = await _generator.GenerateAsync(
            text is null ? request : request with { OnToken = text.Append }, cancellationToken).ConfigureAwait(false);
        string answer = text is null ? _tokenizer.Decode([.. result.Ids]) : text.Finish();
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, answer))
        {
            ModelId = _metadata.DefaultModelId,
            FinishReason = Reason(result, text),
            Usage = Usage(request, result),
            AdditionalProperties = LogProbs(result),
        };
    }

    /// <summary>
    /// Answers a conversation piece by piece; the pieces together are the text that <see cref="GetResponseAsync"/>
    /// gives.
    /// </summary>
    /// <param name="messages">The turns, oldest first; text only.</param>
    /// <param name="options">See the class; null takes the defaults.</param>
    /// <param name="cancellationToken">Ends the generation.</param>
    /// <returns>Pieces of text; the last update has the finish reason and the usage.</returns>
    /// <exception cref="EngineException">As for <see cref="GetResponseAsync"/>.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        GeneratedText text = new(_tokenizer, Stops(options?.StopSequences));
        Channel<string> pieces = Channel.CreateUnbounded<string>(
            new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        GenerationRequest request = Request(messages, options) with
        {
            OnToken = id =>
            {
                bool stop = text.Append(id);
                if (text.Release() is { Length: > 0 } piece)
                {
                    pieces.Writer.TryWrite(piece);
                }

                return stop;
            },
        };

        // When the caller stops listening, the generation ends too.
        using CancellationTokenSource abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<GenerationResult> generation = _generator.GenerateAsync(request, abandoned.Token);
        _ = generation.ContinueWith(
            static (_, writer) => ((ChannelWriter<string>)writer!).Complete(), pieces.Writer, CancellationToken.None,
            TaskContinuationOptions.None, TaskScheduler.Default);
        try
        {
            await foreach (string piece in pieces.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, piece) { ModelId = _metadata.DefaultModelId };
            }

            GenerationResult result = await generation.ConfigureAwait(false);
            string rest = text.Finish();
            List<AIContent> last = rest.Length > 0 ? [new TextContent(rest)] : [];
            last.Add(new UsageContent(Usage(request, result)));
            yield return new ChatResponseUpdate(ChatRole.Assistant, last)
            {
                ModelId = _metadata.DefaultModelId,
                FinishReason = Reason(result, text),
                AdditionalProperties = LogProbs(result),
            };
        }
        finally
        {
            await abandoned.CancelAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Natural log-probabilities of words that could go on after the beginning of an answer; each word's is the sum
    /// over its tokens.
    /// </summary>
    /// <param name="messages">The turns, oldest first.</param>
    /// <param name="start">How the assistant's answer begins; may be empty.</param>
    /// <param name="words">What could come next; at least two, none of them the beginning of another.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>One value a word, at temperature 1 without filters.</returns>
    /// <exception cref="EngineException">
    /// The template refuses the messages, or prompt and answer are too long together.
    /// </exception>
    public async Task<double[]> ContinuationLogProbsAsync(
        IEnumerable<ChatMessage> messages, string start, IReadOnlyList<string> words,
        CancellationToken cancellationToken = default)
    {
        int[] prompt = Prompt(messages, null);
        int[][] answers = [.. words.Select(word => _tokenizer.Encode(start + word))];

        // A word may merge with what stands before it, so the answers are compared as tokens: what they share needs no
        // score.
        int shared = 0;
        while (answers.All(answer => shared < answer.Length - 1 && answer[shared] == answers[0][shared]))
        {
            shared++;
        }

        double[][] logProbs = await Task.WhenAll(answers.Select(answer =>
            _generator.LogProbsAsync(
                [.. prompt, .. answer[..shared]], answer[shared..], cancellationToken))).ConfigureAwait(false);
        return [.. logProbs.Select(each => each.Sum())];
    }

    /// <summary>The client itself, its metadata, its <see cref="Generator"/> or its <see cref="Tokenizer"/>.</summary>
    /// <param name="serviceType">What is wanted.</param>
    /// <param name="serviceKey">Null; there are no keyed services.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType == typeof(Generator) ? _generator
            : serviceType == typeof(Tokenizer) ? _tokenizer
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Ends the engine and frees its memory; calls in flight fail.</summary>
    public void Dispose() => _generator.Dispose();

    private static IReadOnlyList<string> Stops(IList<string>? stops)
        => stops is null ? []
            : stops.Contains("") ? throw new EngineException("A stop sequence is empty; remove it.")
            : [.. stops];

    private static ChatFinishReason Reason(GenerationResult result, GeneratedText? text)
        => result.End == GenerationEnd.Length && text is not { IsStopped: true }
            ? ChatFinishReason.Length
            : ChatFinishReason.Stop;

    private static UsageDetails Usage(GenerationRequest request, GenerationResult result) => new()
    {
        InputTokenCount = request.PromptIds.Count,
        OutputTokenCount = result.GeneratedTokens,
        TotalTokenCount = request.PromptIds.Count + result.GeneratedTokens,
        CachedInputTokenCount = result.CachedTokens,
    };

    private AdditionalPropertiesDictionary? LogProbs(GenerationResult result)
        => result.LogProbs is not { } tokens ? null : new AdditionalPropertiesDictionary
        {
            ["logprobs"] = tokens.Select(token => GeneratedToken.Of(token, _tokenizer)).ToArray(),
        };

    // null where it is absent; what cannot be taken as the type is a fault.
    private static T? Additional<T>(ChatOptions? options, string name)
        where T : struct
    {
        if (options?.AdditionalProperties is not { } properties || !properties.ContainsKey(name)
            || properties[name] is null)
        {
            return null;
        }

        return properties.TryGetValue(name, out T value) ? value
            : throw new EngineException(
                $"The chat option {name} is '{properties[name]}'; it must be "
                + $"{(typeof(T) == typeof(bool) ? "true or false" : "a number")}.");
    }

    private static void RefuseUnsupported(ChatOptions? options)
    {
        string? unsupported = options switch
        {
            { Tools.Count: > 0 } => nameof(options.Tools),
            { ResponseFormat: ChatResponseFormatJson } => nameof(options.ResponseFormat),
            _ => null,
        };
        if (unsupported is not null)
        {
            throw new EngineException(
                $"The embedded engine does not support the chat option {unsupported}; leave it unset.");
        }
    }

    private GenerationRequest Request(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        RefuseUnsupported(options);
        return new GenerationRequest
        {
            PromptIds = Additional<bool>(options, "raw_prompt") is true
                ? _tokenizer.Encode(string.Concat(messages.Select(message => message.Text)), addSpecialTokens: true)
                : Prompt(messages, options?.Instructions),
            MaxTokens = options?.MaxOutputTokens ?? int.MaxValue,
            Seed = unchecked((ulong)(options?.Seed ?? 0)),
            EndTokenIds = _endTokens,
            Sampling = new SamplingOptions
            {
                Temperature = options?.Temperature ?? 0,
                TopP = options?.TopP ?? 1,
                TopK = options?.TopK ?? 0,
                MinP = Additional<double>(options, "min_p") ?? 0,
                RepetitionPenalty = Additional<double>(options, "repetition_penalty") ?? 1,
                PresencePenalty = options?.PresencePenalty ?? 0,
                FrequencyPenalty = options?.FrequencyPenalty ?? 0,
            },
            TopLogProbs = Additional<int>(
                options, "top_logprobs") ?? (Additional<bool>(options, "logprobs") is true ? 0 : null),
        };
    }

    private int[] Prompt(IEnumerable<ChatMessage> messages, string? instructions)
    {
        List<Message> turns = instructions is null ? [] : [new Message(ChatRole.System.Value, instructions)];
        foreach (ChatMessage message in messages)
        {
            if (message.Contents.FirstOrDefault(content => content is not TextContent) is { } other)
            {
                throw new EngineException(
                    $"A {message.Role} message holds {other.GetType().Name}; the embedded engine takes text only.");
            }

            turns.Add(new Message(message.Role.Value, message.Text));
        }

        return _tokenizer.Encode(_template.Render(turns, addGenerationPrompt: true));
    }
}
