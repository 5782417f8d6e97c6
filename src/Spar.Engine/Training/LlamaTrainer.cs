using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>What a step found before it changed the parameters.</summary>
/// <param name="Figures">The loss, and what it says besides.</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
/// <param name="Tokens">Tokens of the step, prompts included.</param>
public sealed record StepResult(LossFigures Figures, double GradientNorm, int Tokens);

/// <summary>
/// Optimizer steps on a Llama-family model: splits a step's rows into batches that fit the caches, adds up their
/// gradients, clips and updates. Deterministic in its inputs and the saved state at any number of threads. Knows
/// nothing of files, tokenizers and data order.
/// </summary>
public sealed class LlamaTrainer : IDisposable
{
    private const int BatchTokens = 2048; // tokens that go through the graph together; part of the order of sums

    private readonly LlamaGraph _graph;
    private readonly TokenBatch _batch = new();
    private readonly List<TrainingSequence> _pending = [];
    private float[] _gradient = [];

    /// <summary>Makes a trainer with a fresh optimizer.</summary>
    /// <param name="parameters">The model; steps change it in place.</param>
    /// <param name="options">The optimizer's settings.</param>
    /// <param name="team">Threads to use; the trainer does not dispose of it.</param>
    /// <param name="adapter">An adapter to train instead of the model, which then stays as it is; or null.</param>
    /// <param name="activationBytes">
    /// Memory that activations may take before they are computed again instead of kept; has no influence on results.
    /// </param>
    public LlamaTrainer(
        LlamaParameters parameters, AdamWOptions options, ThreadTeam team, LoraAdapter? adapter = null,
        long activationBytes = LlamaGraph.DefaultActivationBytes)
    {
        _graph = new LlamaGraph(parameters, team, adapter, activationBytes);
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
    /// <returns>One sum a sequence.</returns>
    public double[] SequenceLogProbs(IReadOnlyList<TrainingSequence> sequences)
    {
        double[] sums = new double[sequences.Count];
        for (int first = 0; first < sequences.Count;)
        {
            int count = Fill(sequences, first);
            ReadOnlySpan<float> logProbs = _graph.Forward(_batch);
            for (int s = 0; s < count; s++)
            {
                foreach (float logProb in logProbs[_batch.TargetsOf(s)])
                {
                    sums[first + s] += logProb;
                }
            }

            first += count;
        }

        return sums;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => _graph.Dispose();

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

        _graph.ClearGradients();
        for (int first = 0; first < sequences.Length;)
        {
            int count = Fill(sequences, first, together);
            ReadOnlySpan<float> logProbs = _graph.Forward(_batch);
            Span<float> gradient = _gradient.AsSpan(0, _batch.TargetCount);
            step.Add(first / together, _batch, logProbs, gradient);
            _graph.Backward(gradient);
            first += count;
        }

        _graph.FlushGradients();
        return (step.Total, tokens);
    }

    /// <summary>
    /// Fills the batch with as many items from <paramref name="first"/> on as fit, in groups that stay together;
    /// returns how many.
    /// </summary>
    private int Fill(IReadOnlyList<TrainingSequence> items, int first, int together = 1)
    {
        _pending.Clear();
        int tokens = 0;
        for (int i = first; i < items.Count; i += together)
        {
            int more = 0;
            for (int j = 0; j < together; j++)
            {
                more += items[i + j].Tokens.Length;
            }

            if (i > first && tokens + more > BatchTokens)
            {
                break;
            }

            tokens += more;
            for (int j = 0; j < together; j++)
            {
                _pending.Add(items[i + j]);
            }
        }

        _batch.Fill(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending));
        if (_gradient.Length < _batch.TargetCount)
        {
            _gradient = new float[_batch.TargetCount + (_batch.TargetCount / 4)];
        }

        return _pending.Count;
    }
}
