namespace Spar.Calls;

/// <summary>
/// Works on many items at once. An item whose call fails is lost and says why; the others go on. What an item's calls
/// were answered is kept by the
/// stack that they go through, so the same crowd, started again, makes only the calls that are missing.
/// </summary>
public static class Crowd
{
    /// <summary>Works on all items, a bounded number of them side by side.</summary>
    /// <typeparam name="TItem">The items.</typeparam>
    /// <typeparam name="TResult">What is made of one.</typeparam>
    /// <param name="items">The items.</param>
    /// <param name="concurrency">Items at work at once, at least 1.</param>
    /// <param name="work">Makes something of an item, given its number; called from many threads.</param>
    /// <param name="finished">
    /// Told of each item's number as it ends, and why it failed or null; called from many threads. Null for nobody.
    /// </param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>Results and failures in the order of the items; one of the two is null.</returns>
    /// <exception cref="RunFaultException">
    /// A fault that is not one item's, such as a backend that was given up.
    /// </exception>
    public static async Task<(TResult? Result, string? Failure)[]> EachAsync<TItem, TResult>(
        IReadOnlyList<TItem> items,
        int concurrency,
        Func<int, TItem, CancellationToken, Task<TResult>> work,
        Action<int, string?>? finished,
        CancellationToken cancellationToken)
        where TResult : class
    {
        (TResult? Result, string? Failure)[] outcomes = new (TResult?, string?)[items.Count];
        ParallelOptions options = new() { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, items.Count, options, async (i, token) =>
        {
            try
            {
                outcomes[i].Result = await work(i, items[i], token).ConfigureAwait(false);
            }
            catch (CallFailedException failure)
            {
                outcomes[i].Failure = failure.Message;
            }

            finished?.Invoke(i, outcomes[i].Failure);
        }).ConfigureAwait(false);
        return outcomes;
    }
}
