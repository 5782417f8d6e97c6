using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Sampling;

/// <summary>
/// Turns a row of logits into a token id. Holds scratch for one vocabulary, so each thread needs its own; nothing else
/// is kept between calls. Every sum runs in one fixed order: the result depends on the arguments alone.
/// </summary>
internal sealed class Sampler
{
    private const int Lanes = VectorMath.Lanes;

    private readonly int _vocab;
    private readonly Penalties _penalties;
    private readonly TokenWeights _weights;

    /// <summary>Prepares scratch for rows of <paramref name="vocabSize"/> logits.</summary>
    /// <param name="vocabSize">Number of token ids, above 0.</param>
    public Sampler(int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        _vocab = vocabSize;
        _penalties = new Penalties(vocabSize);
        _weights = new TokenWeights(vocabSize);
    }

    /// <summary>
    /// Draws the next id: the first whose running probability exceeds <paramref name="draw"/>, in id order.
    /// </summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="options">Filters; validated by the caller.</param>
    /// <param name="previousIds">Ids that the penalties apply to; may repeat. Unused when they are off.</param>
    /// <param name="draw">A uniform number in [0, 1); unused at temperature 0.</param>
    /// <param name="promptLength">How many of these ids, from the first, are the prompt's.</param>
    /// <returns>The id.</returns>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public int Sample(
        ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, double draw,
        int promptLength = 0)
    {
        ReadOnlySpan<float> row = _penalties.Apply(logits, options, previousIds, promptLength);
        if (options.Temperature == 0)
        {
            return ArgMax(row);
        }

        double total = Weigh(row, options);
        return _weights.Pick(draw * total);
    }

    /// <summary>
    /// The probabilities that <see cref="Sample"/> draws from; at temperature 0 all mass is on the arg-max.
    /// </summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="options">Filters; validated by the caller.</param>
    /// <param name="previousIds">Ids that the penalties apply to.</param>
    /// <param name="probabilities">Receives [V] probabilities; 0 where an id was filtered out.</param>
    /// <param name="promptLength">How many of these ids, from the first, are the prompt's.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public void Distribution(
        ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, Span<double> probabilities,
        int promptLength = 0)
    {
        ReadOnlySpan<float> row = _penalties.Apply(logits, options, previousIds, promptLength);
        if (options.Temperature == 0)
        {
            probabilities.Clear();
            probabilities[ArgMax(row)] = 1;
            return;
        }

        double total = Weigh(row, options);
        for (int id = 0; id < _vocab; id++)
        {
            probabilities[id] = _weights[id] / total;
        }
    }

    /// <summary>
    /// Natural logarithm of an id's probability at temperature 1 without filters, with the bits that training gets.
    /// </summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="id">The id.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        return logits[id] - LogSum(logits);
    }

    /// <summary>Log-probability of an id, and the likeliest ids beside it.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="id">The id.</param>
    /// <param name="top">How many of the likeliest ids to list, at least 0.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public TokenLogProb LogProbabilities(ReadOnlySpan<float> logits, int id, int top)
    {
        float logSum = LogSum(logits);
        (int Id, double LogProb)[] best = new (int, double)[Math.Min(top, _vocab)];
        int count = 0;
        for (int other = 0; other < _vocab && best.Length > 0; other++)
        {
            if (count == best.Length && logits[other] <= logits[best[^1].Id])
            {
                continue;
            }

            int place = count < best.Length ? count++ : count - 1;
            for (; place > 0 && logits[other] > logits[best[place - 1].Id]; place--)
            {
                best[place] = best[place - 1];
            }

            best[place] = (other, logits[other] - logSum);
        }

        return new TokenLogProb(id, logits[id] - logSum, best);
    }

    /// <summary>The id of the largest logit; the lowest such id on ties.</summary>
    /// <param name="logits">One row; not empty.</param>
    /// <exception cref="EngineException">No logit is above negative infinity.</exception>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        float max = Max(logits);
        int id = logits.IndexOf(max);
        return id >= 0 && max > float.NegativeInfinity ? id : throw NotFinite();
    }

    /// <summary>log sum e^l, with the bits that training gets.</summary>
    private unsafe float LogSum(ReadOnlySpan<float> logits)
    {
        fixed (float* row = logits)
        {
            return float.IsFinite(Max(logits)) ? Softmax.LogSumExp(row, _vocab) : throw NotFinite();
        }
    }

    /// <summary>Fills the weights; returns their sum.</summary>
    private double Weigh(ReadOnlySpan<float> logits, SamplingOptions options)
    {
        float max = Max(logits);
        double total = float.IsFinite(max) ? _weights.Set(logits, max, options) : double.NaN;
        return total > 0 && double.IsFinite(total) ? total : throw NotFinite();
    }

    private static EngineException NotFinite()
        => new(
            "The model's logits are not finite: its weights are damaged, or it was trained into overflow. Check the "
            + "checkpoint.");

    // NaN where an element is NaN.
    private static float Max(ReadOnlySpan<float> values)
    {
        ref float start = ref MemoryMarshal.GetReference(values);
        Vector512<float> best = Vector512.Create(float.NegativeInfinity);
        Vector512<float> ordered = Vector512<float>.AllBitsSet;
        int i = 0;
        for (; i <= values.Length - Lanes; i += Lanes)
        {
            Vector512<float> v = Vector512.LoadUnsafe(ref start, (nuint)i);
            best = Vector512.ConditionalSelect(Vector512.GreaterThan(v, best), v, best);
            ordered &= Vector512.Equals(v, v);
        }

        if (ordered.AsInt32() != Vector512<int>.AllBitsSet)
        {
            return float.NaN;
        }

        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
        {
            max = best.GetElement(lane) > max ? best.GetElement(lane) : max;
        }

        for (; i < values.Length; i++)
        {
            if (float.IsNaN(values[i]))
            {
                return float.NaN;
            }

            max = values[i] > max ? values[i] : max;
        }

        return max;
    }
}
