using Spar.Engine.Kernels;

namespace Spar.Engine.Training;

internal sealed unsafe partial class LlamaGraph
{
    private const int ScatterColumns = 64; // columns of the embedding gradient that one task sums up

    private readonly AlignedBuffer _outputGradient = new();   // with respect to a layer's output, then its input [T, D]
    private readonly AlignedBuffer _middleGradient = new();   // between attention and feed-forward [T, D]
    private readonly AlignedBuffer _attendedGradient = new(); // [T, H d]
    private readonly AlignedBuffer _jointGradient = new();    // [T, W]
    // with respect to down_proj's output where it is normed [T, D]
    private readonly AlignedBuffer _ownFed = new();
    // with respect to o_proj's output where it is normed [T, D]
    private readonly AlignedBuffer _ownProjected = new();
    // norm weights' gradients by block of rows [3, blocks, PartialStride]
    private readonly AlignedBuffer _normPartials = new();
    // inputs of the head, as its weight's gradient needs them [chunk, D]
    private readonly PackedRows _headRows;
    private readonly PackedRows _normedRows;          // of q, k and v, of the present layer, and so on [T, D]
    private readonly PackedRows _attendedRows;        // of o_proj [T, H d]
    private readonly PackedRows _middleNormedRows;    // of gate and up [T, D]
    private readonly PackedRows _hiddenRows;          // of down_proj [T, F]
    private readonly List<TransposedProduct> _products = [];  // weight gradients that wait for the next parallel loop
    private int _partialBlocks;

    // Where the output of down_proj and o_proj goes straight into the residual stream, their gradients are the
    // stream's.
    private AlignedBuffer FedGradient => _config.SandwichNorm ? _ownFed : _outputGradient;

    private AlignedBuffer ProjectedGradient => _config.SandwichNorm ? _ownProjected : _middleGradient;

    private int PartialStride => Math.Max(_config.HiddenSize, _config.HeadDim);

    private int ScatterTasks => (_config.HiddenSize + ScatterColumns - 1) / ScatterColumns;

    private IEnumerable<PackedRows> InputRows =>
        [_headRows, _normedRows, _attendedRows, _middleNormedRows, _hiddenRows];

    private IEnumerable<AlignedBuffer> GradientBuffers
        => [_outputGradient, _middleGradient, _attendedGradient, _jointGradient, _ownFed, _ownProjected, _normPartials];

    /// <summary>
    /// Adds the gradient of a function of the last batch's log-probabilities to <see cref="Gradients"/> (see
    /// <see cref="ShareGradients"/>). Once per <see cref="Forward"/> or <see cref="ForwardLayers"/>.
    /// </summary>
    /// <param name="logProbGradient">
    /// Gradient of the function with respect to the log-probability of each target, [P].
    /// </param>
    /// <param name="first">Whether the batch is the first of its step; of interest to ranks that share it.</param>
    /// <param name="last">Whether it is the last.</param>
    /// <returns>What <see cref="Forward"/> returns.</returns>
    public ReadOnlySpan<float> Backward(ReadOnlySpan<float> logProbGradient, bool first = true, bool last = true)
    {
        TokenBatch batch = _batch ?? throw new InvalidOperationException("Backward needs a forward pass before it.");
        ArgumentOutOfRangeException.ThrowIfNotEqual(logProbGradient.Length, batch.TargetCount, nameof(logProbGradient));
        int hidden = _config.HiddenSize, rows = batch.RowCount;
        _products.Clear(); // of a pass that failed
        _relay?.Sums.Begin(first, last);
        _outputGradient.Reserve((long)rows * hidden);
        _middleGradient.Reserve((long)rows * hidden);
        _attendedGradient.Reserve((long)rows * QueryWidth);
        _jointGradient.Reserve((long)rows * JointWidth);
        _ownFed.Reserve(_config.SandwichNorm ? (long)rows * hidden : 0);
        _ownProjected.Reserve(_config.SandwichNorm ? (long)rows * hidden : 0);
        _partialBlocks = Blocks(Math.Max(rows, batch.TargetCount));
        _normPartials.Reserve(3L * _partialBlocks * PartialStride);
        foreach (GraphLayer layer in _layers)
        {
            layer.QueryKeyValue.Reserve(_normedRows, rows);
            layer.Output.Reserve(_attendedRows, rows);
            layer.GateUp.Reserve(_middleNormedRows, rows);
            layer.Down.Reserve(_hiddenRows, rows);
        }

        int reached = 0;
        foreach (int target in (ReadOnlySpan<int>)[.. batch.TargetRows, rows])
        {
            Clear(_outputGradient.Data, hidden, reached, target - reached); // of rows that predict nothing
            reached = target + 1;
        }

        fixed (float* gradient = logProbGradient)
        {
            float* g = gradient;
            for (int start = 0; start < batch.TargetCount; start += LogitChunk)
            {
                BackwardHead(start, Math.Min(LogitChunk, batch.TargetCount - start), g);
            }
        }

        if (_relay is not null && batch.TargetCount == 0)
        {
            TakeHead(_relay, kept: true, last: true);
        }

        for (int l = _layers.Length - 1; l >= 0; l--)
        {
            BackwardLayer(l);
        }

        if (_relay is null)
        {
            ScatterEmbedding();
        }
        else
        {
            FinishRelayed(_relay);
        }

        _batch = null;
        return _logProbs.AsSpan(0, batch.TargetCount);
    }

    /// <summary>
    /// A parallel loop, and beside it the weight gradients that wait: they need no result of it, and it none of them.
    /// So threads wait for each other at the ends of few loops.
    /// </summary>
    private void For(int count, Action<int, int> body)
    {
        int waiting = _products.Sum(product => product.Tasks);
        _team.For(waiting + count, (item, worker) =>
        {
            if (item >= waiting)
            {
                body(item - waiting, worker);
                return;
            }

            foreach (TransposedProduct product in _products)
            {
                if (item < product.Tasks)
                {
                    product.Run(item, _team.Scratch(worker, product.Scratch));
                    return;
                }

                item -= product.Tasks;
            }
        });
        _products.Clear();
        _relay?.Sums.HandOn();
    }

    /// <summary>The weight gradients that wait, with no loop beside them.</summary>
    private void FinishProducts() => For(0, (_, _) => { });

    /// <summary>The head's part for targets whose sums go together.</summary>
    private void BackwardHead(int start, int count, float* gradient)
    {
        for (int piece = start, more = count; more > 0; piece += HeldLogits, more -= HeldLogits)
        {
            int first = piece, held = Math.Min(HeldLogits, more);
            FinishProducts(); // of the piece before: its logits make room for this one's
            _head.Reserve(_headRows, held);
            For(HeadTasks(held), (task, worker) => BackwardHead(first, held, task, worker, gradient));
            if (held < more)
            {
                _head.AddProducts(_products, _headRows, _logits, _config.VocabSize, held);
            }
            else
            {
                EndHead(start, count, held);
            }
        }
    }

    /// <summary>What is left of that after the last piece's logits.</summary>
    private void EndHead(int start, int count, int held)
    {
        int hidden = _config.HiddenSize;
        _team.For(Blocks(count), (block, _) =>
        {
            int first = block * RowBlock, end = Math.Min(first + RowBlock, count);
            float* partial = Partial(block, 0);
            fixed (float* weight = _finalNorm.Weight.Data)
            {
                for (int target = start + first; target < start + end; target++)
                {
                    nint row = (nint)_batch!.TargetRows[target] * hidden;
                    RmsNorm.Backward(
                        _headInput.Data + ((nint)target * hidden), _final.Data + row, _headFactors.Data[target], weight,
                        null, _outputGradient.Data + row, partial, hidden);
                }
            }
        });
        bool whole = count == _batch!.TargetCount;
        if (_relay is not null)
        {
            TakeHead(_relay, whole, last: start + count == _batch.TargetCount);
        }

        AddPartials(Blocks(count), 0, _finalNorm);
        if (_relay is null || !whole)
        {
            _head.AddProducts(_products, _headRows, _logits, _config.VocabSize, held);
            return;
        }

        _head.AddOthers(_products, _headRows, _logits, _config.VocabSize, held);
    }

    /// <summary>
    /// From the logits of some targets to the gradients of the logits, which take their place, and of the final norm's
    /// output, which take that of its output.
    /// </summary>
    private void BackwardHead(int start, int held, int task, int worker, float* gradient)
    {
        int hidden = _config.HiddenSize, vocabulary = _config.VocabSize;
        (int first, int rows) = HeadShare(task, held);
        if (_headState != HeadState.Kept)
        {
            ForwardHead(start, first, rows, worker, again: _headState == HeadState.Summed);
        }

        float* logits = _logits + ((nint)first * vocabulary);
        float* input = _headInput.Data + ((nint)(start + first) * hidden);
        float* scratch = _team.Scratch(worker, RowsScratch);
        for (int r = 0; r < rows; r++)
        {
            int target = start + first + r;
            Softmax.LogProbBackward(
                logits + ((nint)r * vocabulary), vocabulary, _batch!.TargetTokens[target], _logSums.Data[target],
                gradient[target]);
        }

        _head.PutRows(_headRows, first, rows, logits, vocabulary, input, hidden, scratch);
        _head.BackwardInput(logits, vocabulary, rows, input, hidden, scratch);
    }

    private void BackwardLayer(int l)
    {
        GraphLayer layer = _layers[l];
        if (l < _shared - 1)
        {
            Recompute(l);
        }

        LayerActivations a = _layers[l].Activations;
        int rows = _batch!.RowCount, blocks = Blocks(rows), hidden = _config.HiddenSize, ffn = _config.IntermediateSize;
        For(blocks, (block, worker) => BackwardFeedForward(l, block, worker));
        _relay?.Sums.Take(_relay.SecondHalves[l]);
        AddPartials(blocks, 0, layer.PostAttentionNorm);
        AddPartials(blocks, 1, layer.DownNorm);
        AddPartials(blocks, 2, layer.AttendedNorm);
        layer.Down.AddProducts(_products, _hiddenRows, FedGradient.Data, hidden, rows);
        layer.GateUp.AddProducts(_products, _middleNormedRows, a.GateUp, 2 * ffn, rows);
        layer.Output.AddProducts(_products, _attendedRows, ProjectedGradient.Data, hidden, rows);

        For(_batch.SequenceCount * _config.KvHeadCount, (task, worker) =>
        {
            AttentionHead head = Head(l, task);
            float* joint = a.QueryKeyValue;
            head.OutputGradient = _attendedGradient.Data + (head.Output - a.Attended);
            head.QueryGradient = _jointGradient.Data + (head.Query - joint);
            head.KeyGradient = _jointGradient.Data + (head.Key - joint);
            head.ValueGradient = _jointGradient.Data + (head.Value - joint);
            CausalAttention.Backward(head, _team.Scratch(worker, CausalAttention.Scratch(head.Length, head.HeadDim)));
        });

        For(blocks, (block, worker) => BackwardProject(l, block, worker));
        _relay?.Sums.Take(_relay.FirstHalves[l]);
        AddPartials(blocks, 0, layer.InputNorm);
        AddPartials(blocks, 1, layer.QueryNorm);
        AddPartials(blocks, 2, layer.KeyNorm);
        layer.QueryKeyValue.AddProducts(_products, _normedRows, _jointGradient.Data, JointWidth, rows);
    }

    /// <summary>Brings back what a layer's forward pass left behind, from the layer's input.</summary>
    private void Recompute(int l)
    {
        int rows = _batch!.RowCount;
        _team.For(Blocks(rows), (block, worker) =>
        {
            int first = block * RowBlock;
            Project(l, first, Math.Min(RowBlock, rows - first), ForwardScratch(worker));
        });
        Attend(l);
        _team.For(Blocks(rows), (block, worker) =>
        {
            int first = block * RowBlock, count = Math.Min(RowBlock, rows - first);
            float* scratch = ForwardScratch(worker), h = FeedForward(l, first, count, scratch);
            if (_layers[l].DownNorm is not null)
            {
                // for the output before its norm
                AddFed(l, first, count, h, scratch + RowsScratch, scratch);
            }
        });
    }

    /// <summary>
    /// Adds every row's gradient to its token's embedding, row by row; tasks split the columns, so the order of each
    /// sum is that of the rows.
    /// </summary>
    private void ScatterEmbedding()
    {
        if (_embeddingGradient is null)
        {
            FinishProducts();
            return;
        }

        For(ScatterTasks, (task, _) => ScatterEmbedding(task, 0, _config.VocabSize));
    }

    /// <summary>Some columns of that, of some tokens.</summary>
    private void ScatterEmbedding(int task, int firstToken, int tokens)
    {
        int hidden = _config.HiddenSize, column = task * ScatterColumns;
        int count = Math.Min(ScatterColumns, hidden - column);
        ReadOnlySpan<int> all = _batch!.Tokens;
        fixed (float* embedding = _embeddingGradient!.Data)
        {
            for (int row = 0; row < all.Length; row++)
            {
                if ((uint)(all[row] - firstToken) < (uint)tokens)
                {
                    VectorMath.Add(
                        embedding + ((nint)all[row] * hidden) + column,
                        _outputGradient.Data + ((nint)row * hidden) + column, count);
                }
            }
        }
    }
}
