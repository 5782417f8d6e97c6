using Spar.Engine.Kernels;

namespace Spar.Engine.Training;

/// <content>What the backward pass does with one block of rows of a layer.</content>
internal sealed unsafe partial class LlamaGraph
{
    /// <summary>
    /// From the gradient of the layer's output to those of the middle of the residual stream and of the attention
    /// output.
    /// </summary>
    private void BackwardFeedForward(int l, int block, int worker)
    {
        int hidden = _config.HiddenSize, first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        float* partial = Partial(block, 0), downPartial = Partial(block, 1), attendedPartial = Partial(block, 2);
        for (int from = first, at, count; from < first + rows; from = at + count)
        {
            (at, count) = FedRows(l, from, first + rows);
            Clear(_layers[l].Activations.GateUp, 2 * _config.IntermediateSize, from, at - from);
            Clear(_middleGradient.Data, hidden, from, at - from);
            Clear(_attendedGradient.Data, QueryWidth, from, at - from);
            _layers[l].Down.ClearRows(_hiddenRows, from, at - from);
            _layers[l].GateUp.ClearRows(_middleNormedRows, from, at - from);
            _layers[l].Output.ClearRows(_attendedRows, from, at - from);
            if (_config.SandwichNorm)
            {
                Clear(_ownFed.Data, hidden, from, at - from);
                Clear(_ownProjected.Data, hidden, from, at - from);
            }

            if (count > 0)
            {
                BackwardFeedForward(l, at, count, worker, partial, downPartial, attendedPartial);
            }
        }
    }

    /// <summary>The same for some of a block's rows; norms add to the partial sums.</summary>
    private void BackwardFeedForward(
        int l, int first, int rows, int worker, float* partial, float* downPartial, float* attendedPartial)
    {
        int hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        GraphLayer layer = _layers[l];
        LayerActivations a = _layers[l].Activations;
        long gemm = RowsScratch;
        float* scratch = _team.Scratch(worker, gemm + ((long)RowBlock * (ffn + hidden)));
        float* dHidden = scratch + gemm, dNormed = dHidden + ((nint)RowBlock * ffn);
        float* dOutput = _outputGradient.Data + ((nint)first * hidden);
        float* dMiddle = _middleGradient.Data + ((nint)first * hidden);
        float* gateUp = a.GateUp + ((nint)first * 2 * ffn); // the gradient takes its place
        if (layer.DownNorm is { } downNorm)
        {
            NormBackward(
                downNorm, dOutput, a.Fed, a.FedFactors, first, rows, null, FedGradient.Data + ((nint)first * hidden),
                downPartial);
        }

        layer.Down.BackwardInput(FedGradient.Data + ((nint)first * hidden), hidden, rows, dHidden, ffn, scratch);
        for (int r = 0; r < rows; r++)
        {
            float* gate = gateUp + ((nint)r * 2 * ffn), up = gate + ffn;
            SwiGlu.Backward(gate, up, dHidden + ((nint)r * ffn), ffn);
        }

        layer.Down.PutRows(
            _hiddenRows, first, rows, FedGradient.Data + ((nint)first * hidden), hidden, dHidden, ffn, scratch);
        layer.GateUp.BackwardInput(gateUp, 2 * ffn, rows, dNormed, hidden, scratch);
        NormBackward(
            layer.PostAttentionNorm, dNormed, a.Middle, a.MiddleNormFactors, first, rows, dOutput, dMiddle, partial);
        NormAgain(layer.PostAttentionNorm, a.Middle, a.MiddleNormFactors, first, rows, dNormed);
        layer.GateUp.PutRows(_middleNormedRows, first, rows, gateUp, 2 * ffn, dNormed, hidden, scratch);
        if (layer.AttendedNorm is { } attendedNorm)
        {
            NormBackward(
                attendedNorm, dMiddle, a.Projected, a.ProjectedFactors, first, rows, null,
                ProjectedGradient.Data + ((nint)first * hidden), attendedPartial);
        }

        layer.Output.BackwardInput(
            ProjectedGradient.Data + ((nint)first * hidden), hidden, rows,
            _attendedGradient.Data + ((nint)first * QueryWidth), QueryWidth, scratch);
        layer.Output.PutRows(
            _attendedRows, first, rows, ProjectedGradient.Data + ((nint)first * hidden), hidden,
            a.Attended + ((nint)first * QueryWidth), QueryWidth, scratch);
    }

    /// <summary>
    /// From the gradients of q, k, v and the middle of the residual stream to that of the layer's input.
    /// </summary>
    private void BackwardProject(int l, int block, int worker)
    {
        int hidden = _config.HiddenSize, width = JointWidth, heads = _config.HeadCount + _config.KvHeadCount;
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        GraphLayer layer = _layers[l];
        LayerActivations a = _layers[l].Activations;
        long gemm = RowsScratch;
        float* scratch = _team.Scratch(worker, gemm + ((long)RowBlock * hidden)), dNormed = scratch + gemm;
        float* dJoint = _jointGradient.Data + ((nint)first * width);
        float* queryPartial = Partial(block, 1), keyPartial = Partial(block, 2);
        for (int r = 0; r < rows; r++)
        {
            float* row = dJoint + ((nint)r * width);
            _rotary.ApplyInverse(row, heads, _batch.Positions[first + r]);
            if (layer.QueryNorm is { } queryNorm && layer.KeyNorm is { } keyNorm)
            {
                float* plain = a.PlainHeads + ((nint)(first + r) * (QueryWidth + KeyWidth));
                float* factors = a.HeadFactors + ((nint)(first + r) * heads);
                HeadNormBackward(queryNorm, row, plain, factors, _config.HeadCount, queryPartial);
                HeadNormBackward(
                    keyNorm, row + QueryWidth, plain + QueryWidth, factors + _config.HeadCount, _config.KvHeadCount,
                    keyPartial);
            }
        }

        layer.QueryKeyValue.BackwardInput(dJoint, width, rows, dNormed, hidden, scratch);
        NormBackward(
            layer.InputNorm, dNormed, layer.Input, a.NormFactors, first, rows,
            _middleGradient.Data + ((nint)first * hidden), _outputGradient.Data + ((nint)first * hidden),
            Partial(block, 0));
        NormAgain(layer.InputNorm, layer.Input, a.NormFactors, first, rows, dNormed);
        layer.QueryKeyValue.PutRows(_normedRows, first, rows, dJoint, width, dNormed, hidden, scratch);
    }

    /// <summary>A norm's output once more.</summary>
    private void NormAgain(NormPart norm, float* input, float* factors, int first, int rows, float* y)
    {
        int hidden = _config.HiddenSize;
        fixed (float* weight = norm.Weight.Data)
        {
            for (int r = 0; r < rows; r++)
            {
                RmsNorm.Apply(
                    input + ((nint)(first + r) * hidden), factors[first + r], weight, y + ((nint)r * hidden),
                    hidden);
            }
        }
    }

    private void NormBackward(
        NormPart norm, float* dNormed, float* input, float* factors, int first, int rows, float* residual,
        float* target, float* partial)
    {
        int hidden = _config.HiddenSize;
        fixed (float* weight = norm.Weight.Data)
        {
            for (int r = 0; r < rows; r++)
            {
                nint row = (nint)r * hidden;
                RmsNorm.Backward(
                    dNormed + row, input + ((nint)first * hidden) + row, factors[first + r], weight,
                    residual == null ? null : residual + row, target + row, partial, hidden);
            }
        }
    }

    /// <summary>In place on the gradients of one row's heads.</summary>
    private void HeadNormBackward(
        NormPart norm, float* gradient, float* plain, float* factors, int count, float* partial)
    {
        int d = _config.HeadDim;
        fixed (float* weight = norm.Weight.Data)
        {
            for (int head = 0; head < count; head++)
            {
                nint at = (nint)head * d;
                RmsNorm.Backward(gradient + at, plain + at, factors[head], weight, null, gradient + at, partial, d);
            }
        }
    }

    /// <summary>
    /// Where a block sums its part of a norm weight's gradient; cleared. A stage has up to three norms.
    /// </summary>
    private float* Partial(int block, int norm)
    {
        float* partial = _normPartials.Data + ((((nint)norm * _partialBlocks) + block) * PartialStride);
        new Span<float>(partial, PartialStride).Clear();
        return partial;
    }

    private void AddPartials(int blocks, int norm, NormPart? part)
    {
        if (part?.Gradient is not { } gradient)
        {
            return;
        }

        fixed (float* sum = gradient.Data)
        {
            for (int block = 0; block < blocks; block++)
            {
                VectorMath.Add(
                    sum, _normPartials.Data + ((((nint)norm * _partialBlocks) + block) * PartialStride),
                    gradient.Count);
            }
        }
    }
}
