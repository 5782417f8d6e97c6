using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>
/// A Llama-family model's log-probabilities of given tokens, and the gradient of any function of them with respect to
/// every parameter. Works on packed batches (<see cref="TokenBatch"/>). All that happens to a row alone (norms,
/// projections, rotation, feed-forward) runs in blocks of rows through a whole layer, so that a block stays in its
/// core's cache; attention runs by sequence and key/value head. Sums over rows (weight gradients) have a fixed order,
/// so results do not depend on the number of threads.
/// <para>
/// With an adapter, the model is frozen and the gradients are the adapter's. Where the activations of all layers would
/// take more memory than allowed, only the input of some layers is kept, and the backward pass computes the rest again,
/// to the same bits.
/// </para>
/// Knows nothing of losses, optimizers and files.
/// </summary>
internal sealed unsafe partial class LlamaGraph : IDisposable
{
    private const int RowBlock = 96; // rows that go through a layer together

    private readonly ThreadTeam _team;
    private readonly ModelConfig _config;
    private readonly GraphLayer[] _layers;
    private readonly Linear _head;
    private readonly NormPart _finalNorm;
    private readonly Tensor? _embeddingGradient;
    private readonly AlignedBuffer _final = new();        // residual stream after the last layer [T, D]
    // normed rows of the targets, then the gradients with respect to them [P, D]
    private readonly AlignedBuffer _headInput = new();
    private readonly AlignedBuffer _headFactors = new();  // [P]
    private readonly AlignedBuffer _logSums = new();      // [P]
    private readonly RotaryTable _rotary;
    private readonly StepRelay? _relay; // where several ranks share a step
    private bool _loaded;
    private HeadState _headState;
    private TokenBatch? _batch;
    private float[] _logProbs = [];

    /// <summary>Builds the graph and takes over the parameters' present values.</summary>
    /// <param name="parameters">The model; after changing it, call <see cref="LoadParameters"/>.</param>
    /// <param name="team">Threads to use.</param>
    /// <param name="adapter">An adapter to train instead of the model, or null.</param>
    /// <param name="activationBytes">
    /// Memory that what a batch leaves for its backward pass may take, with the layouts of weights for that pass, before
    /// it is computed again instead of kept; has no influence on results. Null for
    /// <see cref="DefaultActivationBytes"/>.
    /// </param>
    /// <param name="ranks">Processes that share the batches of a step, or null; have no influence on results.</param>
    /// <param name="dtype">
    /// The numbers that the products of linear layers multiply, forward and backward: float32, or bfloat16, to which
    /// weights, activations and gradients are rounded for them. Sums and all else are float32.
    /// </param>
    public LlamaGraph(
        LlamaParameters parameters, ThreadTeam team, LoraAdapter? adapter = null,
        long? activationBytes = null, IRankGroup? ranks = null, DType dtype = DType.Float32)
    {
        (_headRows, _normedRows) = (PackedRows.Create(dtype), PackedRows.Create(dtype));
        (_attendedRows, _middleNormedRows) = (PackedRows.Create(dtype), PackedRows.Create(dtype));
        _hiddenRows = PackedRows.Create(dtype);
        Parameters = parameters;
        Trained = adapter?.All ?? parameters.All;
        Gradients = [.. Trained.Select(p => new NamedTensor(p.Name, new Tensor([.. p.Tensor.Shape])))];
        _team = team;
        _config = parameters.Config;
        _mostBytes = activationBytes ?? DefaultActivationBytes(_config);
        _rotary = RotaryFrequencies.TableOf(_config);
        GradientMap gradients = new(Trained, Gradients, adapter);
        _layers = [.. parameters.Layers.Select(layer => new GraphLayer(layer, gradients, dtype))];
        _finalNorm = NormPart.Of(parameters.FinalNorm, gradients)!;
        _embeddingGradient = gradients.Of(parameters.Embedding);
        _head = new Linear(dtype, gradients.Part(parameters.Head));
        if (ranks is { Count: > 1 })
        {
            _relay = new StepRelay(new GradientRelay(ranks), this, gradients);
        }

        _layouts =
        [
            .. _layers.Select(layer => new BackwardLayouts([.. layer.Linears])), new BackwardLayouts(_head),
        ];
        KeepLayouts();
        LoadParameters();
    }

    /// <summary>The model's parameters.</summary>
    public LlamaParameters Parameters { get; }

    /// <summary>What is trained: the model's parameters, or the adapter's.</summary>
    public IReadOnlyList<NamedTensor> Trained { get; }

    /// <summary>
    /// Sum of the gradients of all backward passes since <see cref="ClearGradients"/>, in the order of
    /// <see cref="Trained"/>; where ranks share a step, complete after <see cref="ShareGradients"/>.
    /// </summary>
    public IReadOnlyList<NamedTensor> Gradients { get; }

    private long RowsScratch => _head.RowsScratch(RowBlock);

    private float Eps => (float)_config.RmsNormEps;

    private int QueryWidth => _config.HeadCount * _config.HeadDim;

    private int KeyWidth => _config.KvHeadCount * _config.HeadDim;

    private int JointWidth => QueryWidth + (2 * KeyWidth);

    /// <summary>Takes over the parameters' values after they have changed.</summary>
    public void LoadParameters()
    {
        (Linear Linear, int Task)[] tasks =
        [
            .. Linears().Where(linear => !_loaded || linear.HasGradient)
                .SelectMany(linear => Enumerable.Range(0, linear.LoadTasks).Select(task => (linear, task))),
        ];
        _team.For(tasks.Length, (i, worker) =>
            tasks[i].Linear.Load(tasks[i].Task, _team.Scratch(worker, tasks[i].Linear.LoadScratch)));
        _loaded = true;
    }

    /// <summary>Sets all gradients to 0.</summary>
    public void ClearGradients() =>
        _team.For(Gradients.Count, i => Array.Clear(Gradients[i].Tensor.Data));

    /// <summary>Gives the gradients of the backward passes so far to every rank.</summary>
    /// <param name="owner">The rank that did the step's last batch; those of the others get its gradients.</param>
    public void ShareGradients(int owner) => _relay?.Sums.Share(owner, Gradients);

    /// <summary>Log-probability of every target given the tokens before it.</summary>
    /// <param name="batch">The tokens; must stay as it is until <see cref="Backward"/>.</param>
    /// <param name="keepLogits">Whether to keep the logits for <see cref="Backward"/> where memory allows.</param>
    /// <returns>[P], in the order of the batch's targets; valid until the next call.</returns>
    /// <exception cref="EngineException">A token id is outside the vocabulary.</exception>
    public ReadOnlySpan<float> Forward(TokenBatch batch, bool keepLogits = true)
    {
        RunLayers(batch, keepLogits);
        for (int first = 0; first < batch.TargetCount; first += HeldLogits)
        {
            int start = first, held = Math.Min(HeldLogits, batch.TargetCount - first);
            _team.For(HeadTasks(held), (task, worker) =>
            {
                (int share, int rows) = HeadShare(task, held);
                ForwardHead(start, share, rows, worker, again: false);
            });
        }

        _headState = batch.TargetCount <= Math.Min(HeldLogits, LogitChunk) ? HeadState.Kept : HeadState.Summed;
        return _logProbs.AsSpan(0, batch.TargetCount);
    }

    /// <summary>
    /// The forward pass without its head, which <see cref="Backward"/> then does on the way: for gradients that are
    /// known before the log-probabilities. So few logits are at hand at a time, and none is computed twice.
    /// </summary>
    /// <param name="batch">The tokens; must stay as it is until <see cref="Backward"/>.</param>
    /// <exception cref="EngineException">A token id is outside the vocabulary.</exception>
    public void ForwardLayers(TokenBatch batch) => RunLayers(batch, keepLogits: false);

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        foreach (GraphLayer layer in _layers)
        {
            layer.Dispose();
        }

        AlignedBuffer[] buffers = [_final, _headInput, _headFactors, _logSums, _kept, .. GradientBuffers];
        foreach (AlignedBuffer buffer in buffers)
        {
            buffer.Dispose();
        }

        foreach (PackedRows rows in InputRows)
        {
            rows.Dispose();
        }

        _head.Dispose();
        foreach (BackwardLayouts layouts in _layouts)
        {
            layouts.Dispose();
        }
    }

    /// <summary>
    /// Logits of a target after <see cref="Forward"/> and before <see cref="Backward"/>, for batches with few targets.
    /// </summary>
    internal ReadOnlySpan<float> Logits(int target) =>
        new(_logits + ((nint)target * _config.VocabSize), _config.VocabSize);

    private static int Blocks(int rows) => (rows + RowBlock - 1) / RowBlock;

    private void RunLayers(TokenBatch batch, bool keepLogits)
    {
        Prepare(batch, keepLogits);
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

        _headState = HeadState.Open;
    }

    private IEnumerable<Linear> Linears() => _layers.SelectMany(l => l.Linears).Append(_head);

    private void Prepare(TokenBatch batch, bool keepLogits)
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
        ReserveActivations(batch.RowCount, batch.TargetCount, keepLogits);
        _final.Reserve((long)batch.RowCount * _config.HiddenSize);
        _headInput.Reserve((long)batch.TargetCount * _config.HiddenSize);
        _headFactors.Reserve(batch.TargetCount);
        _logSums.Reserve(batch.TargetCount);
        if (_logProbs.Length < batch.TargetCount)
        {
            _logProbs = new float[batch.TargetCount + (batch.TargetCount / 4)];
        }
    }

    private void CheckToken(int token)
    {
        if ((uint)token >= (uint)_config.VocabSize)
        {
            throw new EngineException(
                $"Token id {token} is outside the model's vocabulary of {_config.VocabSize}. The tokenizer and the "
                + "model do not belong together.");
        }
    }

    /// <summary>What is at hand of the head's forward pass.</summary>
    private enum HeadState
    {
        /// <summary>Nothing.</summary>
        Open,

        /// <summary>Its inputs and log-sums.</summary>
        Summed,

        /// <summary>All logits too.</summary>
        Kept,
    }
}
