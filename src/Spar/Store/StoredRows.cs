using System.Collections;
using System.Globalization;

namespace Spar.Store;

/// <summary>
/// Items of a stage as a list that holds none of them: going through it reads them page by page out of the store, which
/// has to be open for as long.
/// </summary>
/// <typeparam name="T">The records' type.</typeparam>
/// <param name="store">The store.</param>
/// <param name="stage">The stage's name.</param>
/// <param name="from">The number of the first item.</param>
/// <param name="count">How many they are; their numbers follow each other.</param>
internal sealed class StoredRows<T>(RunStore store, string stage, int from, int count) : IReadOnlyList<T>
    where T : class
{
    /// <inheritdoc/>
    public int Count => count;

    /// <inheritdoc/>
    /// <exception cref="SparException">The store lacks the item, or it is damaged.</exception>
    public T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
            return store.FindItem<T>(stage, from + index) ?? throw Lacking(index);
        }
    }

    /// <summary>Rows that follow each other.</summary>
    /// <param name="start">The first.</param>
    /// <param name="length">How many.</param>
    public StoredRows<T> Slice(int start, int length) => new(store, stage, from + start, length);

    /// <inheritdoc/>
    /// <exception cref="SparException">The store lacks an item, or it is damaged.</exception>
    public IEnumerator<T> GetEnumerator()
    {
        int next = from;
        foreach ((int item, T record) in store.ReadItems<T>(stage, from, from + count))
        {
            if (item != next)
            {
                break;
            }

            next++;
            yield return record;
        }

        if (next < from + count)
        {
            throw Lacking(next - from);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private SparException Lacking(int index) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"The run in {store.Directory} lacks row {from + index} of {stage}, which it says to have. Restore run.db from a "
        + $"copy, or go on with the run after spar runs verify."));
}
