using System.Runtime.InteropServices;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Inference;

/// <summary>
/// The forward pass of a Llama-family model over a <see cref="ForwardBatch"/>, for generation: no gradients, keys and values in a
/// <see cref="KvCache"/>. A row's result has the same bits in any batch, at any thread count, and whether the positions before it were
/// computed in this pass, an earlier one, or for another sequence. Allocates nothing per pass once its buffers have grown.
/// <para>
/// A large batch is cut into pieces of rows that go through a layer each on one thread, with one meeting a layer: where all keys and values
/// have been written and attention may read. In a small batch the threads share every matrix product instead.
/// </para>
/// </summary>
public sealed unsafe class LlamaForward : IDisposable
{
    private const int PieceRows = 72;

    private readonly LlamaWeights _weights;
    private readonly ModelConfig _config;
    private readonly KvCache _cache;
    private readonly ThreadTeam _team;
    private readonly ThreadTeam[] _single;
    private readonly RotaryTable _rotary;
    private readonly int _capacity;
    private readonly int _smallBatch;
    private readonly int _queryFloats;
    private readonly int _keyFloats;
    private readonly int _qkvFloats;
    private readonly int _window;

    private float* _x;      // residual stream, [rows, D]
    private float* _qkv;    // queries, keys, values, [rows, H d + 2 KvH d]
    private float* _logits; // [rows that need them, V]
    private int _logitRows;
    private ForwardBatch _batch;

    /// <summary>Packs a model's weights and reserves buffers.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="tensors">Weights by their Hugging Face names; only the embedding is kept.</param>
    /// <param name="cache">Where keys and values are kept.</param>
    /// <param name="team">Threads; the caller of <see cref="Run"/> is one of them.</param>
    /// <param name="capacity">Most rows of a batch.</param>
    public LlamaForward(ModelConfig config, IReadOnlyDictionary<string, Tensor> tensors, KvCache cache, ThreadTeam team, int capacity)
    {
        _config = config;
        _weights = new LlamaWeights(config, tensors);
        _cache = cache;
        _team = team;
        _capacity = capacity;
        _rotary = new RotaryTable(config);
        _single = [.. Enumerable.Range(0, team.Threads).Select(_ => new ThreadTeam(1))];
        _smallBatch = team.Threads == 1 ? 0 : Math.Min(capacity, 16 * team.Threads);
        _queryFloats = config.HeadCount * config.HeadDim;
        _keyFloats = config.KvHeadCount * config.HeadDim;
        _qkvFloats = _queryFloats + (2 * _keyFloats);
        _window = config.SlidingWindow ?? int.MaxValue;
        _x = Allocate((long)capacity * config.HiddenSize);
        _qkv = Allocate((long)capacity * _qkvFloats);
        _batch = new ForwardBatch(1);
    }

    /// <summary>Computes a batch: writes its keys and values to the cache and its logits to <see cref="Logits"/>.</summary>
    /// <param name="batch">At most as many rows as the capacity that this was made with.</param>
    public void Run(ForwardBatch batch)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Count, _capacity);
        _batch = batch;
        int last = 0;
        for (int row = 0; row < batch.Count; row++)
        {
            last = Math.Max(last, batch.Positions[row]);
        }

        _rotary.Cover(last);
        for (int layer = 0; layer < _weights.Layers.Length; layer++)
        {
            Do(Stage.Project, layer, batch.Count);
            Do(Stage.Mix, layer, batch.Count);
        }

        if (batch.LogitCount > _logitRows)
        {
            NativeMemory.AlignedFree(_logits);
            _logitRows = Math.Min(_capacity, Math.Max(batch.LogitCount, 2 * _logitRows));
            _logits = Allocate((long)_logitRows * _config.VocabSize);
        }

        Do(Stage.Head, 0, batch.LogitCount);
    }

    /// <summary>A row of logits of the last batch, [V]; valid until the next <see cref="Run"/>.</summary>
    /// <param name="number">Number of the row, as <see cref="ForwardBatch.Add"/> gave it.</param>
    public ReadOnlySpan<float> Logits(int number)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)number, (uint)_batch.LogitCount, nameof(number));
        return new ReadOnlySpan<float>(_logits + ((nint)number * _config.VocabSize), _config.VocabSize);
    }

    /// <summary>Frees the buffers; neither cache nor team.</summary>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_x);
        NativeMemory.AlignedFree(_qkv);
        NativeMemory.AlignedFree(_logits);
        _x = _qkv = _logits = null;
        foreach (ThreadTeam single in _single)
        {
            single.Dispose();
        }
    }

    private enum Stage
    {
        Project,
        Mix,
        Head,
    }

    private static float* Allocate(long floats) => (float*)NativeMemory.AlignedAlloc(checked((nuint)(floats * sizeof(float))), 64);

    private static float* Pinned(float[] values)
    {
        // Pinned for its life, so the pointer outlives the statement.
        fixed (float* p = values)
        {
            return p;
        }
    }

    /// <summary>Runs a stage over all rows: whole if they are few, else in pieces on all threads.</summary>
    private void Do(Stage stage, int layer, int rows)
    {
        if (rows <= _smallBatch)
        {
            RunStage(stage, layer, 0, rows, _team, 0);
            return;
        }

        int pieces = (rows + PieceRows - 1) / PieceRows;
        pieces = (pieces + _team.Threads - 1) / _team.Threads * _team.Threads;
        Pieces body = new() { Forward = this, Stage = stage, Layer = layer, Rows = rows, Size = (rows + pieces - 1) / pieces };
        _team.For((rows + body.Size - 1) / body.Size, ref body);
    }

    private void RunStage(Stage stage, int layer, int from, int to, ThreadTeam team, int worker)
    {
        switch (stage)
        {
            case Stage.Project:
                Project(layer, from, to, team, worker);
                break;
            case Stage.Mix:
                Mix(layer, from, to, team, worker);
                break;
            default:
                Head(from, to, team, worker);
                break;
        }
    }

    /// <summary>x to queries, keys and values: norm, projection, rotation; keys and values go to the cache.</summary>
    private void Project(int layer, int from, int to, ThreadTeam team, int worker)
    {
        LlamaWeights.Layer weights = _weights.Layers[layer];
        int d = _config.HiddenSize;
        int rows = to - from;
        float* normed = _single[worker].Scratch(0, (long)rows * d);
        for (int row = from; row < to; row++)
        {
            float* x = _x + ((nint)row * d);
            if (layer == 0)
            {
                _weights.Embedding.Data.AsSpan(_batch.Tokens[row] * d, d).CopyTo(new Span<float>(x, d));
            }

            RowMath.RmsNorm(x, Pinned(weights.InputNorm), normed + ((nint)(row - from) * d), d, (float)_config.RmsNormEps);
        }

        Gemm.Multiply(team, normed, d, rows, weights.Qkv, _qkv + ((nint)from * _qkvFloats), _qkvFloats);
        for (int row = from; row < to; row++)
        {
            float* q = _qkv + ((nint)row * _qkvFloats);
            if (weights.QkvBias is { } bias)
            {
                RowMath.Add(Pinned(bias), q, _qkvFloats);
            }

            int position = _batch.Positions[row];
            float* cos = _rotary.Cos(position), sin = _rotary.Sin(position);
            for (int head = 0; head < _config.HeadCount + _config.KvHeadCount; head++)
            {
                RowMath.Rotate(q + ((nint)head * _config.HeadDim), cos, sin, _rotary.Pairs, _config.InterleavedRotary);
            }

            Write(layer, row, q + _queryFloats);
        }
    }

    /// <summary>Puts a row's keys and values into its sequence's block.</summary>
    private void Write(int layer, int row, float* keys)
    {
        const int size = KvCache.BlockSize;
        int position = _batch.Positions[row];
        int block = _batch.Tables[row][position / size];
        int lane = position % size;
        float* target = _cache.Keys(layer, block) + lane;
        for (int i = 0; i < _keyFloats; i++)
        {
            target[i * size] = keys[i];
        }

        float* values = keys + _keyFloats;
        target = _cache.Values(layer, block) + ((nint)lane * _cache.ValueStride);
        for (int head = 0; head < _config.KvHeadCount; head++)
        {
            new ReadOnlySpan<float>(values + ((nint)head * _config.HeadDim), _config.HeadDim)
                .CopyTo(new Span<float>(target + ((nint)head * size * _cache.ValueStride), _config.HeadDim));
        }
    }

    /// <summary>Attention, its output projection, and the feed-forward layer; both added to x.</summary>
    private void Mix(int layer, int from, int to, ThreadTeam team, int worker)
    {
        LlamaWeights.Layer weights = _weights.Layers[layer];
        int d = _config.HiddenSize;
        int f = _config.IntermediateSize;
        int rows = to - from;
        int longest = 0;
        for (int row = from; row < to; row++)
        {
            longest = Math.Max(longest, _batch.Positions[row]);
        }

        // Attention's output and the gated layer's are not needed at the same time.
        long wide = (long)rows * Math.Max(_queryFloats, 2 * f);
        float* scratch = _single[worker].Scratch(0, wide + ((long)rows * d) + Attention.ScratchFloats(longest));
        float* normed = scratch + wide;
        float* x = _x + ((nint)from * d);
        if (team.Threads > 1)
        {
            AttentionItems body = new() { Forward = this, Layer = layer, From = from, Output = scratch };
            team.For(rows * _config.KvHeadCount, ref body);
        }
        else
        {
            for (int row = from; row < to; row++)
            {
                for (int head = 0; head < _config.KvHeadCount; head++)
                {
                    Attend(layer, row, head, scratch + ((nint)(row - from) * _queryFloats), normed + ((nint)rows * d));
                }
            }
        }

        Gemm.Multiply(team, scratch, _queryFloats, rows, weights.Output, x, d, accumulate: true);
        for (int row = 0; row < rows; row++)
        {
            RowMath.RmsNorm(x + ((nint)row * d), Pinned(weights.PostNorm), normed + ((nint)row * d), d, (float)_config.RmsNormEps);
        }

        Gemm.Multiply(team, normed, d, rows, weights.GateUp, scratch, 2 * f);
        for (int row = 0; row < rows; row++)
        {
            float* gate = scratch + ((nint)row * 2 * f);
            RowMath.SwiGlu(gate, gate + f, f);
        }

        Gemm.Multiply(team, scratch, 2 * f, rows, weights.Down, x, d, accumulate: true);
    }

    private void Attend(int layer, int row, int kvHead, float* output, float* scores)
    {
        int group = _config.HeadCount / _config.KvHeadCount;
        nint offset = (nint)kvHead * group * _config.HeadDim;
        Attention.Run(
            _qkv + ((nint)row * _qkvFloats) + offset, group, _config.HeadDim, _cache, layer, kvHead, _batch.Tables[row], _batch.Positions[row], _window, scores, output + offset);
    }

    private void Head(int from, int to, ThreadTeam team, int worker)
    {
        int d = _config.HiddenSize;
        float* normed = _single[worker].Scratch(0, (long)(to - from) * d);
        for (int i = from; i < to; i++)
        {
            RowMath.RmsNorm(_x + ((nint)_batch.LogitRows[i] * d), Pinned(_weights.FinalNorm), normed + ((nint)(i - from) * d), d, (float)_config.RmsNormEps);
        }

        Gemm.Multiply(team, normed, d, to - from, _weights.Head, _logits + ((nint)from * _config.VocabSize), _config.VocabSize);
    }

    private struct Pieces : IParallelBody
    {
        public LlamaForward Forward;
        public Stage Stage;
        public int Layer, Rows, Size;

        public readonly void Run(int index, int worker)
            => Forward.RunStage(Stage, Layer, index * Size, Math.Min(Rows, (index + 1) * Size), Forward._single[worker], worker);
    }

    private struct AttentionItems : IParallelBody
    {
        public LlamaForward Forward;
        public int Layer, From;
        public float* Output;

        public readonly void Run(int index, int worker)
        {
            int row = From + (index / Forward._config.KvHeadCount);
            float* scores = Forward._single[worker].SharedScratch(Attention.ScratchFloats(Forward._batch.Positions[row]));
            Forward.Attend(Layer, row, index % Forward._config.KvHeadCount, Output + ((nint)(row - From) * Forward._queryFloats), scores);
        }
    }
}
