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
/// take more memory than allowed, only each layer's input is kept, and the backward pass computes the rest again, to
/// the same bits.
/// </para>
/// Knows nothing of losses, optimizers and files.
/// </summary>
internal sealed unsafe partial class LlamaGraph : IDisposable
{
    /// <summary>
    /// Memory that the activations of all layers may take before they are computed again instead of kept.
    /// </summary>
    public const long DefaultActivationBytes = 4L << 30;

    private const int RowBlock = 96; // rows that go through a layer together
    // logits kept at a time; those of more targets are computed again for the backward pass
    internal const long LogitFloats = 128 << 20;

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
    private readonly StepRelay? _relay; // where several ranks share a step
    private bool _recompute; // only the layers' inputs are kept of the present batch
    private TokenBatch? _batch;
    private float[] _logProbs = [];

    /// <summary>Builds the graph and takes over the parameters' present values.</summary>
    /// <param name="parameters">The model; after changing it, call <see cref="LoadParameters"/>.</param>
    /// <param name="team">Threads to use.</param>
    /// <param name="adapter">An adapter to train instead of the model, or null.</param>
    /// <param name="activationBytes">
    /// Memory that the activations of all layers may take before they are computed again instead of kept; has no
    /// influence on results.
    /// </param>
    /// <param name="ranks">Processes that share the batches of a step, or null; have no influence on results.</param>
    public LlamaGraph(
        LlamaParameters parameters, ThreadTeam team, LoraAdapter? adapter = null,
        long activationBytes = DefaultActivationBytes, IRankGroup? ranks = null)
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
        if (ranks is { Count: > 1 })
        {
            _relay = new StepRelay(new GradientRelay(ranks), this, gradients);
        }

        LoadParameters();
    }

    /// <summary>The model's parameters.</summary>
    public LlamaParameters Parameters { get; }

    /// <summary>What is trained: the model's parameters, or the adapter's.</summary>
    public IReadOnlyList<NamedTensor> Trained { get; }

    /// <summary>
    /// Sum of the gradients of all backward passes since <see cref="ClearGradients"/>, in the order of
    /// <see cref="Trained"/>; complete after <see cref="FlushGradients"/>.
    /// </summary>
    public IReadOnlyList<NamedTensor> Gradients { get; }

    /// <summary>Logits kept at a time; part of the order of sums.</summary>
    internal long KeptLogits { get; set; } = LogitFloats;

    private float Eps => (float)_config.RmsNormEps;

    private int QueryWidth => _config.HeadCount * _config.HeadDim;

    private int KeyWidth => _config.KvHeadCount * _config.HeadDim;

    private int JointWidth => QueryWidth + (2 * KeyWidth);

    private int LogitChunk => (int)Math.Max(1, KeptLogits / _config.VocabSize / RowBlock) * RowBlock;

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

        if (_relay is not null)
        {
            foreach (Linear linear in Linears())
            {
                linear.ClearGradients(); // what was handed on is still here
            }
        }
    }

    /// <summary>Brings all gradients of the backward passes so far into <see cref="Gradients"/>.</summary>
    /// <param name="owner">The rank that did the step's last batch; those of the others get its gradients.</param>
    public void FlushGradients(int owner = 0)
    {
        if (_relay is null || _relay.Sums.Rank == owner)
        {
            Linear[] linears = [.. Linears()];
            _team.For(linears.Length, i => linears[i].FlushGradients());
        }

        _relay?.Sums.Share(owner, Gradients);
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

        AlignedBuffer[] buffers = [_final, _headInput, _headFactors, _logits, _logSums, .. GradientBuffers];
        foreach (AlignedBuffer buffer in buffers)
        {
            buffer.Dispose();
        }

        foreach (PackedRows rows in InputRows)
        {
            rows.Dispose();
        }

        _head.Dispose();
    }

    /// <summary>
    /// Logits of a target after <see cref="Forward"/> and before <see cref="Backward"/>, for batches with few targets.
    /// </summary>
    internal ReadOnlySpan<float> Logits(int target) =>
        new(_logits.Data + ((nint)target * _config.VocabSize), _config.VocabSize);

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
            throw new EngineException(
                $"Token id {token} is outside the model's vocabulary of {_config.VocabSize}. The tokenizer and the "
                + "model do not belong together.");
        }
    }

    private LayerActivations Activations(int layer) => _layers[_recompute ? 0 : layer].Activations;
}
