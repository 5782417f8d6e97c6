using System.Collections.Concurrent;
using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.Store;
using Spar.Templates;

namespace Spar.SelfPlay;

/// <summary>
/// The play of one iteration. Prompts flow: a response is judged as soon as it is there, and a negative is searched as
/// soon as the prompt's votes are known, while other prompts are still being answered.
/// </summary>
internal sealed class PlayStage(
    Recipe recipe, TemplateSet templates, StageRunner runner, RunStore store, CallSession session,
    IRunObserver observer, PlayScope? scope = null, IPlayElsewhere? elsewhere = null, TimeProvider? time = null,
    IResponseMender? mender = null)
{
    private readonly Gate _gate = recipe.Search.ToGate();

    /// <summary>
    /// Plays all prompts that are not kept yet. The records are the stage's items, by the prompt's position.
    /// </summary>
    /// <param name="iteration">1 and up.</param>
    /// <param name="items">The prompts.</param>
    /// <param name="openModels">Opens actor, refiner and judge; not called when the stage has ended before.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<PlayProduct> RunAsync(
        int iteration, IReadOnlyList<Prompt> items, Func<Task<(
            ModelCaller Actor, ModelCaller Refiner, IJudge Judge)>> openModels, CancellationToken cancellationToken)
    {
        string stage = StageNames.Play(iteration);
        return runner.RunAsync(stage, items.Count, async () =>
        {
            int[] open = Open();
            for (int kept = items.Count - open.Length; kept > 0; kept--)
            {
                observer.ItemFinished(stage, failed: false);
            }

            PlayShard? shard = scope?.Shard;
            int[] share = [.. Enumerable.Range(0, items.Count).Where(i => shard is null || shard.Has(i))];
            if (open.Length > 0 && shard is null && scope is not { EndsBefore: true } && elsewhere is not null)
            {
                int told = 0;
                await elsewhere.PlayAsync(
                    new OpenPlay(iteration, stage, items.Count, Open), store,
                    count =>
                    {
                        for (; told < Math.Min(count, open.Length); told++)
                        {
                            observer.ItemFinished(stage, failed: false);
                        }
                    },
                    cancellationToken).ConfigureAwait(false);
                open = Open();
            }

            open = [.. open.Where(i => shard is null || shard.Has(i))];
            if (open.Length > 0)
            {
                if (scope is { EndsBefore: true })
                {
                    throw new SessionEndException(stage, share.Length - open.Length, share.Length);
                }

                (ModelCaller actor, ModelCaller refiner, IJudge judge) = await openModels().ConfigureAwait(false);
                RefinementSampler sampler = new(refiner, templates, recipe.Refine);
                IRefinementSearch search = recipe.Refinement == RefinementKind.Single
                    ? SearchStrategy.Once.Create(judge, sampler, recipe.Search)
                    : SearchStrategy.Tree(judge, sampler, recipe.Search);
                if (mender is not null)
                {
                    search = new MendingSearch(search, mender, judge, _gate, templates.Format, session);
                }

                await PlayAllAsync(iteration, items, open, actor, judge, search, cancellationToken)
                    .ConfigureAwait(false);
            }

            if (shard is not null)
            {
                throw new SessionEndException(
                    stage,
                    store.ReadItems<PlayRecord>(stage).Count(entry => shard.Has(entry.Item) && !entry.Record.Incomplete),
                    share.Length);
            }

            return new PlayProduct(
                PlayStatistics.Of(store.ReadItems<PlayRecord>(stage).Select(entry => entry.Record), _gate));

            // What is not kept whole, or was kept of other prompts.
            int[] Open()
            {
                HashSet<int> kept = [.. store.ReadItems<PlayRecord>(stage)
                    .Where(entry => !entry.Record.Incomplete && entry.Item < items.Count
                        && items[entry.Item].Id == entry.Record.PromptId
                        && items[entry.Item].Instruction == entry.Record.Instruction)
                    .Select(entry => entry.Item)];
                return [.. Enumerable.Range(0, items.Count).Where(i => !kept.Contains(i))];
            }
        });
    }

    private async Task PlayAllAsync(
        int iteration, IReadOnlyList<Prompt> items, int[] open, ModelCaller actor, IJudge judge,
        IRefinementSearch search,
        CancellationToken cancellationToken)
    {
        string stage = StageNames.Play(iteration);
        ConcurrentDictionary<int, PlayRecord> incomplete = [];
        int lost = 0;
        PlayedCount? counted = scope?.Shard is null ? null : new PlayedCount(store.Directory, time ?? TimeProvider.System);
        counted?.Add(Enumerable.Range(0, items.Count).Count(scope!.Shard!.Has) - open.Length);
        ParallelOptions options =
            new() { MaxDegreeOfParallelism = session.Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(open, options, async (item, token) =>
        {
            PlayRecord record = await PlayAsync(iteration, item, items[item], actor, judge, search, token)
                .ConfigureAwait(false);
            if (record.Incomplete)
            {
                incomplete[item] = record;
            }
            else
            {
                store.KeepItem(stage, item, record);
            }

            if (record.Lost)
            {
                Interlocked.Increment(ref lost);
            }

            observer.ItemFinished(stage, record.Lost);
            counted?.Add(1);
        }).ConfigureAwait(false);
        counted?.Write();

        if (lost == items.Count)
        {
            PlayRecord first = incomplete[open[0]];
            throw StageRunner.AllFailed(
                stage, items.Count, first.Tree?.Failure
                    ?? first.Responses.First(response => response.Failure is not null).Failure!);
        }

        // Whether the stage may end with them is for the runner to say; until it does, they are played again.
        foreach ((int item, PlayRecord record) in incomplete)
        {
            store.KeepItem(stage, item, record);
        }

        store.Flush();
    }

    private async Task<PlayRecord> PlayAsync(
        int iteration, int item, Prompt prompt, ModelCaller actor, IJudge judge, IRefinementSearch search,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<PlayedResponse> responses = await ActorSamples.DrawAsync(
            recipe, iteration, item, prompt, actor, judge, cancellationToken).ConfigureAwait(false);
        string key = $"it{iteration}/tree/p{item}";
        SeededRandom random = new(session.SeedOf($"it{iteration}/negative/p{item}"));
        MendingSearch? mending = search as MendingSearch;
        if (recipe.Refinement == RefinementKind.None)
        {
            return Record(Drawn(response => Fails(response) || (mending is not null && response.IsCutOff)), null);
        }

        PlayRecord? left = null;
        if (mending is not null && Drawn(response => response.IsCutOff) is { } endless)
        {
            // Endless responses first: they are few, and no other pair teaches the actor to end.
            SearchTree ended = await mending.EndAsync(
                $"{key}/end", prompt.Instruction, responses[endless].Text!,
                [.. responses.Where(other => other.Valuation is not null).Select(other => other.Text!)],
                cancellationToken).ConfigureAwait(false);
            left = Record(endless, ended);
            if (ended.Outcome != SearchOutcome.Exhausted)
            {
                return left;
            }
        }

        if (Drawn(Fails) is not { } negative)
        {
            return left ?? Record(null, null);
        }

        SearchTree tree = await search.SearchAsync(
            key, prompt.Instruction, responses[negative].Text!, responses[negative].Valuation!, cancellationToken)
            .ConfigureAwait(false);
        return Record(negative, tree with { Calls = tree.Calls + (left?.Tree?.Calls ?? 0) });

        bool Fails(PlayedResponse response) =>
            response.Valuation is { } valuation && _gate.VerdictOn(valuation) == Verdict.No;

        int? Drawn(Func<PlayedResponse, bool> which)
        {
            int[] places = [.. Enumerable.Range(0, responses.Count).Where(k => which(responses[k]))];
            return places.Length == 0 ? null : places[random.Next(places.Length)];
        }

        PlayRecord Record(int? searched, SearchTree? grown) =>
            new(prompt.Id, prompt.Text, responses, searched, grown) { Context = prompt.Context };
    }
}
