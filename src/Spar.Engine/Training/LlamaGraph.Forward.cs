using Spar.Engine.Kernels;

namespace Spar.Engine.Training;

/// <content>The forward pass, layer by layer.</content>
internal sealed unsafe partial class LlamaGraph
{
    /// <summary>The attention of a whole layer.</summary>
    private void Attend(int l)
    {
        _team.For(_batch!.SequenceCount * _config.KvHeadCount, (task, worker) =>
        {
            AttentionHead head = Head(l, task);
            CausalAttention.Forward(head, _team.Scratch(worker, CausalAttention.Scratch(head.Length, head.HeadDim)));
        });
    }

    /// <summary>
    /// Scratch memory for a block of rows' products, followed by its norm's output and the feed-forward's hidden layer.
    /// </summary>
    private float* ForwardScratch(int worker) =>
        _team.Scratch(
            worker, RowsScratch + ((long)RowBlock * (_config.HiddenSize + _config.IntermediateSize)));

    /// <summary>One block of rows: the second half of the layer before, then the first half of this one.</summary>
    private void ForwardRows(int l, int block, int worker)
    {
        int first = block * RowBlock, rows = Math.Min(RowBlock, _batch!.RowCount - first);
        int hidden = _config.HiddenSize;
        float* scratch = ForwardScratch(worker);
        float* target = l < _layers.Length ? _layers[l].Input : _final.Data;
        if (l == 0)
        {
            float* x = target + ((nint)first * hidden);
            fixed (float* embedding = Parameters.Embedding.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    VectorMath.Copy(
                        embedding + ((nint)_batch.Tokens[first + r] * hidden), x + ((nint)r * hidden), hidden);
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
                    AddFed(l - 1, at, count, h, target + ((nint)at * hidden), scratch);
                }
            }
        }

        if (l < _layers.Length)
        {
            Project(l, first, rows, scratch);
        }
    }

    /// <summary>
    /// The next rows of a block that a layer's second half works on: all, but in the last layer those before a
    /// sequence's first target or behind its last influence nothing.
    /// </summary>
    private (int First, int Count) FedRows(int l, int from, int end) =>
        l < _layers.Length - 1 ? (from, end - from) : _batch!.NextTargetRows(from, end);

    private static void Clear(float* buffer, int width, int first, int rows) =>
        new Span<float>(buffer + ((nint)first * width), rows * width).Clear();

    /// <summary>First half of a layer up to attention: norm, q, k, v, norms of the heads, rotation.</summary>
    private void Project(int l, int first, int rows, float* scratch)
    {
        int hidden = _config.HiddenSize, width = JointWidth, heads = _config.HeadCount + _config.KvHeadCount;
        GraphLayer layer = _layers[l];
        LayerActivations a = _layers[l].Activations;
        float* normed = scratch + RowsScratch, joint = a.QueryKeyValue + ((nint)first * width);
        Norm(layer.InputNorm, layer.Input + ((nint)first * hidden), rows, normed, a.NormFactors + first);
        layer.QueryKeyValue.Forward(normed, hidden, rows, joint, width, null, scratch);
        for (int r = 0; r < rows; r++, joint += width)
        {
            if (layer.QueryNorm is { } queryNorm && layer.KeyNorm is { } keyNorm)
            {
                int plainWidth = QueryWidth + KeyWidth;
                VectorMath.Copy(joint, a.PlainHeads + ((nint)(first + r) * plainWidth), plainWidth);
                float* factors = a.HeadFactors + ((nint)(first + r) * heads);
                NormHeads(queryNorm, joint, _config.HeadCount, factors);
                NormHeads(keyNorm, joint + QueryWidth, _config.KvHeadCount, factors + _config.HeadCount);
            }

            _rotary.Apply(joint, heads, _batch!.Positions[first + r]);
        }
    }

    /// <summary>
    /// Second half of a layer from attention to the activation: o_proj, residual, norm, gate and up, activation.
    /// Returns silu(gate) up, [rows, F].
    /// </summary>
    private float* FeedForward(int l, int first, int rows, float* scratch)
    {
        int hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        GraphLayer layer = _layers[l];
        LayerActivations a = _layers[l].Activations;
        float* middle = a.Middle + ((nint)first * hidden), gateUp = a.GateUp + ((nint)first * 2 * ffn);
        float* normed = scratch + RowsScratch, h = normed + ((nint)RowBlock * hidden);
        AddProduct(
            layer.Output, layer.AttendedNorm, a.Attended + ((nint)first * QueryWidth),
            layer.Input + ((nint)first * hidden), a.Projected, a.ProjectedFactors,
            first, rows, middle, scratch);
        Norm(layer.PostAttentionNorm, middle, rows, normed, a.MiddleNormFactors + first);
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
        LayerActivations a = _layers[l].Activations;
        AddProduct(
            _layers[l].Down, _layers[l].DownNorm, h, a.Middle + ((nint)first * _config.HiddenSize), a.Fed,
            a.FedFactors, first, rows, output, scratch);
    }

    /// <summary>
    /// output = residual + y, or + norm(y) where there is a norm, with y = x W^T + b, which is then kept for the
    /// backward pass.
    /// </summary>
    private void AddProduct(
        Linear linear, NormPart? norm, float* x, float* residual, float* plain, float* factors, int first, int rows,
        float* output, float* scratch)
    {
        int hidden = _config.HiddenSize;
        if (norm is null)
        {
            linear.Forward(x, linear.Inputs, rows, output, hidden, residual, scratch);
            return;
        }

        float* y = plain + ((nint)first * hidden);
        linear.Forward(x, linear.Inputs, rows, y, hidden, null, scratch);
        Norm(norm, y, rows, output, factors + first);
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

    /// <summary>
    /// Logits and log-probabilities of some of the targets that are at hand from <paramref name="start"/> on; of those
    /// that were at hand before, the logits alone.
    /// </summary>
    private void ForwardHead(int start, int first, int rows, int worker, bool again)
    {
        int hidden = _config.HiddenSize, vocabulary = _config.VocabSize;
        float* scratch = _team.Scratch(worker, RowsScratch);
        float* input = _headInput.Data + ((nint)(start + first) * hidden);
        float* logits = _logits + ((nint)first * vocabulary);
        if (!again)
        {
            fixed (float* weight = _finalNorm.Weight.Data)
            {
                for (int r = 0; r < rows; r++)
                {
                    float* x = _final.Data + ((nint)_batch!.TargetRows[start + first + r] * hidden);
                    _headFactors.Data[start + first + r] = RmsNorm.Forward(
                        x, weight, input + ((nint)r * hidden), hidden, Eps);
                }
            }
        }

        _head.Forward(input, hidden, rows, logits, vocabulary, null, scratch);
        for (int r = 0; r < rows && !again; r++)
        {
            int target = start + first + r;
            float* row = logits + ((nint)r * vocabulary);
            float logSum = Softmax.LogSumExp(row, vocabulary);
            _logSums.Data[target] = logSum;
            _logProbs[target] = row[_batch!.TargetTokens[target]] - logSum;
        }
    }

    /// <summary>
    /// Tasks that some targets' logits are shared out in: of <see cref="RowBlock"/> rows at most, as many for every
    /// thread.
    /// </summary>
    private int HeadTasks(int targets)
    {
        int rounds = (targets + (RowBlock * _team.Threads) - 1) / (RowBlock * _team.Threads);
        return Math.Min(rounds * _team.Threads, (targets + MicroKernel.Rows - 1) / MicroKernel.Rows);
    }

    /// <summary>A task's targets: whole blocks of the kernel.</summary>
    private (int First, int Count) HeadShare(int task, int targets)
    {
        int tasks = HeadTasks(targets);
        long units = (targets + MicroKernel.Rows - 1) / MicroKernel.Rows;
        int first = (int)(task * units / tasks) * MicroKernel.Rows;
        return (first, Math.Min(targets, (int)((task + 1) * units / tasks) * MicroKernel.Rows) - first);
    }

    /// <summary>The attention of one key/value head of one sequence; tasks go by falling length.</summary>
    private AttentionHead Head(int l, int task)
    {
        int sequence = _batch!.LongestFirst[task / _config.KvHeadCount], kv = task % _config.KvHeadCount;
        int group = _config.HeadCount / _config.KvHeadCount, d = _config.HeadDim;
        nint first = _batch.Starts[sequence];
        LayerActivations a = _layers[l].Activations;
        float* joint = a.QueryKeyValue + (first * JointWidth);
        return new AttentionHead
        {
            Query = joint + (kv * group * d),
            Key = joint + QueryWidth + (kv * d),
            Value = joint + QueryWidth + KeyWidth + (kv * d),
            Output = a.Attended + (first * QueryWidth) + (kv * group * d),
            LogSum = a.LogSums + (first * _config.HeadCount) + (kv * group),
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
