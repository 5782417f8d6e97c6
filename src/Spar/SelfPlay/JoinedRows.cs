using System.Collections;

namespace Spar.SelfPlay;

/// <summary>Lists one behind the other, as one list that holds nothing of its own.</summary>
/// <typeparam name="T">The rows' type.</typeparam>
/// <param name="parts">The lists.</param>
internal sealed class JoinedRows<T>(IReadOnlyList<IReadOnlyList<T>> parts) : IReadOnlyList<T>
{
    /// <inheritdoc/>
    public int Count => parts.Sum(part => part.Count);

    /// <inheritdoc/>
    public T this[int index]
    {
        get
        {
            foreach (IReadOnlyList<T> part in parts)
            {
                if (index < part.Count)
                {
                    return part[index];
                }

                index -= part.Count;
            }

            throw new ArgumentOutOfRangeException(nameof(index));
        }
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => parts.SelectMany(part => part).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
