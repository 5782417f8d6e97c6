namespace Spar.Engine.Sampling;

/// <summary>Finds where the k largest numbers of a row end.</summary>
internal static class TopK
{
    /// <summary>The k-th largest value, by a heap of the k largest so far.</summary>
    /// <param name="values">The row.</param>
    /// <param name="k">From 1 to the row's length.</param>
    /// <param name="scratch">At least k numbers; overwritten.</param>
    public static float KthLargest(ReadOnlySpan<float> values, int k, Span<float> scratch)
    {
        Span<float> heap = scratch[..k];
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
