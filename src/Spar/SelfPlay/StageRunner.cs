using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Ground;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// Runs stages: skips those whose product is kept, keeps the product of the others, and tells the observer.
/// </summary>
/// <param name="store">Keeps products.</param>
/// <param name="session">Counts calls.</param>
/// <param name="observer">Is told.</param>
/// <param name="time">The clock.</param>
/// <param name="allowFailed">
/// Share of a stage's items, 0..1, that may be missing because calls failed; with more the stage has not ended.
/// </param>
/// <param name="retryFailed">
/// Whether stages that ended without some items ask for those again. Where that brings something, what was made with the
/// stage is forgotten, so that it is made anew.
/// </param>
internal sealed class StageRunner(
    RunStore store, CallSession session, IRunObserver observer, TimeProvider time, double allowFailed = 0,
    bool retryFailed = false)
{
    /// <summary>How far this session goes.</summary>
    public PlayScope Scope { get; init; } = PlayScope.Whole;

    /// <summary>Is told when stages were forgotten, so that results do not name what is no longer there.</summary>
    public Action Forgotten { get; init; } = () => { };

    /// <summary>One stage: its product from the store, or from <paramref name="work"/>.</summary>
    /// <typeparam name="T">The product's type.</typeparam>
    /// <param name="stage">The stage's name.</param>
    /// <param name="items">How many items it works on.</param>
    /// <param name="work">Makes the product.</param>
    /// <param name="keep">
    /// Keeps what belongs to a product that may be kept, and gives the product that is; null where nothing does.
    /// </param>
    /// <exception cref="SparException">
    /// More is missing than may be because calls failed: nothing is kept as the stage's product, and the same command
    /// asks for it again.
    /// </exception>
    public async Task<T> RunAsync<T>(string stage, int items, Func<Task<T>> work, Func<T, T>? keep = null)
        where T : class, IStageProduct
    {
        T? kept = store.FindProduct<T>(stage);
        bool again = kept?.MissingItems > 0 && (retryFailed || store.Retrying == stage);
        if (kept is not null && !again)
        {
            observer.StageSkipped(stage);
            return kept;
        }

        if (!Scope.Allows(stage))
        {
            throw new SparException(
                $"{stage} has not ended in the run that this is a shard of, and a shard only plays. Let the run go on until "
                + "it has something to play: spar run RECIPE --until-play.");
        }

        if (again)
        {
            // From here on the stage's items may be newer than what was made of them: whoever opens the run next goes on.
            store.Retrying = stage;
        }

        observer.StageStarted(stage, items);
        string started = time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        long start = time.GetTimestamp();
        (long calls, long tokens) = (session.Calls, session.OutputTokens);
        using Activity? trace = RunTraces.Stage(stage, items);
        T product;
        try
        {
            product = await work().ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not SessionEndException)
        {
            trace.Failed(fault);
            throw;
        }

        int missing = product.MissingItems;
        if (missing > (kept?.MissingItems ?? 0)
            && !AllowedFailures.Accept(missing, Math.Max(items, missing), allowFailed))
        {
            ItemFailure first = product.Statistics.Failures[0];
            throw new SparException(
                $"{missing} of {Math.Max(items, missing)} items of stage {stage} are missing because calls failed; the "
                + $"first, {first.Item}: {first.Reason.TrimEnd('.')}. The same command asks for them again; --allow-failed "
                + $"{AllowedFailures.Least(missing, Math.Max(items, missing))} goes on without them. What was answered so "
                + "far is kept.");
        }

        product = keep is null ? product : keep(product);
        StageTiming timing = new(
            stage,
            started,
            time.GetElapsedTime(start).TotalSeconds,
            session.Calls - calls,
            session.OutputTokens - tokens
        );
        if (kept is null)
        {
            store.KeepProduct(stage, product, timing);
        }
        else
        {
            Replace(stage, kept, product, timing);
        }

        observer.StageFinished(stage, product.Statistics, timing);
        return product;
    }

    // What was made with a stage that has more now would else be a silent mix of both.
    private void Replace<T>(string stage, T kept, T product, StageTiming timing)
        where T : class, IStageProduct
    {
        IReadOnlyDictionary<string, string> recipe = store.Identity.Values;
        bool iterative = recipe.GetValueOrDefault("iterative_training") != "false";
        string[] resting = JsonNode.DeepEquals(Substance(kept), Substance(product)) ? []
            : [.. store.Stages().Where(one => StageOrder.RestsOn(one, stage, iterative))];
        TrainingMethod method = StageOrder.MethodIn(recipe);
        store.Redo(stage, product, timing, resting, key => StageOrder.OwnerOf(key, method));
        if (resting.Length > 0)
        {
            Forgotten();
        }

        observer.Warn(string.Create(
            CultureInfo.InvariantCulture,
            $"{stage}: of {kept.MissingItems} items that were missing, {product.MissingItems} still are.")
            + (resting.Length == 0 ? ""
                : $" What was made without them is made anew: {string.Join(", ", resting)}."));
    }

    // A product less the words of what failed, which differ from one attempt to the next.
    private static JsonNode? Substance<T>(T product)
    {
        JsonNode? node = product is KeptData data
            ? JsonSerializer.SerializeToNode(data.Counted(), JsonSettings.Compact)
            : JsonSerializer.SerializeToNode(product, JsonSettings.Compact);
        Blank(node);
        return node;

        static void Blank(JsonNode? node)
        {
            switch (node)
            {
                case JsonObject group:
                    if (group.ContainsKey("item"))
                    {
                        group.Remove("reason");
                    }

                    foreach ((_, JsonNode? value) in group)
                    {
                        Blank(value);
                    }

                    break;
                case JsonArray list:
                    foreach (JsonNode? entry in list)
                    {
                        Blank(entry);
                    }

                    break;
                default:
                    break;
            }
        }
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
