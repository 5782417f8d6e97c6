using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>
/// A Llama-family model's log-probabilities of given tokens, and the gradient of any function of them with respect to every parameter.
/// Works on packed batches (<see cref="TokenBatch"/>). All that happens to a row alone (norms, projections, rotation, feed-forward) runs in
/// blocks of rows through a whole layer, so that a block stays in its core's cache; attention runs by sequence and key/value head.
/// Sums over rows (weight gradients) have a fixed order, so results do not depend on the number of threads.
/// <para>
/// With an adapter, the model is frozen and the gradients are the adapter's. Where the activations of all layers would take more memory than
/// allowed, only each layer's input is kept, and the backward pass computes the rest again, to the same bits.
/// </para>
/// Knows nothing of losses, optimizers and files.
/// </summary>
internal sealed unsafe partial class LlamaGraph : IDisposable
{
    /// <summary>Memory that the activations of all layers may take before they are computed again instead of kept.</summary>
    public const long DefaultActivationBytes = 4L << 30;

    private const int RowBlock = 96; // rows that go through a layer together
    internal const long LogitFloats = 128 << 20; // logits kept at a time; those of more targets are computed again for the backward pass

    private readonly ThreadTeam _team;
    private readonly ModelConfig _config;
    private readonly GraphLayer[] _layers;
    private readonly Linear _head;
    private readonly NormPart _finalNorm;
    private readonly Tensor? _embeddingGradient;
    private readonly long _activationBytes;
    private readonly AlignedBuffer _final = new();        // residual stream after the last layer [T, D]
    private readonly AlignedBuffer _headInput = new();    // normed rows of the targets [P, D]
    private readonly AlignedBuffer _headFactors = new();  // [P]
    private readonly AlignedBuffer _logits = new();       // [chunk, V]
    private readonly AlignedBuffer _logSums = new();      // [P]
    private readonly RotaryTable _rotary;
    private bool _recompute; // only the layers' inputs are kept of the present batch
    private TokenBatch? _batch;
    private float[] _logProbs = [];

    /// <summary>Builds the graph and takes over the parameters' present values.</summary>
    /// <param name="parameters">The model; after changing it, call <see cref="LoadParameters"/>.</param>
    /// <param name="team">Threads to use.</param>
    /// <param name="adapter">An adapter to train instead of the model, or null.</param>
    /// <param name="activationBytes">Memory that the activations of all layers may take before they are computed again instead of kept; has no influence on results.</param>
    public LlamaGraph(LlamaParameters parameters, ThreadTeam team, LoraAdapter? adapter = null, long activationBytes = DefaultActivationBytes)
    {
        Parameters = parameters;
        Trained = adapter?.All ?? parameters.All;
        Gradients = [.. Trained.Select(p => new NamedTensor(p.Name, new Tensor([.. p.Tensor.Shape])))];
        _team = team;
        _config = parameters.Config;
        _activationBytes = activationBytes;
        _rotary = RotaryFrequencies.TableOf(_config);
        GradientMap gradients = new(Trained, Gradients, adapter);
        _layers = [.. parameters.Layers.Select(layer => new GraphLayer(layer, gradients))];
        _finalNorm = NormPart.Of(parameters.FinalNorm, gradients)!;
        _embeddingGradient = gradients.Of(parameters.Embedding);
        _head = new Linear(gradients.Part(parameters.Head));
        LoadParameters();
    }

    /// <summary>The model's parameters.</summary>
    public LlamaParameters Parameters { get; }

    /// <summary>What is trained: the model's parameters, or the adapter's.</summary>
    public IReadOnlyList<NamedTensor> Trained { get; }

    /// <summary>
    /// Sum of the gradients of all backward passes since <see cref="ClearGradients"/>, in the order of <see cref="Trained"/>; complete after
    /// <see cref="FlushGradients"/>.
    /// </summary>
    public IReadOnlyList<NamedTensor> Gradients { get; }

    private float Eps => (float)_config.RmsNormEps;

    private int QueryWidth => _config.HeadCount * _config.HeadDim;

    private int KeyWidth => _config.KvHeadCount * _config.HeadDim;

    private int JointWidth => QueryWidth + (2 * KeyWidth);

    private int LogitChunk => (int)Math.Max(1, LogitFloats / _config.VocabSize / RowBlock) * RowBlock;

    /// <summary>Takes over the parameters' values after they have changed.</summary>
    public void LoadParameters()
    {
        Linear[] linears = [.. Linears()];
        _team.For(linears.Length, i => linears[i].Load());
    }

    /// <summary>Sets all gradients to 0.</summary>
    public void ClearGradients()
    {
        foreach (NamedTensor gradient in Gradients)
        {
            Array.Clear(gradient.Tensor.Data);
        }
    }

    /// <summary>Brings all gradients of the backward passes so far into <see cref="Gradients"/>.</summary>
    public void FlushGradients()
    {
        Linear[] linears = [.. Linears()];
        _team.For(linears.Length, i => linears[i].FlushGradients());
    }

    /// <summary>Log-probability of every target given the tokens before it.</summary>
    /// <param name="batch">The tokens; must stay as it is until <see cref="Backward"/>.</param>
    /// <returns>[P], in the order of the batch's targets; valid until the next call.</returns>
    /// <exception cref="EngineException">A token id is outside the vocabulary.</exception>
    public ReadOnlySpan<float> Forward(TokenBatch batch)
    {
        Prepare(batch);
        int blocks = Blocks(batch.RowCount);
        for (int l = 0; l <= _layers.Length; l++)
        {
            int layer = l;
            _team.For(blocks, (block, worker) => ForwardRows(layer, block, worker));
            if (layer < _layers.Length)
            {
                Attend(layer);
            }
        }

        for (int first = 0; first < batch.TargetCount; first += LogitChunk)
        {
            int start = first, count = Math.Min(LogitChunk, batch.TargetCount - first);
            _team.For(Blocks(count), (block, worker) => ForwardHead(start, count, block, worker, normed: false));
        }

        return _logProbs.AsSpan(0, batch.TargetCount);
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        foreach (GraphLayer layer in _layers)
        {
            layer.Dispose();
        }

        foreach (AlignedBuffer buffer in (AlignedBuffer[])[_final, _headInput, _headFactors, _logits, _logSums, .. GradientBuffers])
        {
            buffer.Dispose();
        }

        foreach (PackedRows rows in InputRows)
        {
            rows.Dispose();
        }

        _head.Dispose();
    }

    /// <summary>Logits of a target after <see cref="Forward"/> and before <see cref="Backward"/>, for batches with few targets.</summary>
    internal ReadOnlySpan<float> Logits(int target) => new(_logits.Data + ((nint)target * _config.VocabSize), _config.VocabSize);

    private static int Blocks(int rows) => (rows + RowBlock - 1) / RowBlock;

    private IEnumerable<Linear> Linears() => _layers.SelectMany(l => l.Linears).Append(_head);

    private void Prepare(TokenBatch batch)
    {
        foreach (int token in batch.Tokens)
        {
            CheckToken(token);
        }

        foreach (int token in batch.TargetTokens)
        {
            CheckToken(token);
        }

        _rotary.Cover(batch.LongestLength - 1);
        _batch = batch;
        _recompute = LayerActivations.Bytes(_config, batch.RowCount) * _layers.Length > _activationBytes;
        for (int l = 0; l < _layers.Length; l++)
        {
            _layers[l].Input.Reserve((long)batch.RowCount * _config.HiddenSize);
            Activations(l).Reserve(_config, batch.RowCount);
        }

        _final.Reserve((long)batch.RowCount * _config.HiddenSize);
        _headInput.Reserve((long)batch.TargetCount * _config.HiddenSize);
        _headFactors.Reserve(batch.TargetCount);
        _logSums.Reserve(batch.TargetCount);
        _logits.Reserve((long)Math.Min(LogitChunk, batch.TargetCount) * _config.VocabSize);
        if (_logProbs.Length < batch.TargetCount)
        {
            _logProbs = new float[batch.TargetCount + (batch.TargetCount / 4)];
        }
    }

    private void CheckToken(int token)
    {
        if ((uint)token >= (uint)_config.VocabSize)
        {
            throw new EngineException($"Token id {token} is outside the model's vocabulary of {_config.VocabSize}. The tokenizer and the model do not belong together.");
        }
    }

    private LayerActivations Activations(int layer) => _layers[_recompute ? 0 : layer].Activations;

    /// <summary>The attention of a whole layer.</summary>
    private void Attend(int l)
    {
        _team.For(_batch!.SequenceCount * _config.KvHeadCount, (task, worker) =>
        {
            AttentionHead head = Head(l, task);
            CausalAttention.Forward(head, _team.Scratch(worker, CausalAttention.Scratch(head.Length, head.HeadDim)));
        });
    }

    /// <summary>Scratch memory for a block of rows' products, followed by its norm's output and the feed-forward's hidden layer.</summary>
    private float* ForwardScratch(int worker) =>
        _team.Scratch(worker, Gemm.RowsScratch(RowBlock) + ((long)RowBlock * (_config.HiddenSize + _config.IntermediateSize)));

    /// <summary>One block of rows: the second half of the layer before, then the first half of this one.</summary>
    private void ForwardRows(int l, int block, int worker)
    {
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        int hidden = _config.HiddenSize;
        float* scratch = ForwardScratch(worker);
        AlignedBuffer target = l < _layers.Length ? _layers[l].Input : _final;
        if (l == 0)
        {
            float* x = target.Data + ((nint)first * hidden);
            fixed (float* embedding = Parameters.Embedding.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    VectorMath.Copy(embedding + ((nint)_batch.Tokens[first + r] * hidden), x + ((nint)r * hidden), hidden);
                }
            }
        }
        else
        {
            for (int from = first, at, count; from < first + rows; from = at + count)
            {
                (at, count) = FedRows(l - 1, from, first + rows);

                if (count > 0)
                {
                    float* h = FeedForward(l - 1, at, count, scratch);
                    AddFed(l - 1, at, count, h, target.Data + ((nint)at * hidden), scratch);
                }
            }
        }

        if (l < _layers.Length)
        {
            Project(l, first, rows, scratch);
        }
    }

    /// <summary>
    /// The next rows of a block that a layer's second half works on: all, but in the last layer those before a sequence's first target or behind its last
    /// influence nothing.
    /// </summary>
    private (int First, int Count) FedRows(int l, int from, int end) => l < _layers.Length - 1 ? (from, end - from) : _batch!.NextTargetRows(from, end);

    private static void Clear(AlignedBuffer buffer, int width, int first, int rows) => new Span<float>(buffer.Data + ((nint)first * width), rows * width).Clear();

    /// <summary>First half of a layer up to attention: norm, q, k, v, norms of the heads, rotation.</summary>
    private void Project(int l, int first, int rows, float* scratch)
    {
        int hidden = _config.HiddenSize, width = JointWidth, heads = _config.HeadCount + _config.KvHeadCount;
        GraphLayer layer = _layers[l];
        LayerActivations a = Activations(l);
        float* normed = scratch + Gemm.RowsScratch(RowBlock), joint = a.QueryKeyValue.Data + ((nint)first * width);
        Norm(layer.InputNorm, layer.Input.Data + ((nint)first * hidden), rows, normed, a.NormFactors.Data + first);
        layer.QueryKeyValue.Forward(normed, hidden, rows, joint, width, null, scratch);
        for (int r = 0; r < rows; r++, joint += width)
        {
            if (layer.QueryNorm is { } queryNorm && layer.KeyNorm is { } keyNorm)
            {
                int plainWidth = QueryWidth + KeyWidth;
                VectorMath.Copy(joint, a.PlainHeads.Data + ((nint)(first + r) * plainWidth), plainWidth);
                float* factors = a.HeadFactors.Data + ((nint)(first + r) * heads);
                NormHeads(queryNorm, joint, _config.HeadCount, factors);
                NormHeads(keyNorm, joint + QueryWidth, _config.KvHeadCount, factors + _config.HeadCount);
            }

            _rotary.Apply(joint, heads, _batch!.Positions[first + r]);
        }
    }

    /// <summary>Second half of a layer from attention to the activation: o_proj, residual, norm, gate and up, activation. Returns silu(gate) up, [rows, F].</summary>
    private float* FeedForward(int l, int first, int rows, float* scratch)
    {
        int hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        GraphLayer layer = _layers[l];
        LayerActivations a = Activations(l);
        float* middle = a.Middle.Data + ((nint)first * hidden), gateUp = a.GateUp.Data + ((nint)first * 2 * ffn);
        float* normed = scratch + Gemm.RowsScratch(RowBlock), h = normed + ((nint)RowBlock * hidden);
        AddProduct(
            layer.Output, layer.AttendedNorm, a.Attended.Data + ((nint)first * QueryWidth), layer.Input.Data + ((nint)first * hidden), a.Projected, a.ProjectedFactors,
            first, rows, middle, scratch);
        Norm(layer.PostAttentionNorm, middle, rows, normed, a.MiddleNormFactors.Data + first);
        layer.GateUp.Forward(normed, hidden, rows, gateUp, 2 * ffn, null, scratch);
        for (int r = 0; r < rows; r++)
        {
            SwiGlu.Forward(gateUp + ((nint)r * 2 * ffn), gateUp + ((nint)r * 2 * ffn) + ffn, h + ((nint)r * ffn), ffn);
        }

        return h;
    }

    /// <summary>The end of a layer: down, residual.</summary>
    private void AddFed(int l, int first, int rows, float* h, float* output, float* scratch)
    {
        LayerActivations a = Activations(l);
        AddProduct(
            _layers[l].Down, _layers[l].DownNorm, h, a.Middle.Data + ((nint)first * _config.HiddenSize), a.Fed, a.FedFactors, first, rows, output, scratch);
    }

    /// <summary>output = residual + y, or + norm(y) where there is a norm, with y = x W^T + b, which is then kept for the backward pass.</summary>
    private void AddProduct(
        Linear linear, NormPart? norm, float* x, float* residual, AlignedBuffer plain, AlignedBuffer factors, int first, int rows, float* output, float* scratch)
    {
        int hidden = _config.HiddenSize;
        if (norm is null)
        {
            linear.Forward(x, linear.Inputs, rows, output, hidden, residual, scratch);
            return;
        }

        float* y = plain.Data + ((nint)first * hidden);
        linear.Forward(x, linear.Inputs, rows, y, hidden, null, scratch);
        Norm(norm, y, rows, output, factors.Data + first);
        VectorMath.Add(output, residual, rows * hidden);
    }

    private void Norm(NormPart norm, float* x, int rows, float* y, float* factors)
    {
        int hidden = _config.HiddenSize;
        fixed (float* weight = norm.Weight.Data)
        {
            for (int r = 0; r < rows; r++)
            {
                factors[r] = RmsNorm.Forward(x + ((nint)r * hidden), weight, y + ((nint)r * hidden), hidden, Eps);
            }
        }
    }

    private void NormHeads(NormPart norm, float* heads, int count, float* factors)
    {
        int d = _config.HeadDim;
        fixed (float* weight = norm.Weight.Data)
        {
            for (int head = 0; head < count; head++)
            {
                factors[head] = RmsNorm.Forward(heads + ((nint)head * d), weight, heads + ((nint)head * d), d, Eps);
            }
        }
    }

    /// <summary>Final norm, logits and log-probabilities of a block of the targets from <paramref name="start"/> on.</summary>
    private void ForwardHead(int start, int count, int block, int worker, bool normed)
    {
        int hidden = _config.HiddenSize, vocabulary = _config.VocabSize;
        int first = block * RowBlock, rows = Math.Min(RowBlock, count - first);
        float* scratch = _team.Scratch(worker, Gemm.RowsScratch(RowBlock));
        float* input = _headInput.Data + ((nint)(start + first) * hidden), logits = _logits.Data + ((nint)first * vocabulary);
        if (!normed)
        {
            fixed (float* weight = _finalNorm.Weight.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    float* x = _final.Data + ((nint)_batch!.TargetRows[start + first + r] * hidden);
                    _headFactors.Data[start + first + r] = RmsNorm.Forward(x, weight, input + ((nint)r * hidden), hidden, Eps);
                }
            }
        }

        _head.Forward(input, hidden, rows, logits, vocabulary, null, scratch);
        if (!normed)
        {
            for (int r = 0; r < rows; r++)
            {
                int target = start + first + r;
                float* row = logits + ((nint)r * vocabulary);
                float logSum = Softmax.LogSumExp(row, vocabulary);
                _logSums.Data[target] = logSum;
                _logProbs[target] = row[_batch!.TargetTokens[target]] - logSum;
            }
        }
    }

    /// <summary>The attention of one key/value head of one sequence; tasks go by falling length.</summary>
    private AttentionHead Head(int l, int task)
    {
        int sequence = _batch!.LongestFirst[task / _config.KvHeadCount], kv = task % _config.KvHeadCount;
        int group = _config.HeadCount / _config.KvHeadCount, d = _config.HeadDim;
        nint first = _batch.Starts[sequence];
        LayerActivations a = Activations(l);
        float* joint = a.QueryKeyValue.Data + (first * JointWidth);
        return new AttentionHead
        {
            Query = joint + (kv * group * d),
            Key = joint + QueryWidth + (kv * d),
            Value = joint + QueryWidth + KeyWidth + (kv * d),
            Output = a.Attended.Data + (first * QueryWidth) + (kv * group * d),
            LogSum = a.LogSums.Data + (first * _config.HeadCount) + (kv * group),
            Stride = JointWidth,
            OutputStride = QueryWidth,
            LogSumStride = _config.HeadCount,
            Length = _batch.Starts[sequence + 1] - (int)first,
            HeadDim = d,
            Group = group,
            Window = _config.WindowOf(l),
        };
    }
}
