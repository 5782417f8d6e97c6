namespace Spar.Engine.Sampling;

/// <summary>
/// Top-p: the fewest largest weights that hold a share of the whole (Holtzman et al. 2020). Holds scratch for one
/// vocabulary, so each thread needs its own.
/// </summary>
/// <param name="vocabSize">Number of token ids, above 0.</param>
internal sealed class Nucleus(int vocabSize)
{
    private const int BucketShift = 20; // keeps exponent and three bits of the mantissa

    private readonly double[] _bucketSums = new double[Bucket(1) + 1];
    private readonly float[] _keys = new float[vocabSize];
    private readonly int[] _ids = new int[vocabSize];

    /// <summary>
    /// Zeroes all weights but the largest ones whose sum reaches <paramref name="mass"/>. Weights are summed by their
    /// leading bits (an eighth of an octave a bucket), and only the bucket that the cut runs through is sorted.
    /// </summary>
    /// <param name="weights">[V], each from 0 to 1.</param>
    /// <param name="mass">Above 0.</param>
    public void Keep(Span<float> weights, double mass)
    {
        Array.Clear(_bucketSums);
        for (int id = 0; id < weights.Length; id++)
        {
            _bucketSums[Bucket(weights[id])] += weights[id];
        }

        double running = 0;
        int cut = _bucketSums.Length - 1;
        for (; cut > 0 && running + _bucketSums[cut] < mass; cut--)
        {
            running += _bucketSums[cut];
        }

        int count = 0;
        for (int id = 0; id < weights.Length; id++)
        {
            int bucket = Bucket(weights[id]);
            if (bucket == cut)
            {
                _keys[count] = -weights[id];
                _ids[count++] = id;
            }

            if (bucket <= cut)
            {
                weights[id] = 0;
            }
        }

        SortStable(_keys.AsSpan(0, count), _ids.AsSpan(0, count));
        for (int i = 0; i < count && running < mass; i++)
        {
            running -= _keys[i];
            weights[_ids[i]] = -_keys[i];
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
}
