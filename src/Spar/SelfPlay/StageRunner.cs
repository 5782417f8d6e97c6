using System.Globalization;
using Spar.Calls;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Runs stages: skips those whose product is kept, keeps the product of the others, and tells the observer.
/// </summary>
internal sealed class StageRunner(RunStore store, CallSession session, IRunObserver observer, TimeProvider time)
{
    /// <summary>One stage: its product from the store, or from <paramref name="work"/>.</summary>
    public async Task<T> RunAsync<T>(string stage, int items, Func<Task<T>> work)
        where T : class, IStageProduct
    {
        if (store.FindProduct<T>(stage) is { } kept)
        {
            observer.StageSkipped(stage);
            return kept;
        }

        observer.StageStarted(stage, items);
        string started = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        long start = time.GetTimestamp();
        (long calls, long tokens) = (session.Calls, session.OutputTokens);
        T product = await work().ConfigureAwait(false);
        StageTiming timing = new(
            stage,
            started,
            time.GetElapsedTime(start).TotalSeconds,
            session.Calls - calls,
            session.OutputTokens - tokens
        );
        store.KeepProduct(stage, product, timing);
        observer.StageFinished(stage, product.Statistics, timing);
        return product;
    }

    /// <summary>
    /// Works on all items, as many side by side as calls may be in flight. An item whose call fails is lost; the
    /// others go on.
    /// </summary>
    /// <returns>Results and failures by item; one of the two is null.</returns>
    /// <exception cref="SparException">Every item failed.</exception>
    public async Task<IReadOnlyList<(TResult? Result, string? Failure)>> EachAsync<TItem, TResult>(
        string stage,
        IReadOnlyList<TItem> items,
        Func<int, TItem, CancellationToken, Task<TResult>> work,
        CancellationToken cancellationToken
    )
        where TResult : class
    {
        (TResult? Result, string? Failure)[] results = await Crowd
            .EachAsync(
                items,
                session.Concurrency,
                work,
                (_, failure) => observer.ItemFinished(stage, failure is not null),
                cancellationToken
            )
            .ConfigureAwait(false);
        return items.Count > 0 && results.All(result => result.Failure is not null)
            ? throw AllFailed(stage, items.Count, results[0].Failure!)
            : results;
    }

    public static SparException AllFailed(string stage, int items, string reason) =>
        new(
            $"All {items} items of stage {stage} failed, the first with: {reason} Mend what the message names and "
                + "run the same command again; "
                + "what was answered so far is kept."
        );
}
