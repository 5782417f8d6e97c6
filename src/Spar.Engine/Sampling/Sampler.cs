using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Spar.Engine.Kernels;

namespace Spar.Engine.Sampling;

/// <summary>
/// Turns a row of logits into a token id. Holds scratch for one vocabulary, so each thread needs its own; nothing else is kept between calls.
/// Every sum runs in one fixed order: the result depends on the arguments alone.
/// </summary>
internal sealed class Sampler
{
    private const int Lanes = 16;
    private const int Chunk = 16 * Lanes;
    private const int BucketShift = 20; // keeps exponent and three bits of the mantissa

    private static readonly SamplingOptions Unfiltered = new();

    private readonly int _vocab;
    private readonly float[] _logits;
    private readonly float[] _weights;
    private readonly float[] _chunkSums;
    private readonly double[] _bucketSums = new double[Bucket(1) + 1];
    private readonly float[] _keys;
    private readonly int[] _ids;
    private readonly ulong[] _seen;

    /// <summary>Prepares scratch for rows of <paramref name="vocabSize"/> logits.</summary>
    /// <param name="vocabSize">Number of token ids, above 0.</param>
    public Sampler(int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        _vocab = vocabSize;
        int chunks = (vocabSize + Chunk - 1) / Chunk;
        _logits = new float[vocabSize];
        _weights = new float[chunks * Chunk];
        _chunkSums = new float[chunks];
        _keys = new float[vocabSize];
        _ids = new int[vocabSize];
        _seen = new ulong[(vocabSize + 63) / 64];
    }

    /// <summary>Draws the next id: the first whose running probability exceeds <paramref name="draw"/>, in id order.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="options">Filters; validated by the caller.</param>
    /// <param name="previousIds">Ids that the penalties apply to; may repeat. Unused when they are off.</param>
    /// <param name="draw">A uniform number in [0, 1); unused at temperature 0.</param>
    /// <param name="promptLength">How many of these ids, from the first, are the prompt's.</param>
    /// <returns>The id.</returns>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public int Sample(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, double draw, int promptLength = 0)
    {
        ReadOnlySpan<float> row = Penalise(logits, options, previousIds, promptLength);
        if (options.Temperature == 0)
        {
            return ArgMax(row);
        }

        double total = Weigh(row, options);
        return Pick(draw * total);
    }

    /// <summary>The probabilities that <see cref="Sample"/> draws from; at temperature 0 all mass is on the arg-max.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="options">Filters; validated by the caller.</param>
    /// <param name="previousIds">Ids that the penalties apply to.</param>
    /// <param name="probabilities">Receives [V] probabilities; 0 where an id was filtered out.</param>
    /// <param name="promptLength">How many of these ids, from the first, are the prompt's.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public void Distribution(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, Span<double> probabilities, int promptLength = 0)
    {
        ReadOnlySpan<float> row = Penalise(logits, options, previousIds, promptLength);
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

    /// <summary>Natural logarithm of an id's probability at temperature 1 without filters.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="id">The id.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        double total = Weigh(logits, Unfiltered);
        return (double)logits[id] - Max(logits) - Math.Log(total);
    }

    /// <summary>Log-probability of an id, and the likeliest ids beside it.</summary>
    /// <param name="logits">One row, [V].</param>
    /// <param name="id">The id.</param>
    /// <param name="top">How many of the likeliest ids to list, at least 0.</param>
    /// <exception cref="EngineException">The logits hold NaN or no finite value.</exception>
    public TokenLogProb LogProbabilities(ReadOnlySpan<float> logits, int id, int top)
    {
        double logSum = Math.Log(Weigh(logits, Unfiltered)), max = Max(logits);
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

            best[place] = (other, logits[other] - max - logSum);
        }

        return new TokenLogProb(id, logits[id] - max - logSum, best);
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

    private static EngineException NotFinite()
        => new("The model's logits are not finite: its weights are damaged, or it was trained into overflow. Check the checkpoint.");

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

    private ReadOnlySpan<float> Penalise(ReadOnlySpan<float> logits, SamplingOptions options, ReadOnlySpan<int> previousIds, int promptLength)
    {
        if (logits.Length != _vocab)
        {
            throw new ArgumentException($"The row has {logits.Length} logits; the sampler was made for {_vocab}.", nameof(logits));
        }

        if (options is { RepetitionPenalty: 1, PresencePenalty: 0, FrequencyPenalty: 0 })
        {
            return logits;
        }

        logits.CopyTo(_logits);
        float penalty = (float)options.RepetitionPenalty, presence = (float)options.PresencePenalty, frequency = (float)options.FrequencyPenalty;
        foreach (int id in previousIds)
        {
            if (IsFirst(id))
            {
                _logits[id] = _logits[id] < 0 ? _logits[id] * penalty : _logits[id] / penalty;
            }
        }

        Forget(previousIds);
        foreach (int id in previousIds[promptLength..])
        {
            _logits[id] -= IsFirst(id) ? presence + frequency : frequency;
        }

        Forget(previousIds);
        return _logits.AsSpan(0, _vocab);
    }

    /// <summary>Whether an id has not been asked for since <see cref="Forget"/>.</summary>
    private bool IsFirst(int id)
    {
        ulong bit = 1UL << (id & 63), seen = _seen[id >> 6];
        _seen[id >> 6] = seen | bit;
        return (seen & bit) == 0;
    }

    private void Forget(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            _seen[id >> 6] = 0;
        }
    }

    /// <summary>Fills <see cref="_weights"/> with exp((l - max) / T), 0 where filtered; returns their sum.</summary>
    private double Weigh(ReadOnlySpan<float> logits, SamplingOptions options)
    {
        float max = Max(logits);
        if (!float.IsFinite(max))
        {
            throw NotFinite();
        }

        float threshold = options.TopK > 0 && options.TopK < _vocab ? KthLargest(logits, options.TopK) : float.NegativeInfinity;
        float inverse = (float)(1 / options.Temperature);
        Vector512<float> vMax = Vector512.Create(max);
        Vector512<float> vThreshold = Vector512.Create(threshold);
        Vector512<float> vInverse = Vector512.Create(inverse);

        ref float source = ref MemoryMarshal.GetReference(logits);
        ref float target = ref MemoryMarshal.GetArrayDataReference(_weights);
        int i = 0;
        for (; i <= _vocab - Lanes; i += Lanes)
        {
            Weight(Vector512.LoadUnsafe(ref source, (nuint)i), vMax, vThreshold, vInverse).StoreUnsafe(ref target, (nuint)i);
        }

        if (i < _vocab)
        {
            Span<float> tail = stackalloc float[Lanes];
            tail.Fill(float.NegativeInfinity);
            logits[i..].CopyTo(tail);
            Weight(Vector512.Create((ReadOnlySpan<float>)tail), vMax, vThreshold, vInverse).StoreUnsafe(ref target, (nuint)i);
        }

        double total = Sum();
        if (!(total > 0) || !double.IsFinite(total))
        {
            throw NotFinite();
        }

        bool filtered = false;
        if (options.TopP < 1)
        {
            KeepNucleus(options.TopP * total);
            filtered = true;
        }

        if (options.MinP > 0)
        {
            // The largest weight is exp(0) = 1.
            Vector512<float> least = Vector512.Create((float)options.MinP);
            for (i = 0; i < _weights.Length; i += Lanes)
            {
                Vector512<float> w = Vector512.LoadUnsafe(ref target, (nuint)i);
                Vector512.ConditionalSelect(Vector512.LessThan(w, least), Vector512<float>.Zero, w).StoreUnsafe(ref target, (nuint)i);
            }

            filtered = true;
        }

        return filtered ? Sum() : total;
    }

    /// <summary>e^((l - max) / T); 0 below the threshold and where it would vanish.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Weight(Vector512<float> l, Vector512<float> max, Vector512<float> threshold, Vector512<float> inverse)
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

    /// <summary>The first id at which the running sum of weights exceeds <paramref name="target"/>.</summary>
    private int Pick(double target)
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

        // Rounding may leave the running sum just below the target at the chunk's end: its last id of weight is the answer then.
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

    /// <summary>
    /// Zeroes all weights but the largest ones whose sum reaches <paramref name="mass"/>. Weights are summed by their leading bits (an eighth
    /// of an octave a bucket), and only the bucket that the cut runs through is sorted.
    /// </summary>
    private void KeepNucleus(double mass)
    {
        Array.Clear(_bucketSums);
        for (int id = 0; id < _vocab; id++)
        {
            _bucketSums[Bucket(_weights[id])] += _weights[id];
        }

        double running = 0;
        int cut = _bucketSums.Length - 1;
        for (; cut > 0 && running + _bucketSums[cut] < mass; cut--)
        {
            running += _bucketSums[cut];
        }

        int count = 0;
        for (int id = 0; id < _vocab; id++)
        {
            int bucket = Bucket(_weights[id]);
            if (bucket == cut)
            {
                _keys[count] = -_weights[id];
                _ids[count++] = id;
            }

            if (bucket <= cut)
            {
                _weights[id] = 0;
            }
        }

        SortStable(_keys.AsSpan(0, count), _ids.AsSpan(0, count));
        for (int i = 0; i < count && running < mass; i++)
        {
            running -= _keys[i];
            _weights[_ids[i]] = -_keys[i];
        }
    }

    private static int Bucket(float weight) => BitConverter.SingleToInt32Bits(weight) >> BucketShift;

    /// <summary>Sorts by key, then by id.</summary>
    private static void SortStable(Span<float> keys, Span<int> ids)
    {
        keys.Sort(ids);
        for (int i = 0; i < keys.Length;)
        {
            int end = i + 1;
            while (end < keys.Length && keys[end] == keys[i])
            {
                end++;
            }

            if (end - i > 1)
            {
                ids[i..end].Sort();
            }

            i = end;
        }
    }

    /// <summary>The k-th largest value (1-based), by a heap of the k largest so far.</summary>
    private float KthLargest(ReadOnlySpan<float> values, int k)
    {
        Span<float> heap = _keys.AsSpan(0, k);
        values[..k].CopyTo(heap);
        for (int i = k / 2 - 1; i >= 0; i--)
        {
            SiftDown(heap, i);
        }

        foreach (float value in values[k..])
        {
            if (value > heap[0])
            {
                heap[0] = value;
                SiftDown(heap, 0);
            }
        }

        return heap[0];
    }

    private static void SiftDown(Span<float> heap, int i)
    {
        float value = heap[i];
        while (2 * i + 1 < heap.Length)
        {
            int child = 2 * i + 1;
            if (child + 1 < heap.Length && heap[child + 1] < heap[child])
            {
                child++;
            }

            if (heap[child] >= value)
            {
                break;
            }

            heap[i] = heap[child];
            i = child;
        }

        heap[i] = value;
    }
}
