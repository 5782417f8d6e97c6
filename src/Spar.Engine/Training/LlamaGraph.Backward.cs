using Spar.Engine.Kernels;

namespace Spar.Engine.Training;

public sealed unsafe partial class LlamaGraph
{
    private const int ScatterColumns = 64; // columns of the embedding gradient that one task sums up

    private readonly AlignedBuffer _outputGradient = new();   // with respect to a layer's output, then its input [T, D]
    private readonly AlignedBuffer _middleGradient = new();   // between attention and feed-forward [T, D]
    private readonly AlignedBuffer _gateUpGradient = new();   // [T, 2 F]
    private readonly AlignedBuffer _attendedGradient = new(); // [T, H d]
    private readonly AlignedBuffer _jointGradient = new();    // [T, W]
    private readonly AlignedBuffer _normPartials = new();     // a norm weight's gradient by block of rows [blocks, D]

    private IEnumerable<AlignedBuffer> GradientBuffers => [_outputGradient, _middleGradient, _gateUpGradient, _attendedGradient, _jointGradient, _normPartials];

    /// <summary>Adds the gradient of a function of the last batch's log-probabilities to <see cref="Gradients"/> (see <see cref="FlushGradients"/>). Once per <see cref="Forward"/>.</summary>
    /// <param name="logProbGradient">Gradient of the function with respect to each log-probability that <see cref="Forward"/> returned, [P].</param>
    public void Backward(ReadOnlySpan<float> logProbGradient)
    {
        TokenBatch batch = _batch ?? throw new InvalidOperationException("Backward needs a forward pass before it.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(logProbGradient.Length, batch.TargetCount, nameof(logProbGradient));
        int hidden = _config.HiddenSize, rows = batch.RowCount;
        new Span<float>(_outputGradient.Reserve((long)rows * hidden), checked(rows * hidden)).Clear();
        _middleGradient.Reserve((long)rows * hidden);
        _gateUpGradient.Reserve(2L * rows * _config.IntermediateSize);
        _attendedGradient.Reserve((long)rows * QueryWidth);
        _jointGradient.Reserve((long)rows * JointWidth);
        _normPartials.Reserve((long)Blocks(Math.Max(rows, batch.TargetCount)) * hidden);

        fixed (float* gradient = logProbGradient)
        {
            float* g = gradient;
            for (int first = 0; first < batch.TargetCount; first += LogitChunk)
            {
                BackwardHead(first, Math.Min(LogitChunk, batch.TargetCount - first), g);
            }
        }

        for (int l = _layers.Length - 1; l >= 0; l--)
        {
            BackwardLayer(l);
        }

        ScatterEmbedding();
        _batch = null;
    }

    private void BackwardHead(int start, int count, float* gradient)
    {
        int hidden = _config.HiddenSize, vocabulary = _config.VocabSize;
        bool kept = _batch!.TargetCount <= LogitChunk;
        _team.For(Blocks(count), (block, worker) =>
        {
            if (!kept)
            {
                ForwardHead(start, count, block, worker, normed: true);
            }

            int first = block * RowBlock, rows = Math.Min(RowBlock, count - first);
            float* logits = _logits.Data + ((nint)first * vocabulary), partial = Partial(block);
            float* scratch = _team.Scratch(worker, Gemm.RowsScratch(RowBlock) + (RowBlock * hidden));
            float* dInput = scratch + Gemm.RowsScratch(RowBlock);
            for (int r = 0; r < rows; r++)
            {
                int target = start + first + r;
                Softmax.LogProbBackward(logits + ((nint)r * vocabulary), vocabulary, _batch.TargetTokens[target], _logSums.Data[target], gradient[target]);
            }

            _head.BackwardInput(logits, vocabulary, rows, dInput, hidden, false, scratch);
            fixed (float* weight = Parameters.FinalNorm.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    int target = start + first + r;
                    nint row = (nint)_batch.TargetRows[target] * hidden;
                    float* dx = _outputGradient.Data + row; // each row is the target of one task at most
                    RmsNorm.Backward(dInput + ((nint)r * hidden), _final.Data + row, _headFactors.Data[target], weight, dx, dx, partial, hidden);
                }
            }
        });
        AddPartials(Blocks(count), Gradients.FinalNorm.Data);
        _head.BackwardWeight(_team, _logits.Data, vocabulary, _headInput.Data + ((nint)start * hidden), hidden, count);
    }

    private void BackwardLayer(int l)
    {
        Layer layer = _layers[l];
        LayerActivations a = layer.Activations;
        int rows = _batch!.RowCount, blocks = Blocks(rows), hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        _team.For(blocks, (block, worker) => BackwardFeedForward(layer, block, worker));
        AddPartials(blocks, layer.Gradients.PostAttentionNorm.Data);
        layer.Down.BackwardWeight(_team, _outputGradient.Data, hidden, a.Hidden.Data, ffn, rows);
        layer.GateUp.BackwardWeight(_team, _gateUpGradient.Data, 2 * ffn, a.MiddleNormed.Data, hidden, rows);
        layer.Output.BackwardWeight(_team, _middleGradient.Data, hidden, a.Attended.Data, QueryWidth, rows);

        _team.For(_batch.SequenceCount * _config.KvHeadCount, (task, worker) =>
        {
            AttentionHead head = Head(l, task);
            float* joint = a.QueryKeyValue.Data;
            head.OutputGradient = _attendedGradient.Data + (head.Output - a.Attended.Data);
            head.QueryGradient = _jointGradient.Data + (head.Query - joint);
            head.KeyGradient = _jointGradient.Data + (head.Key - joint);
            head.ValueGradient = _jointGradient.Data + (head.Value - joint);
            CausalAttention.Backward(head, _team.Scratch(worker, CausalAttention.Scratch(head.Length, head.HeadDim)));
        });

        _team.For(blocks, (block, worker) => BackwardProject(layer, block, worker));
        AddPartials(blocks, layer.Gradients.InputNorm.Data);
        layer.QueryKeyValue.BackwardWeight(_team, _jointGradient.Data, JointWidth, a.Normed.Data, hidden, rows);
    }

    /// <summary>From the gradient of the layer's output to those of the middle of the residual stream and of the attention output.</summary>
    private void BackwardFeedForward(Layer layer, int block, int worker)
    {
        int hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        LayerActivations a = layer.Activations;
        long gemm = Gemm.RowsScratch(RowBlock);
        float* scratch = _team.Scratch(worker, gemm + ((long)RowBlock * (ffn + hidden)));
        float* dHidden = scratch + gemm, dNormed = dHidden + ((nint)RowBlock * ffn);
        float* dOutput = _outputGradient.Data + ((nint)first * hidden), dMiddle = _middleGradient.Data + ((nint)first * hidden);
        float* gateUp = a.GateUp.Data + ((nint)first * 2 * ffn), dGateUp = _gateUpGradient.Data + ((nint)first * 2 * ffn);
        layer.Down.BackwardInput(dOutput, hidden, rows, dHidden, ffn, false, scratch);
        for (int r = 0; r < rows; r++)
        {
            nint row = (nint)r * 2 * ffn;
            SwiGlu.Backward(gateUp + row, gateUp + row + ffn, dHidden + ((nint)r * ffn), dGateUp + row, dGateUp + row + ffn, ffn);
        }

        layer.GateUp.BackwardInput(dGateUp, 2 * ffn, rows, dNormed, hidden, false, scratch);
        NormBackward(dNormed, a.Middle, a.MiddleNormFactors, layer.Parameters.PostAttentionNorm.Data, first, rows, dOutput, dMiddle, Partial(block));
        layer.Output.BackwardInput(dMiddle, hidden, rows, _attendedGradient.Data + ((nint)first * QueryWidth), QueryWidth, false, scratch);
    }

    /// <summary>From the gradients of q, k, v and the middle of the residual stream to that of the layer's input.</summary>
    private void BackwardProject(Layer layer, int block, int worker)
    {
        int hidden = _config.HiddenSize, width = JointWidth;
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        long gemm = Gemm.RowsScratch(RowBlock);
        float* scratch = _team.Scratch(worker, gemm + ((long)RowBlock * hidden)), dNormed = scratch + gemm;
        float* dJoint = _jointGradient.Data + ((nint)first * width);
        for (int r = 0; r < rows; r++)
        {
            _rotary.ApplyInverse(dJoint + ((nint)r * width), _config.HeadCount + _config.KvHeadCount, _batch.Positions[first + r]);
        }

        layer.QueryKeyValue.BackwardInput(dJoint, width, rows, dNormed, hidden, false, scratch);
        NormBackward(
            dNormed,
            layer.Activations.Input,
            layer.Activations.NormFactors,
            layer.Parameters.InputNorm.Data,
            first,
            rows,
            _middleGradient.Data + ((nint)first * hidden),
            _outputGradient.Data + ((nint)first * hidden),
            Partial(block));
    }

    private void NormBackward(float* dNormed, AlignedBuffer input, AlignedBuffer factors, float[] weights, int first, int rows, float* residual, float* target, float* partial)
    {
        int hidden = _config.HiddenSize;
        fixed (float* weight = weights)
        {
            for (int r = 0; r < rows; r++)
            {
                nint row = (nint)r * hidden;
                RmsNorm.Backward(dNormed + row, input.Data + ((nint)first * hidden) + row, factors.Data[first + r], weight, residual + row, target + row, partial, hidden);
            }
        }
    }

    /// <summary>Where a block sums its part of a norm weight's gradient; cleared.</summary>
    private float* Partial(int block)
    {
        float* partial = _normPartials.Data + ((nint)block * _config.HiddenSize);
        new Span<float>(partial, _config.HiddenSize).Clear();
        return partial;
    }

    private void AddPartials(int blocks, float[] gradient)
    {
        fixed (float* sum = gradient)
        {
            for (int block = 0; block < blocks; block++)
            {
                VectorMath.Add(sum, _normPartials.Data + ((nint)block * _config.HiddenSize), _config.HiddenSize);
            }
        }
    }

    /// <summary>Adds every row's gradient to its token's embedding, row by row; tasks split the columns, so the order of each sum is that of the rows.</summary>
    private void ScatterEmbedding()
    {
        int hidden = _config.HiddenSize;
        TokenBatch batch = _batch!;
        _team.For((hidden + ScatterColumns - 1) / ScatterColumns, (task, _) =>
        {
            int column = task * ScatterColumns, count = Math.Min(ScatterColumns, hidden - column);
            fixed (float* embedding = Gradients.Embedding.Data)
            {
                for (int row = 0; row < batch.RowCount; row++)
                {
                    VectorMath.Add(embedding + ((nint)batch.Tokens[row] * hidden) + column, _outputGradient.Data + ((nint)row * hidden) + column, count);
                }
            }
        });
    }
}
