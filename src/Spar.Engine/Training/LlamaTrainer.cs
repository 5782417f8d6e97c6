using Spar.Engine.Kernels;
using Spar.Engine.Models;

namespace Spar.Engine.Training;

/// <summary>What a supervised step found before it changed the parameters.</summary>
/// <param name="Loss">Mean of -log p over the step's targets (<see cref="CrossEntropy"/>).</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
/// <param name="Tokens">Tokens of the step, prompts included.</param>
public sealed record SupervisedStepResult(double Loss, double GradientNorm, int Tokens);

/// <summary>What a preference step found before it changed the parameters; means are over the step's pairs.</summary>
/// <param name="Loss">Mean loss (<see cref="PreferenceLoss"/>).</param>
/// <param name="RewardMargin">Mean of chosen minus rejected reward.</param>
/// <param name="RewardAccuracy">Share of pairs whose chosen reward is the higher.</param>
/// <param name="GradientNorm">Norm of all gradients before clipping.</param>
/// <param name="Tokens">Tokens of the step, prompts included.</param>
public sealed record PreferenceStepResult(double Loss, double RewardMargin, double RewardAccuracy, double GradientNorm, int Tokens);

/// <summary>
/// Optimizer steps on a Llama-family model: splits a step's rows into batches that fit the caches, adds up their gradients, clips and updates.
/// Deterministic in its inputs and the saved state at any number of threads. Knows nothing of files, tokenizers and data order.
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
    /// <param name="activationBytes">Memory that activations may take before they are computed again instead of kept; has no influence on results.</param>
    public LlamaTrainer(LlamaParameters parameters, AdamWOptions options, ThreadTeam team, LoraAdapter? adapter = null, long activationBytes = LlamaGraph.DefaultActivationBytes)
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

    /// <summary>Learns from examples.</summary>
    /// <param name="examples">The step's rows, at least 1 with a target.</param>
    /// <param name="learningRate">At least 0.</param>
    /// <exception cref="EngineException">No row has a target, or a token is outside the vocabulary.</exception>
    public SupervisedStepResult SupervisedStep(IReadOnlyList<TrainingSequence> examples, double learningRate)
    {
        (double loss, int tokens) = SupervisedGradients(examples);
        double norm = Optimizer.Step(_graph.Gradients, learningRate);
        _graph.LoadParameters();
        return new SupervisedStepResult(loss, norm, tokens);
    }

    /// <summary>Learns from preference pairs (DPO).</summary>
    /// <param name="pairs">The step's pairs, at least 1, each response with a target.</param>
    /// <param name="learningRate">At least 0.</param>
    /// <param name="beta">Strength of the pull towards the reference, above 0.</param>
    /// <param name="sftWeight">Weight of the chosen responses' likelihood, 0 for none.</param>
    /// <exception cref="EngineException">A response has no target, or a token is outside the vocabulary.</exception>
    public PreferenceStepResult PreferenceStep(IReadOnlyList<TrainingPair> pairs, double learningRate, double beta, double sftWeight)
    {
        PreferenceStepResult result = PreferenceGradients(pairs, beta, sftWeight);
        double norm = Optimizer.Step(_graph.Gradients, learningRate);
        _graph.LoadParameters();
        return result with { GradientNorm = norm };
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
                sums[first + s] = SequenceSum(logProbs, s);
            }

            first += count;
        }

        return sums;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => _graph.Dispose();

    /// <summary>Loss and gradients of a supervised step, without taking it.</summary>
    internal (double Loss, int Tokens) SupervisedGradients(IReadOnlyList<TrainingSequence> examples)
    {
        double totalWeight = 0;
        int tokens = 0;
        foreach (TrainingSequence example in examples)
        {
            tokens += example.Tokens.Length;
            for (int i = 0; i < example.Tokens.Length; i++)
            {
                totalWeight += example.Weight(i);
            }
        }

        if (totalWeight <= 0)
        {
            throw new EngineException("No row of this training step has a response to learn from. Check the data, and that prompts are shorter than the cutoff length.");
        }

        _graph.ClearGradients();
        double loss = 0;
        for (int first = 0; first < examples.Count;)
        {
            first += Fill(examples, first);
            ReadOnlySpan<float> logProbs = _graph.Forward(_batch);
            loss += CrossEntropy.Evaluate(logProbs, _batch.TargetWeights, totalWeight, Gradient());
            _graph.Backward(Gradient());
        }

        _graph.FlushGradients();
        return (loss, tokens);
    }

    /// <summary>Loss and gradients of a preference step, without taking it; the gradient norm is left 0.</summary>
    internal PreferenceStepResult PreferenceGradients(IReadOnlyList<TrainingPair> pairs, double beta, double sftWeight)
    {
        ArgumentOutOfRangeException.ThrowIfZero(pairs.Count);
        TrainingSequence[] sequences = new TrainingSequence[2 * pairs.Count];
        for (int p = 0; p < pairs.Count; p++)
        {
            (sequences[2 * p], sequences[(2 * p) + 1]) = (pairs[p].Chosen, pairs[p].Rejected);
            if (pairs[p].Chosen.TargetCount == 0 || pairs[p].Rejected.TargetCount == 0)
            {
                throw new EngineException($"Preference pair {p} of this step has an empty response. Check the data, and that prompts are shorter than the cutoff length.");
            }
        }

        _graph.ClearGradients();
        double loss = 0, margin = 0;
        int right = 0;
        for (int first = 0; first < sequences.Length;)
        {
            int count = Fill(sequences, first, together: 2);
            ReadOnlySpan<float> logProbs = _graph.Forward(_batch);
            Span<float> gradient = Gradient();
            for (int s = 0; s < count; s += 2)
            {
                TrainingPair pair = pairs[(first + s) / 2];
                Range chosen = Targets(s), rejected = Targets(s + 1);
                PairLoss result = PreferenceLoss.Evaluate(
                    SequenceSum(logProbs, s), SequenceSum(logProbs, s + 1), pair.ReferenceChosen, pair.ReferenceRejected, pair.Chosen.TargetCount, beta, sftWeight);
                gradient[chosen].Fill((float)(result.ChosenGradient / pairs.Count));
                gradient[rejected].Fill((float)(result.RejectedGradient / pairs.Count));
                loss += result.Loss;
                margin += result.ChosenReward - result.RejectedReward;
                right += result.ChosenReward > result.RejectedReward ? 1 : 0;
            }

            _graph.Backward(gradient);
            first += count;
        }

        _graph.FlushGradients();
        return new PreferenceStepResult(loss / pairs.Count, margin / pairs.Count, (double)right / pairs.Count, 0, sequences.Sum(s => s.Tokens.Length));
    }

    /// <summary>Fills the batch with as many items from <paramref name="first"/> on as fit, in groups that stay together; returns how many.</summary>
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

    private Span<float> Gradient() => _gradient.AsSpan(0, _batch.TargetCount);

    private Range Targets(int sequence) => _batch.TargetStarts[sequence].._batch.TargetStarts[sequence + 1];

    private double SequenceSum(ReadOnlySpan<float> logProbs, int sequence)
    {
        double sum = 0;
        foreach (float logProb in logProbs[Targets(sequence)])
        {
            sum += logProb;
        }

        return sum;
    }
}
