using System.Runtime.InteropServices;
using Spar.Engine.Kernels;
using Spar.Engine.Models;
using Spar.Engine.Tensors;

namespace Spar.Engine.Training;

/// <summary>What a step found before it changed the parameters.</summary>
/// <param name="Figures">The loss, and what it says besides.</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
/// <param name="Tokens">Tokens of the step, prompts included.</param>
public sealed record StepResult(LossFigures Figures, double GradientNorm, int Tokens);

/// <summary>
/// Optimizer steps on a Llama-family model: splits a step's rows into batches that fit the caches, adds up their
/// gradients, clips and updates. Deterministic in its inputs and the saved state at any number of threads, and of ranks
/// that share the batches. Knows nothing of files, tokenizers and data order.
/// </summary>
public sealed class LlamaTrainer : IDisposable
{
    private readonly LlamaGraph _graph;
    private readonly IRankGroup? _ranks;
    private readonly TokenBatch _batch = new();
    private readonly List<TrainingSequence> _pending = [];
    private float[] _gradient = [];

    /// <summary>Makes a trainer with a fresh optimizer.</summary>
    /// <param name="parameters">The model; steps change it in place.</param>
    /// <param name="options">The optimizer's settings.</param>
    /// <param name="team">Threads to use; the trainer does not dispose of it.</param>
    /// <param name="adapter">An adapter to train instead of the model, which then stays as it is; or null.</param>
    /// <param name="activationBytes">
    /// Memory that activations and logits may take before they are computed again instead of kept; has no influence on
    /// results. Null for a quarter of what the process may use, but no less than a share of what the model takes.
    /// </param>
    /// <param name="ranks">
    /// Processes that train the same model together: each calls the same methods with the same arguments, and gets the
    /// same results as if it were alone. Null for this one alone.
    /// </param>
    /// <param name="dtype">
    /// What the products of linear layers multiply: float32, or bfloat16, to which weights, activations and gradients
    /// are rounded for them (several times as fast where the processor has AMX). Parameters, sums, gradients and the
    /// optimizer are float32.
    /// </param>
    public LlamaTrainer(
        LlamaParameters parameters, AdamWOptions options, ThreadTeam team, LoraAdapter? adapter = null,
        long? activationBytes = null, IRankGroup? ranks = null, DType dtype = DType.Float32)
    {
        _ranks = ranks is { Count: > 1 } ? ranks : null;
        _graph = new LlamaGraph(parameters, team, adapter, activationBytes, _ranks, dtype);
        Optimizer = new AdamW(_graph.Trained, options, team);
    }

    /// <summary>The model; as trained so far, unless an adapter is trained.</summary>
    public LlamaParameters Parameters => _graph.Parameters;

    /// <summary>What steps change: the model's parameters, or the adapter's.</summary>
    public IReadOnlyList<NamedTensor> Trained => _graph.Trained;

    /// <summary>Gradients of the last step, before clipping, in the order of <see cref="Trained"/>.</summary>
    public IReadOnlyList<NamedTensor> Gradients => _graph.Gradients;

    /// <summary>The optimizer; its state and <see cref="Trained"/> are all that a trainer remembers.</summary>
    public AdamW Optimizer { get; }

    /// <summary>Takes over parameters that were changed from outside, as when a saved training goes on.</summary>
    public void LoadParameters() => _graph.LoadParameters();

    /// <summary>Takes a step.</summary>
    /// <typeparam name="TRow">What the loss learns from.</typeparam>
    /// <param name="loss">What the step makes smaller.</param>
    /// <param name="rows">The step's rows, at least 1.</param>
    /// <param name="learningRate">At least 0.</param>
    /// <exception cref="EngineException">
    /// The loss finds nothing to learn from, or a token is outside the vocabulary.
    /// </exception>
    public StepResult Step<TRow>(ILoss<TRow> loss, IReadOnlyList<TRow> rows, double learningRate)
    {
        (LossFigures figures, int tokens) = ComputeGradients(loss, rows);
        double norm = Optimizer.Step(_graph.Gradients, learningRate);
        _graph.LoadParameters();
        return new StepResult(figures, norm, tokens);
    }

    /// <summary>Sum of the log-probabilities of each sequence's targets; nothing is learnt.</summary>
    /// <param name="sequences">The sequences; weights count only as 0 or not.</param>
    /// <param name="progress">Told how many sequences are done; may throw to stop where there is one rank.</param>
    /// <returns>One sum a sequence.</returns>
    public double[] SequenceLogProbs(IReadOnlyList<TrainingSequence> sequences, Action<int>? progress = null) =>
        [.. TargetLogProbs(sequences, progress).Select(targets => targets.Sum(logProb => (double)logProb))];

    /// <summary>The log-probability of each target; nothing is learnt.</summary>
    /// <param name="sequences">The sequences; weights count only as 0 or not.</param>
    /// <param name="progress">Told how many sequences are done; may throw to stop where there is one rank.</param>
    /// <returns>For each sequence one of each target.</returns>
    public float[][] TargetLogProbs(IReadOnlyList<TrainingSequence> sequences, Action<int>? progress = null)
    {
        float[][] found = new float[sequences.Count][];
        List<(int First, int Count)> batches = Batches(sequences, 1);
        for (int b = 0; b < batches.Count; b++)
        {
            (int first, int count) = batches[b];
            if (IsOwn(b))
            {
                Fill(sequences, first, count);
                ReadOnlySpan<float> logProbs = _graph.Forward(_batch, keepLogits: false);
                for (int s = 0; s < count; s++)
                {
                    found[first + s] = logProbs[_batch.TargetsOf(s)].ToArray();
                }
            }

            progress?.Invoke(first + count);
        }

        for (int b = 0; b < batches.Count && _ranks is not null; b++)
        {
            for (int s = batches[b].First; s < batches[b].First + batches[b].Count; s++)
            {
                found[s] ??= new float[sequences[s].TargetCount];
                _ranks.Broadcast(OwnerOf(b), MemoryMarshal.AsBytes(found[s].AsSpan()));
            }
        }

        return found;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => _graph.Dispose();

    /// <summary>Tokens that go through the graph together; part of the order of sums.</summary>
    internal int BatchTokens { get; init; } = 2048;

    /// <summary>Logits whose gradients are summed up together; part of the order of sums.</summary>
    internal long SummedLogits { set => _graph.SummedLogits = value; }

    /// <summary>Logits that are at hand together where not all are kept; has no influence on results.</summary>
    internal long PieceLogits { set => _graph.PieceLogits = value; }

    /// <summary>Loss and gradients of a step, without taking it.</summary>
    internal (LossFigures Figures, int Tokens) ComputeGradients<TRow>(ILoss<TRow> loss, IReadOnlyList<TRow> rows)
    {
        IStepLoss step = loss.Begin(rows);
        int together = loss.SequencesPerRow, tokens = 0;
        TrainingSequence[] sequences = new TrainingSequence[together * rows.Count];
        for (int i = 0; i < sequences.Length; i++)
        {
            sequences[i] = loss.Sequence(rows[i / together], i % together);
            tokens += sequences[i].Tokens.Length;
        }

        List<(int First, int Count)> batches = Batches(sequences, together);
        float[][] own = new float[batches.Count][]; // log-probabilities, for the other ranks
        _graph.ClearGradients();
        for (int b = 0; b < batches.Count; b++)
        {
            if (IsOwn(b))
            {
                Fill(sequences, batches[b].First, batches[b].Count);
                ReadOnlySpan<float> logProbs = ComputeGradients(
                    step, batches[b].First / together, first: b == 0, last: b == batches.Count - 1);
                own[b] = _ranks is null ? [] : logProbs.ToArray();
            }
        }

        _graph.ShareGradients(OwnerOf(batches.Count - 1));
        return (_ranks is null ? step.Total : Total(loss, rows, sequences, batches, own), tokens);
    }

    /// <summary>The same of the batch at hand. Returns its log-probabilities.</summary>
    private ReadOnlySpan<float> ComputeGradients(IStepLoss step, int firstRow, bool first, bool last)
    {
        Span<float> gradient = _gradient.AsSpan(0, _batch.TargetCount);
        ReadOnlySpan<float> logProbs;
        if (step.TryGradient(_batch, gradient))
        {
            _graph.ForwardLayers(_batch);
            logProbs = _graph.Backward(gradient, first, last);
            step.Add(firstRow, _batch, logProbs, gradient);
            return logProbs;
        }

        logProbs = _graph.Forward(_batch);
        step.Add(firstRow, _batch, logProbs, gradient);
        return _graph.Backward(gradient, first, last);
    }

    /// <summary>What the loss says of a step that several ranks took: of all batches, in their order.</summary>
    private LossFigures Total<TRow>(
        ILoss<TRow> loss, IReadOnlyList<TRow> rows, TrainingSequence[] sequences, List<(int First, int Count)> batches,
        float[][] own)
    {
        IStepLoss step = loss.Begin(rows);
        for (int b = 0; b < batches.Count; b++)
        {
            Fill(sequences, batches[b].First, batches[b].Count);
            float[] logProbs = own[b] ?? new float[_batch.TargetCount];
            _ranks!.Broadcast(OwnerOf(b), MemoryMarshal.AsBytes(logProbs.AsSpan()));
            step.Add(
                batches[b].First / loss.SequencesPerRow, _batch, logProbs, _gradient.AsSpan(0, _batch.TargetCount));
        }

        return step.Total;
    }

    private int OwnerOf(int batch) => _ranks is null ? 0 : batch % _ranks.Count;

    private bool IsOwn(int batch) => _ranks is null || OwnerOf(batch) == _ranks.Rank;

    /// <summary>
    /// Splits sequences into batches: as many as fit, in groups of <paramref name="together"/> that stay together.
    /// </summary>
    private List<(int First, int Count)> Batches(IReadOnlyList<TrainingSequence> items, int together)
    {
        List<(int First, int Count)> batches = [];
        int first = 0, tokens = 0;
        for (int i = 0; i < items.Count; i += together)
        {
            int more = 0;
            for (int j = 0; j < together; j++)
            {
                more += items[i + j].Tokens.Length;
            }

            if (i > first && tokens + more > BatchTokens)
            {
                batches.Add((first, i - first));
                (first, tokens) = (i, 0);
            }

            tokens += more;
        }

        if (items.Count > first)
        {
            batches.Add((first, items.Count - first));
        }

        return batches;
    }

    private void Fill(IReadOnlyList<TrainingSequence> items, int first, int count)
    {
        _pending.Clear();
        for (int i = first; i < first + count; i++)
        {
            _pending.Add(items[i]);
        }

        _batch.Fill(CollectionsMarshal.AsSpan(_pending));
        if (_gradient.Length < _batch.TargetCount)
        {
            _gradient = new float[_batch.TargetCount + (_batch.TargetCount / 4)];
        }
    }
}
