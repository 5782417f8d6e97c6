using System.Collections.Concurrent;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Sampling;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// Continues token sequences with a model, as many at once as there are. One thread of its own forms batches and drives
/// the thread team; callers come from any thread. A request's result depends on the request alone, never on what runs
/// beside it. Knows nothing of text.
/// </summary>
public sealed class Generator : IDisposable
{
    /// <summary>Rows of a batch beside one a sequence: how many prompt tokens are computed in one pass.</summary>
    private const int PromptRows = 256;

    private readonly ModelWeights _weights;
    private readonly ModelConfig _config;
    private readonly KvCache _cache;
    private readonly ThreadTeam _team;
    private readonly LlamaForward _forward;
    private readonly Scheduler _scheduler;
    private readonly ForwardBatch _batch;
    private readonly Sampler[] _samplers;
    private readonly Thread _thread;
    private readonly ConcurrentQueue<Sequence> _inbox = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly Lock _gate = new();
    private readonly HashSet<Sequence> _ended = [];
    private readonly Outcome[] _outcomes;
    private long _lastNumber;
    private int _asleep; // 1 while the engine's thread waits for work; whoever sets it to 0 wakes it
    private volatile bool _stopping;

    /// <summary>Makes a generator for weights in memory.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">Weights by their Hugging Face names; only the embedding is kept.</param>
    /// <param name="options">Sizes; null takes the defaults.</param>
    /// <exception cref="EngineException">An option is out of range, or there is no memory for the cache.</exception>
    public Generator(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, EngineOptions? options = null)
        : this(ModelWeights.FromTensors(config, tensors), options)
    {
    }

    /// <summary>Lays out the weights, reserves the cache and starts the threads.</summary>
    /// <param name="weights">The model; the generator disposes of it.</param>
    /// <param name="options">Sizes; null takes the defaults.</param>
    /// <exception cref="EngineException">An option is out of range, or there is no memory for the cache.</exception>
    public Generator(ModelWeights weights, EngineOptions? options = null)
    {
        options ??= new EngineOptions();
        ModelConfig config = weights.Config;
        _weights = weights;
        _config = config;
        _cache = new KvCache(config, options.CacheBlocks(config));
        _team = new ThreadTeam(options.Threads ?? Environment.ProcessorCount);
        _batch = new ForwardBatch(options.MaxSequences + PromptRows);
        _forward = new LlamaForward(weights, _cache, _team, _batch.Capacity, options.Arithmetic);
        _scheduler = new Scheduler(_cache, options.MaxSequences, options.DraftRows);
        _samplers = [.. Enumerable.Range(0, _team.Threads).Select(_ => new Sampler(config.VocabSize))];
        _outcomes = new Outcome[options.MaxSequences];
        _thread = new Thread(Work) { IsBackground = true, Name = "spar-generator" };
        _thread.Start();
    }

    private enum Outcome : byte
    {
        Goes,
        Ended,
        Failed,
    }

    /// <summary>
    /// Longest sequence in tokens, prompt included: the model's or the cache's limit, whichever is less.
    /// </summary>
    public int MaxTokens => Math.Min(_config.MaxPositions, _cache.Blocks * KvCache.BlockSize);

    /// <summary>Forward passes so far.</summary>
    internal long Passes { get; private set; }

    /// <summary>Continues a prompt. Hundreds of calls at a time are the normal use.</summary>
    /// <param name="request">The prompt and how to continue it.</param>
    /// <param name="cancellationToken">Ends the generation and frees its place.</param>
    /// <exception cref="EngineException">
    /// The prompt is empty or too long, an id or an option is out of range, or the model's logits are not finite.
    /// </exception>
    internal Task<GenerationResult> GenerateAsync(
        GenerationRequest request, CancellationToken cancellationToken = default)
    {
        request.Sampling.Validate();
        if (request.MaxTokens < 1)
        {
            throw new EngineException($"A request asks for {request.MaxTokens} tokens; ask for at least 1.");
        }

        if (request.TopLogProbs is < 0 or > 20)
        {
            throw new EngineException(
                $"A request asks for {request.TopLogProbs} log-probabilities a token; ask for 0 to 20.");
        }

        int[] ids = [.. request.PromptIds];
        CheckIds(ids, "prompt");
        CheckLength(ids.Length + 1);
        int limit = (int)Math.Min((long)ids.Length + request.MaxTokens, MaxTokens);
        GenerationJob job = new(request, request.EndTokenIds ?? _config.EndTokenIds, limit, cancellationToken);
        Submit(ids, ids.Length, job);
        return job.Task;
    }

    /// <summary>
    /// Log-probabilities (natural) of a given continuation, token by token, at temperature 1 without filters.
    /// </summary>
    /// <param name="promptIds">At least one id.</param>
    /// <param name="continuationIds">The continuation, [n].</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>[n].</returns>
    /// <exception cref="EngineException">
    /// The prompt is empty, an id is out of range, or both together are too long.
    /// </exception>
    public Task<double[]> LogProbsAsync(
        IReadOnlyList<int> promptIds, IReadOnlyList<int> continuationIds, CancellationToken cancellationToken = default)
    {
        CheckIds(promptIds, "prompt");
        if (continuationIds.Count == 0)
        {
            return Task.FromResult(Array.Empty<double>());
        }

        CheckIds(continuationIds, "continuation");
        CheckLength(promptIds.Count + continuationIds.Count);
        ScoringJob job = new([.. continuationIds], cancellationToken);
        Submit([.. promptIds, .. continuationIds.SkipLast(1)], promptIds.Count, job);
        return job.Task;
    }

    /// <summary>Ends the engine. Requests that are not done fail with <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopping)
            {
                return;
            }

            _stopping = true;
        }

        Wake();
        _thread.Join();
        _forward.Dispose();
        _team.Dispose();
        _cache.Dispose();
        _weights.Dispose();
        _wake.Dispose();
    }

    private void CheckIds(IReadOnlyList<int> ids, string what)
    {
        if (ids.Count == 0)
        {
            throw new EngineException($"The {what} has no tokens; at least one is needed.");
        }

        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_config.VocabSize)
            {
                throw new EngineException(
                    $"The {what} holds token id {id}, but the model's vocabulary has {_config.VocabSize}. Does the "
                    + "tokenizer belong to this model?");
            }
        }
    }

    private void CheckLength(int tokens)
    {
        if (tokens > MaxTokens)
        {
            throw new EngineException(
                tokens > _config.MaxPositions
                    ? $"A request needs {tokens} tokens, but the model was made for at most {_config.MaxPositions}. "
                        + "Shorten the prompt."
                    : $"A request needs {tokens} tokens, but the key/value cache holds {MaxTokens}. Shorten the "
                        + "prompt or set more cache tokens.");
        }
    }

    private void Submit(int[] ids, int promptLength, SequenceJob job)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, this);
            _inbox.Enqueue(new Sequence(++_lastNumber, ids, promptLength, job));
        }

        Wake();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _asleep, 0) == 1)
        {
            _wake.Release();
        }
    }

    private void Work()
    {
        while (!_stopping)
        {
            if (_scheduler.IsIdle)
            {
                Interlocked.Exchange(ref _asleep, 1);
                bool work = !_inbox.IsEmpty || _stopping;
                if (!work || Interlocked.Exchange(ref _asleep, 0) == 0)
                {
                    _wake.Wait();
                }
            }

            while (_inbox.TryDequeue(out Sequence? sequence))
            {
                _scheduler.Add(sequence);
            }

            try
            {
                Step();
            }
            catch (Exception fault)
            {
                foreach (Sequence sequence in _scheduler.Reset())
                {
                    sequence.Job.Fail(fault);
                }
            }
        }

        while (_inbox.TryDequeue(out Sequence? sequence))
        {
            _scheduler.Add(sequence);
        }

        foreach (Sequence sequence in _scheduler.Clear())
        {
            sequence.Job.Fail(new ObjectDisposedException(nameof(Generator)));
        }
    }

    /// <summary>One forward pass, and what follows from it.</summary>
    private void Step()
    {
        _scheduler.RemoveEnded(static sequence => sequence.Job.IsCancelled);
        _scheduler.Build(_batch);
        if (_batch.Count == 0)
        {
            return;
        }

        _forward.Run(_batch);
        Passes++;
        int grain = Math.Clamp(8192 / _config.VocabSize, 1, 8);
        SampleBody body = new() { Generator = this, Grain = grain };
        _team.For((_scheduler.Running.Count + grain - 1) / grain, ref body);
        _scheduler.SettleDrafts();
        for (int i = 0; i < _scheduler.Running.Count; i++)
        {
            if (_outcomes[i] != Outcome.Goes)
            {
                Sequence sequence = _scheduler.Running[i];
                _ended.Add(sequence);
                if (_outcomes[i] == Outcome.Ended)
                {
                    sequence.Job.Complete(sequence);
                }
            }
        }

        if (_ended.Count > 0)
        {
            _scheduler.RemoveEnded(_ended.Contains);
            _ended.Clear();
        }
    }

    private Outcome Take(Sequence sequence, Sampler sampler)
    {
        try
        {
            for (int i = 0; i < sequence.LogitCount; i++)
            {
                if (sequence.Job.Take(sequence, _forward.Logits(sequence.LogitStart + i), sampler))
                {
                    return Outcome.Ended;
                }

                if (i < sequence.DraftCount && sequence.Ids[^1] != sequence.Draft[i])
                {
                    return Outcome.Goes;
                }
            }

            return Outcome.Goes;
        }
        catch (Exception fault)
        {
            sequence.Job.Fail(fault);
            return Outcome.Failed;
        }
    }

    private struct SampleBody : IParallelBody
    {
        public Generator Generator;
        public int Grain;

        public readonly void Run(int index, int worker)
        {
            IReadOnlyList<Sequence> running = Generator._scheduler.Running;
            int end = Math.Min(running.Count, (index + 1) * Grain);
            for (int i = index * Grain; i < end; i++)
            {
                Generator._outcomes[i] = Generator.Take(running[i], Generator._samplers[worker]);
            }
        }
    }
}
