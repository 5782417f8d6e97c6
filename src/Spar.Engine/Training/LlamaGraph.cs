using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>
/// A Llama-family model's log-probabilities of given tokens, and the gradient of any function of them with respect to every parameter.
/// Works on packed batches (<see cref="TokenBatch"/>). All that happens to a row alone (norms, projections, rotation, feed-forward) runs in
/// blocks of rows through a whole layer, so that a block stays in its core's cache; attention runs by sequence and key/value head.
/// Sums over rows (weight gradients) have a fixed order, so results do not depend on the number of threads.
/// Knows nothing of losses, optimizers and files.
/// </summary>
public sealed unsafe partial class LlamaGraph : IDisposable
{
    private const int RowBlock = 96; // rows that go through a layer together
    private const long LogitFloats = 32 << 20; // logits kept at a time

    private readonly ThreadTeam _team;
    private readonly ModelConfig _config;
    private readonly Layer[] _layers;
    private readonly Linear _head;
    private readonly AlignedBuffer _final = new();        // residual stream after the last layer [T, D]
    private readonly AlignedBuffer _headInput = new();    // normed rows of the targets [P, D]
    private readonly AlignedBuffer _headFactors = new();  // [P]
    private readonly AlignedBuffer _logits = new();       // [chunk, V]
    private readonly AlignedBuffer _logSums = new();      // [P]
    private readonly RotaryTable _rotary;
    private TokenBatch? _batch;
    private float[] _logProbs = [];

    /// <summary>Builds the graph and takes over the parameters' present values.</summary>
    /// <param name="parameters">The model; after changing it, call <see cref="LoadParameters"/>.</param>
    /// <param name="team">Threads to use.</param>
    public LlamaGraph(LlamaParameters parameters, ThreadTeam team)
    {
        Parameters = parameters;
        Gradients = parameters.ZerosLike();
        _team = team;
        _config = parameters.Config;
        _rotary = new RotaryTable(_config);
        _layers = new Layer[_config.LayerCount];
        for (int l = 0; l < _layers.Length; l++)
        {
            _layers[l] = new Layer(parameters.Layers[l], Gradients.Layers[l]);
        }

        _head = new Linear(new LinearPart(parameters.Head, Gradients.Head));
        LoadParameters();
    }

    /// <summary>The model's parameters.</summary>
    public LlamaParameters Parameters { get; }

    /// <summary>Sum of the gradients of all backward passes since <see cref="ClearGradients"/>; complete after <see cref="FlushGradients"/>.</summary>
    public LlamaParameters Gradients { get; }

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
        foreach (NamedTensor gradient in Gradients.All)
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
                _team.For(batch.SequenceCount * _config.KvHeadCount, (task, worker) =>
                {
                    AttentionHead head = Head(layer, task);
                    CausalAttention.Forward(head, _team.Scratch(worker, CausalAttention.Scratch(head.Length, head.HeadDim)));
                });
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
        foreach (Layer layer in _layers)
        {
            layer.Dispose();
        }

        foreach (AlignedBuffer buffer in (AlignedBuffer[])[_final, _headInput, _headFactors, _logits, _logSums, .. GradientBuffers])
        {
            buffer.Dispose();
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
        foreach (Layer layer in _layers)
        {
            layer.Activations.Reserve(_config, batch.RowCount);
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

    /// <summary>One block of rows: the second half of the layer before, then the first half of this one.</summary>
    private void ForwardRows(int l, int block, int worker)
    {
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        int hidden = _config.HiddenSize;
        float* scratch = _team.Scratch(worker, Gemm.RowsScratch(RowBlock));
        AlignedBuffer target = l < _layers.Length ? _layers[l].Activations.Input : _final;
        float* x = target.Data + ((nint)first * hidden);
        if (l == 0)
        {
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
            FeedForward(_layers[l - 1], first, rows, x, scratch);
        }

        if (l < _layers.Length)
        {
            Project(_layers[l], first, rows, x, scratch);
        }
    }

    /// <summary>First half of a layer up to attention: norm, q, k, v, rotation.</summary>
    private void Project(Layer layer, int first, int rows, float* x, float* scratch)
    {
        int hidden = _config.HiddenSize, width = JointWidth;
        LayerActivations a = layer.Activations;
        float* normed = a.Normed.Data + ((nint)first * hidden), joint = a.QueryKeyValue.Data + ((nint)first * width);
        fixed (float* weight = layer.Parameters.InputNorm.Data)
        {
            for (int r = 0; r < rows; r++)
            {
                a.NormFactors.Data[first + r] = RmsNorm.Forward(x + ((nint)r * hidden), weight, normed + ((nint)r * hidden), hidden, Eps);
            }
        }

        layer.QueryKeyValue.Forward(normed, hidden, rows, joint, width, false, scratch);
        for (int r = 0; r < rows; r++)
        {
            _rotary.Apply(joint + ((nint)r * width), _config.HeadCount + _config.KvHeadCount, _batch!.Positions[first + r]);
        }
    }

    /// <summary>Second half of a layer from attention on: o_proj, residual, norm, gate and up, activation, down, residual.</summary>
    private void FeedForward(Layer layer, int first, int rows, float* output, float* scratch)
    {
        int hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        LayerActivations a = layer.Activations;
        float* middle = a.Middle.Data + ((nint)first * hidden), normed = a.MiddleNormed.Data + ((nint)first * hidden);
        float* gateUp = a.GateUp.Data + ((nint)first * 2 * ffn), h = a.Hidden.Data + ((nint)first * ffn);
        VectorMath.Copy(a.Input.Data + ((nint)first * hidden), middle, rows * hidden);
        layer.Output.Forward(a.Attended.Data + ((nint)first * QueryWidth), QueryWidth, rows, middle, hidden, true, scratch);
        fixed (float* weight = layer.Parameters.PostAttentionNorm.Data)
        {
            for (int r = 0; r < rows; r++)
            {
                a.MiddleNormFactors.Data[first + r] = RmsNorm.Forward(middle + ((nint)r * hidden), weight, normed + ((nint)r * hidden), hidden, Eps);
            }
        }

        layer.GateUp.Forward(normed, hidden, rows, gateUp, 2 * ffn, false, scratch);
        for (int r = 0; r < rows; r++)
        {
            SwiGlu.Forward(gateUp + ((nint)r * 2 * ffn), gateUp + ((nint)r * 2 * ffn) + ffn, h + ((nint)r * ffn), ffn);
        }

        VectorMath.Copy(middle, output, rows * hidden);
        layer.Down.Forward(h, ffn, rows, output, hidden, true, scratch);
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
            fixed (float* weight = Parameters.FinalNorm.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    float* x = _final.Data + ((nint)_batch!.TargetRows[start + first + r] * hidden);
                    _headFactors.Data[start + first + r] = RmsNorm.Forward(x, weight, input + ((nint)r * hidden), hidden, Eps);
                }
            }
        }

        _head.Forward(input, hidden, rows, logits, vocabulary, false, scratch);
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
        LayerActivations a = _layers[l].Activations;
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
        };
    }

    /// <summary>One layer: its parameters, joined linear layers, and activations.</summary>
    private sealed class Layer(LlamaLayerParameters parameters, LlamaLayerParameters gradients) : IDisposable
    {
        public LlamaLayerParameters Parameters { get; } = parameters;

        public LlamaLayerParameters Gradients { get; } = gradients;

        public Linear QueryKeyValue { get; } = new(
            new LinearPart(parameters.Query, gradients.Query, parameters.QueryBias, gradients.QueryBias),
            new LinearPart(parameters.Key, gradients.Key, parameters.KeyBias, gradients.KeyBias),
            new LinearPart(parameters.Value, gradients.Value, parameters.ValueBias, gradients.ValueBias));

        public Linear Output { get; } = new(new LinearPart(parameters.Output, gradients.Output));

        public Linear GateUp { get; } = new(new LinearPart(parameters.Gate, gradients.Gate), new LinearPart(parameters.Up, gradients.Up));

        public Linear Down { get; } = new(new LinearPart(parameters.Down, gradients.Down));

        public LayerActivations Activations { get; } = new();

        public IEnumerable<Linear> Linears => [QueryKeyValue, Output, GateUp, Down];

        public void Dispose()
        {
            foreach (Linear linear in Linears)
            {
                linear.Dispose();
            }

            Activations.Dispose();
        }
    }
}
