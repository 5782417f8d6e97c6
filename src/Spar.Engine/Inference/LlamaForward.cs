using System.Runtime.InteropServices;
using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Inference;

/// <summary>
/// The forward pass of a Llama-family model over a <see cref="ForwardBatch"/>, for generation: no gradients, keys and
/// values in a <see cref="KvCache"/>. A row's result has the same bits in any batch, at any thread count, and whether
/// the positions before it were computed in this pass, an earlier one, or for another sequence. Allocates nothing per
/// pass once its buffers have grown.
/// <para>
/// A large batch is cut into pieces of rows that go through a layer each on one thread, with one meeting a layer: where
/// all keys and values have been written and attention may read. In a small batch the threads share every matrix
/// product instead.
/// </para>
/// </summary>
internal sealed unsafe partial class LlamaForward : IDisposable
{
    private const int PieceRows = 72;

    private readonly ModelWeights _source;
    private readonly LlamaWeights _weights;
    private readonly ModelConfig _config;
    private readonly KvCache _cache;
    private readonly ThreadTeam _team;
    private readonly RotaryTable _rotary;
    private readonly int _capacity;
    private readonly int _smallBatch;
    private readonly int _queryFloats;
    private readonly int _keyFloats;
    private readonly int _qkvFloats;

    private float* _x;      // residual stream, [rows, D]
    private float* _qkv;    // queries, keys, values, [rows, H d + 2 KvH d]
    private float* _logits; // [rows that need them, V]
    private int _logitRows;
    private ForwardBatch _batch;

    /// <summary>Lays out a model's weights and reserves buffers.</summary>
    /// <param name="weights">The model; it must stay open while this is used, and is not disposed of.</param>
    /// <param name="cache">Where keys and values are kept.</param>
    /// <param name="team">Threads; the caller of <see cref="Run"/> is one of them.</param>
    /// <param name="capacity">Most rows of a batch.</param>
    /// <param name="arithmetic">How products are computed.</param>
    public LlamaForward(
        ModelWeights weights, KvCache cache, ThreadTeam team, int capacity,
        Arithmetic arithmetic = Arithmetic.Exact)
    {
        ModelConfig config = weights.Config;
        _config = config;
        _source = weights;
        _weights = new LlamaWeights(weights, arithmetic);
        _cache = cache;
        _team = team;
        _capacity = capacity;
        _rotary = RotaryFrequencies.TableOf(config);

        // So few rows that Gemm shares out columns: it must not take the threads' scratch memory, which is in use here.
        _smallBatch = team.Threads == 1 ? 0 : Math.Min(8 * team.Threads, ((2 * team.Threads) - 1) * MicroKernel.Rows);
        _queryFloats = config.HeadCount * config.HeadDim;
        _keyFloats = config.KvHeadCount * config.HeadDim;
        _qkvFloats = _queryFloats + (2 * _keyFloats);
        _x = Allocate((long)capacity * config.HiddenSize);
        _qkv = Allocate((long)capacity * _qkvFloats);
        _batch = new ForwardBatch(1);
    }

    /// <summary>
    /// Computes a batch: writes its keys and values to the cache and its logits to <see cref="Logits"/>.
    /// </summary>
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
    }

    private enum Stage
    {
        Project,
        Mix,
        Head,
    }

    private static float* Allocate(long floats) =>
        (float*)NativeMemory.AlignedAlloc(checked((nuint)(floats * sizeof(float))), 64);

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
            RunStage(stage, layer, new Rows(0, rows, Worker: 0, IsPiece: false));
            return;
        }

        int pieces = (rows + PieceRows - 1) / PieceRows;
        pieces = (pieces + _team.Threads - 1) / _team.Threads * _team.Threads;
        Pieces body =
            new() { Forward = this, Stage = stage, Layer = layer, Rows = rows, Size = (rows + pieces - 1) / pieces };
        _team.For((rows + body.Size - 1) / body.Size, ref body);
    }

    private void RunStage(Stage stage, int layer, Rows rows)
    {
        switch (stage)
        {
            case Stage.Project:
                Project(layer, rows);
                break;
            case Stage.Mix:
                Mix(layer, rows);
                break;
            default:
                Head(rows);
                break;
        }
    }

    /// <summary>y = or += x W^T, on the calling thread for a piece, else on all.</summary>
    private void Multiply(
        in Rows rows, float* x, LinearWeight w, float* y, bool accumulate, float* scratch, int ldx = 0)
    {
        ldx = ldx > 0 ? ldx : w.Inputs;
        if (rows.IsPiece)
        {
            w.MultiplyRows(x, ldx, rows.Count, y, w.Outputs, accumulate, scratch);
        }
        else
        {
            w.Multiply(_team, x, ldx, rows.Count, y, w.Outputs, accumulate);
        }
    }

    /// <summary>x to queries, keys and values: norm, projection, rotation; keys and values go to the cache.</summary>
    private void Project(int layer, in Rows rows)
    {
        LlamaWeights.Layer weights = _weights.Layers[layer];
        int d = _config.HiddenSize;
        long narrow = AlignedBuffer.Whole((long)rows.Count * d);
        float* normed = _team.Scratch(rows.Worker, narrow + weights.Qkv.RowsScratch(rows.Count));
        for (int row = rows.From; row < rows.To; row++)
        {
            float* x = _x + ((nint)row * d);
            if (layer == 0)
            {
                _source.Embedding(_batch.Tokens[row], new Span<float>(x, d));
            }

            RmsNorm.Forward(
                x, Pinned(weights.InputNorm), normed + ((nint)(row - rows.From) * d), d, (float)_config.RmsNormEps);
        }

        float* qkv = _qkv + ((nint)rows.From * _qkvFloats);
        for (int row = 0; row < rows.Count && weights.QkvBias is not null; row++)
        {
            VectorMath.Copy(Pinned(weights.QkvBias), qkv + ((nint)row * _qkvFloats), _qkvFloats);
        }

        Multiply(rows, normed, weights.Qkv, qkv, accumulate: weights.QkvBias is not null, normed + narrow);
        for (int row = rows.From; row < rows.To; row++)
        {
            float* q = _qkv + ((nint)row * _qkvFloats);
            NormHeads(q, _config.HeadCount, weights.QueryNorm);
            NormHeads(q + _queryFloats, _config.KvHeadCount, weights.KeyNorm);
            _rotary.Apply(q, _config.HeadCount + _config.KvHeadCount, _batch.Positions[row]);
            Write(layer, row, q + _queryFloats);
        }
    }

    /// <summary>Norms each head of a row, in place; does nothing without a norm.</summary>
    private void NormHeads(float* heads, int count, float[]? norm)
    {
        int d = _config.HeadDim;
        for (int head = 0; norm is not null && head < count; head++, heads += d)
        {
            RmsNorm.Forward(heads, Pinned(norm), heads, d, (float)_config.RmsNormEps);
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
    private void Mix(int layer, in Rows rows)
    {
        LlamaWeights.Layer weights = _weights.Layers[layer];
        int d = _config.HiddenSize;
        int f = _config.IntermediateSize;
        int longest = 0;
        for (int row = rows.From; row < rows.To; row++)
        {
            longest = Math.Max(longest, _batch.Positions[row]);
        }

        // Attention's output and the gated layer's are not needed at the same time, nor attention's scores and the
        // rest.
        long wide = AlignedBuffer.Whole((long)rows.Count * Math.Max(_queryFloats, 2 * f));
        long scores = Attention.ScratchFloats(longest, _cache);
        long narrow = AlignedBuffer.Whole((long)rows.Count * d);
        float* hidden = _team.Scratch(
            rows.Worker,
            wide + Math.Max(narrow + weights.RowsScratch(rows.Count), scores * (rows.IsPiece ? 1 : _team.Threads)));
        float* normed = hidden + wide;
        float* x = _x + ((nint)rows.From * d);
        AttentionItems attention = new()
        {
            Forward = this,
            Layer = layer,
            From = rows.From,
            Output = hidden,
            Scores = normed,
            ScoresFloats = (nint)scores,
        };
        int items = rows.Count * AttentionItems.PerRow(_config);
        if (rows.IsPiece)
        {
            for (int i = 0; i < items; i++)
            {
                attention.Run(i, 0);
            }
        }
        else
        {
            _team.For(items, ref attention);
        }

        AddProduct(rows, hidden, weights.Output, weights.OutputBias, weights.AttendedNorm, x, normed);
        for (int row = 0; row < rows.Count; row++)
        {
            RmsNorm.Forward(
                x + ((nint)row * d), Pinned(weights.PostNorm), normed + ((nint)row * d), d, (float)_config.RmsNormEps);
        }

        Multiply(rows, normed, weights.GateUp, hidden, accumulate: false, normed + narrow);
        for (int row = 0; row < rows.Count; row++)
        {
            float* gate = hidden + ((nint)row * 2 * f);
            SwiGlu.Forward(gate, gate + f, gate, f);
        }

        AddProduct(rows, hidden, weights.Down, bias: null, weights.DownNorm, x, normed, ldx: 2 * f);
    }

    /// <summary>
    /// x += y, or norm(y) where there is a norm, with y = input W^T + b. <paramref name="scratch"/>: D floats a row and
    /// what the product needs.
    /// </summary>
    private void AddProduct(
        in Rows rows, float* input, LinearWeight w, float[]? bias, float[]? norm, float* x, float* scratch, int ldx = 0)
    {
        int d = _config.HiddenSize;
        float* y = norm is null ? x : scratch;
        for (int row = 0; row < rows.Count && bias is not null; row++)
        {
            float* sum = y + ((nint)row * d);
            if (norm is null)
            {
                VectorMath.Add(sum, Pinned(bias), d);
            }
            else
            {
                VectorMath.Copy(Pinned(bias), sum, d);
            }
        }

        Multiply(
            rows, input, w, y, accumulate: norm is null || bias is not null, scratch + ((nint)rows.Count * d), ldx);
        for (int row = 0; row < rows.Count && norm is not null; row++)
        {
            float* sum = y + ((nint)row * d);
            RmsNorm.Forward(sum, Pinned(norm), sum, d, (float)_config.RmsNormEps);
            VectorMath.Add(x + ((nint)row * d), sum, d);
        }
    }

    private void Head(in Rows rows)
    {
        int d = _config.HiddenSize;
        long narrow = AlignedBuffer.Whole((long)rows.Count * d);
        float* normed = _team.Scratch(rows.Worker, narrow + _weights.Head.RowsScratch(rows.Count));
        for (int i = rows.From; i < rows.To; i++)
        {
            RmsNorm.Forward(
                _x + ((nint)_batch.LogitRows[i] * d), Pinned(_weights.FinalNorm), normed + ((nint)(i - rows.From) * d),
                d, (float)_config.RmsNormEps);
        }

        Multiply(
            rows, normed, _weights.Head, _logits + ((nint)rows.From * _config.VocabSize), accumulate: false,
            normed + narrow);
    }

    /// <summary>The rows that a stage works on.</summary>
    /// <param name="From">First row.</param>
    /// <param name="To">Row after the last.</param>
    /// <param name="Worker">Whose scratch memory to use.</param>
    /// <param name="IsPiece">Whether other threads work on other rows at the same time.</param>
    private readonly record struct Rows(int From, int To, int Worker, bool IsPiece)
    {
        public int Count => To - From;
    }

    private struct Pieces : IParallelBody
    {
        public LlamaForward Forward;
        public Stage Stage;
        public int Layer, Rows, Size;

        public readonly void Run(int index, int worker)
            => Forward.RunStage(
                Stage, Layer, new Rows(index * Size, Math.Min(Rows, (index + 1) * Size), worker, IsPiece: true));
    }
}
