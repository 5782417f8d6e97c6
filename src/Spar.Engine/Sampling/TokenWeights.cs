using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Sampling;

/// <summary>
/// A row of logits as weights, which are probabilities but for a common factor, after temperature and filters. Every
/// sum runs in one fixed order. Holds scratch for one vocabulary, so each thread needs its own.
/// </summary>
internal sealed class TokenWeights
{
    private const int Lanes = VectorMath.Lanes;
    private const int Chunk = 16 * Lanes;

    private readonly int _vocab;
    private readonly float[] _weights;
    private readonly float[] _chunkSums;
    private readonly float[] _scratch;
    private readonly Nucleus _nucleus;

    /// <summary>Prepares scratch for rows of <paramref name="vocabSize"/> logits.</summary>
    /// <param name="vocabSize">Number of token ids, above 0.</param>
    public TokenWeights(int vocabSize)
    {
        _vocab = vocabSize;
        int chunks = (vocabSize + Chunk - 1) / Chunk;
        _weights = new float[chunks * Chunk];
        _chunkSums = new float[chunks];
        _scratch = new float[vocabSize];
        _nucleus = new Nucleus(vocabSize);
    }

    /// <summary>The weight of an id, 0 where it was filtered out.</summary>
    /// <param name="id">From 0 to below V.</param>
    public float this[int id] => _weights[id];

    /// <summary>Sets each weight to e^((l - max) / T), 0 where it is filtered out.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="max">Its largest element, finite.</param>
    /// <param name="options">Temperature, above 0, and filters.</param>
    /// <returns>The sum of all weights; not finite, or not above 0, where a logit is NaN.</returns>
    public double Set(ReadOnlySpan<float> logits, float max, SamplingOptions options)
    {
        float threshold = options.TopK > 0 && options.TopK < _vocab
            ? TopK.KthLargest(logits, options.TopK, _scratch)
            : float.NegativeInfinity;
        float inverse = (float)(1 / options.Temperature);
        Vector512<float> vMax = Vector512.Create(max);
        Vector512<float> vThreshold = Vector512.Create(threshold);
        Vector512<float> vInverse = Vector512.Create(inverse);

        ref float source = ref MemoryMarshal.GetReference(logits);
        ref float target = ref MemoryMarshal.GetArrayDataReference(_weights);
        int i = 0;
        for (; i <= _vocab - Lanes; i += Lanes)
        {
            Weight(
                Vector512.LoadUnsafe(ref source, (nuint)i), vMax, vThreshold,
                vInverse).StoreUnsafe(ref target, (nuint)i);
        }

        if (i < _vocab)
        {
            Span<float> tail = stackalloc float[Lanes];
            tail.Fill(float.NegativeInfinity);
            logits[i..].CopyTo(tail);
            Weight(
                Vector512.Create((ReadOnlySpan<float>)tail), vMax, vThreshold,
                vInverse).StoreUnsafe(ref target, (nuint)i);
        }

        double total = Sum();
        if (!(total > 0) || !double.IsFinite(total))
        {
            return total;
        }

        bool filtered = false;
        if (options.TopP < 1)
        {
            _nucleus.Keep(_weights.AsSpan(0, _vocab), options.TopP * total);
            filtered = true;
        }

        if (options.MinP > 0)
        {
            // The largest weight is exp(0) = 1.
            Vector512<float> least = Vector512.Create((float)options.MinP);
            for (i = 0; i < _weights.Length; i += Lanes)
            {
                Vector512<float> w = Vector512.LoadUnsafe(ref target, (nuint)i);
                Vector512.ConditionalSelect(
                    Vector512.LessThan(w, least), Vector512<float>.Zero, w).StoreUnsafe(ref target, (nuint)i);
            }

            filtered = true;
        }

        return filtered ? Sum() : total;
    }

    /// <summary>The first id at which the running sum of weights exceeds <paramref name="target"/>.</summary>
    /// <param name="target">From 0 to below the sum of all weights.</param>
    public int Pick(double target)
    {
        double running = 0;
        int chunk = -1;
        for (int i = 0; i < _chunkSums.Length; i++)
        {
            if (_chunkSums[i] > 0)
            {
                chunk = i;
                if (running + _chunkSums[i] > target)
                {
                    break;
                }

                running += _chunkSums[i];
            }
        }

        // Rounding may leave the running sum just below the target at the chunk's end: its last id of weight is the
        // answer then.
        int pick = -1;
        int end = Math.Min((chunk + 1) * Chunk, _vocab);
        for (int id = chunk * Chunk; id < end; id++)
        {
            if (_weights[id] > 0)
            {
                pick = id;
                running += _weights[id];
                if (running > target)
                {
                    break;
                }
            }
        }

        return pick;
    }

    /// <summary>e^((l - max) / T); 0 below the threshold and where it would vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Weight(
        Vector512<float> l, Vector512<float> max, Vector512<float> threshold, Vector512<float> inverse)
    {
        Vector512<float> x = (l - max) * inverse;
        Vector512<float> none = Vector512.LessThan(l, threshold) | Vector512.LessThan(x, Vector512.Create(-87f));
        return Vector512.ConditionalSelect(none, Vector512<float>.Zero, VectorMath.Exp(x));
    }

    /// <summary>Sums the weights by chunks of 256 ids in float32, and these sums in float64.</summary>
    private double Sum()
    {
        ref float start = ref MemoryMarshal.GetArrayDataReference(_weights);
        double total = 0;
        for (int chunk = 0; chunk < _chunkSums.Length; chunk++)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int i = 0; i < Chunk; i += Lanes)
            {
                sum += Vector512.LoadUnsafe(ref start, (nuint)((chunk * Chunk) + i));
            }

            total += _chunkSums[chunk] = VectorMath.Sum(sum);
        }

        return total;
    }
}
