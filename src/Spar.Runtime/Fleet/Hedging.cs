namespace Spar.Runtime.Fleet;

/// <summary>
/// Asks a request that takes longer than nearly all of its kind at a second server too, where one has room at once: the
/// first whole answer counts, and the other request is given up. The two have the same seeds, so the answer is the same
/// either way, as far as servers give the same to the same seed.
/// </summary>
/// <param name="pool">The servers.</param>
/// <param name="usual">What requests usually take.</param>
/// <param name="time">The clock.</param>
internal sealed class Hedging(EndpointPool pool, UsualTimes usual, TimeProvider time)
{
    // Below this a second request costs more than it brings.
    private static readonly TimeSpan s_least = TimeSpan.FromSeconds(1);

    /// <summary>Asks.</summary>
    /// <typeparam name="T">What comes back.</typeparam>
    /// <param name="lease">The place at the first server, which stays the caller's to return.</param>
    /// <param name="tokens">Tokens that all answers may have.</param>
    /// <param name="ask">Asks at an endpoint.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The answer, and the place at the server that gave it: the caller's, or one that is the caller's now.</returns>
    public async Task<(T Answer, PoolLease Lease)> AskAsync<T>(
        PoolLease lease, long tokens, Func<PooledEndpoint, CancellationToken, Task<T>> ask,
        CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<T> first = ask(lease.Endpoint, stop.Token);
        (T Answer, PoolLease Lease)? found = null;
        while (found is null && await IsLateAsync(first, Wait(tokens, began), stop.Token).ConfigureAwait(false))
        {
            // What is usual may have become known meanwhile, and room elsewhere may come.
            if (usual.Of(tokens) is { } most && time.GetElapsedTime(began) >= most && pool.TryTakeElsewhere(lease) is { } other)
            {
                found = await EitherAsync(lease, first, other, ask, stop).ConfigureAwait(false);
            }
        }

        found ??= (await first.ConfigureAwait(false), lease);

        // Also what was asked twice: else ever shorter times would look usual.
        usual.Add(tokens, time.GetElapsedTime(began));
        return found.Value;
    }

    private TimeSpan Wait(long tokens, long began)
    {
        TimeSpan left = (usual.Of(tokens) ?? TimeSpan.Zero) - time.GetElapsedTime(began);
        return left > s_least ? left : s_least;
    }

    private async Task<bool> IsLateAsync(Task asked, TimeSpan after, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task late = Task.Delay(after, time, timer.Token);
        bool isLate = await Task.WhenAny(asked, late).ConfigureAwait(false) == late && !asked.IsCompleted;
        await timer.CancelAsync().ConfigureAwait(false);
        return isLate && !cancellationToken.IsCancellationRequested;
    }

    private async Task<(T Answer, PoolLease Lease)> EitherAsync<T>(
        PoolLease lease, Task<T> first, PoolLease other, Func<PooledEndpoint, CancellationToken, Task<T>> ask,
        CancellationTokenSource stop)
    {
        other.Endpoint.Counts.Hedged();
        Task<T> second = ask(other.Endpoint, stop.Token);
        bool won = await Task.WhenAny(first, second).ConfigureAwait(false) == second;
        if (won ? !second.IsCompletedSuccessfully : first.IsCompletedSuccessfully)
        {
            // The second has failed, or the first was quicker.
            if (!won)
            {
                await stop.CancelAsync().ConfigureAwait(false);
            }

            await EndAsync(other, second).ConfigureAwait(false);
            return (await first.ConfigureAwait(false), lease);
        }

        if (won)
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }

        try
        {
            T answer = await second.ConfigureAwait(false);
            await EndAsync(lease, first).ConfigureAwait(false);
            return (answer, other);
        }
        catch (Exception)
        {
            // Both failed: the first fault is the one that the caller knows what to do with.
            await EndAsync(other, second).ConfigureAwait(false);
            return (await first.ConfigureAwait(false), lease);
        }
    }

    private async Task EndAsync<T>(PoolLease lease, Task<T> asked)
    {
        try
        {
            await asked.ConfigureAwait(false);
            pool.Return(lease, new OperationCanceledException());
        }
        catch (Exception fault)
        {
            lease.Endpoint.Counts.Failed(fault);
            pool.Return(lease, fault);
        }
    }
}
