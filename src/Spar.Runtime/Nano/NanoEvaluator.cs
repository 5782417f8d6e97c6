using Spar.Calls;
using Spar.Judging;
using Spar.Nano;
using Spar.Search;
using Spar.SelfPlay;

namespace Spar.Runtime.Nano;

/// <summary>
/// Measures a run on the nano world's held-out tasks with the world's exact checks. The actor is measured on its greedy
/// responses, alone and with the run's tree search. The refiner is measured on responses that are the same for every
/// row, sampled from the base model: does its judgement agree with the checks, and does its search repair what is
/// wrong? The judgement is one, greedy, so that rows differ by what the refiner learnt and not by the luck of votes.
/// The votes' agreement on the actor's own responses is among the row's details.
/// </summary>
/// <param name="prompts">Held-out tasks to use, 1 .. <see cref="HeldOut.Count"/>.</param>
/// <param name="repairs">Failed base responses to repair, at most.</param>
/// <param name="stories">Share of tasks that ask for a story, 0..1.</param>
/// <param name="searched">
/// Tasks that are answered with tree search as well; null for all, and 0 measures no search.
/// </param>
/// <param name="judged">
/// Tasks on whose responses the refiner's vote is measured; null for all, and 0 measures no refiner.
/// </param>
public sealed class NanoEvaluator(int prompts, int repairs, double stories, int? searched = null, int? judged = null)
    : IRunEvaluator
{
    private readonly IReadOnlyList<NanoTask> _tasks = Tasks(prompts, stories);
    private readonly int _searched = Math.Min(searched ?? prompts, prompts);
    private readonly int _judged = Math.Min(judged ?? prompts, prompts);

    /// <inheritdoc/>
    public int Items => _tasks.Count + _judged;

    /// <summary>The held-out tasks that an evaluation of this size uses.</summary>
    /// <param name="count">How many.</param>
    /// <param name="stories">Share that ask for a story.</param>
    public static IReadOnlyList<NanoTask> Tasks(int count, double stories)
    {
        int long_ = (int)Math.Round(count * stories);
        return [.. HeldOut.Tasks(TaskForm.Line).Take(count - long_), .. HeldOut.Tasks(TaskForm.Story).Take(long_)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> SampleFixedAsync(
        ModelCaller actor,
        Recipe recipe,
        CancellationToken cancellationToken
    ) =>
        await Task.WhenAll(
                _tasks.Select(
                    async (task, i) =>
                        (
                            await actor
                                .AskAsync($"eval/fixed/p{i}", task.Instruction, recipe.Respond, cancellationToken)
                                .ConfigureAwait(false)
                        ).Read().Text
                )
            )
            .ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<EvaluationRow> EvaluateAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        Recipe recipe = context.Recipe;
        IJudge judge = context.Judge;
        IRefinementSearch search = SearchStrategy.Tree(
            judge,
            new RefinementSampler(context.Refiner, context.Templates, recipe.Refine),
            recipe.Search
        );

        ActorItem[] tried = await Task.WhenAll(
                _tasks.Select(
                    (task, i) =>
                        MeasureActorAsync(
                            $"eval/{context.Row}/p{i}",
                            task,
                            Among(i, _searched),
                            Among(i, _judged),
                            context,
                            judge,
                            search,
                            cancellationToken
                        )
                )
            )
            .ConfigureAwait(false);
        RefinerItem[] triedFixed = await MeasureRefinerAsync(context, judge, search, cancellationToken)
            .ConfigureAwait(false);

        // A failed call says nothing about the models: what it was for is in no figure.
        ActorItem[] own = [.. tried.Where(item => item.Answered)];
        RefinerItem[] fixedSet = [.. triedFixed.Where(item => item.Failure is null)];
        ItemFailure[] failures =
        [
            .. tried.Select((item, i) => (Name: $"held-out prompt {i}", item.Failure))
                .Concat(triedFixed.Select((item, i) => (Name: $"fixed response {i}", item.Failure)))
                .Where(item => item.Failure is not null)
                .Select(item => new ItemFailure(item.Name, item.Failure!)),
        ];

        ActorItem[] found = [.. own.Where(item => item.SatisfiedWithSearch is not null)];
        ActorItem[] accepted = [.. own.Where(item => item.Accepted is not null)];
        RefinerItem[] repaired = [.. fixedSet.Where(item => item.Repaired is not null)];
        Dictionary<string, double> details = [];
        Put(EvaluationRow.JudgeAccuracyOwn, Share(accepted, item => item.Accepted == item.Satisfied));
        Put(EvaluationRow.SelfJudged, Share(accepted, item => item.Accepted == true));
        Put(EvaluationRow.JudgeF1, F1(fixedSet));
        Put(
            EvaluationRow.FirstRefinements,
            repaired.Length == 0 ? null : repaired.Average(item => item.FirstRefinements)
        );
        PutWhenThere(EvaluationRow.JudgeUnreadable, Share(fixedSet, item => item.Accepted is null));
        PutWhenThere(EvaluationRow.CutOff, Share(own, item => item.CutOff));
        PutWhenThere(EvaluationRow.Empty, Share(own, item => item.Empty));
        return new EvaluationRow(
            context.Row,
            Share(own, item => item.Satisfied) ?? 0,
            own.Sum(item => item.Followed) / (double)Math.Max(1, own.Sum(item => item.Constraints)),
            Share(found, item => item.SatisfiedWithSearch == true),
            Share(fixedSet, item => item.JudgedRight),
            Share(repaired, item => item.Repaired == true),
            own.Length,
            details
        )
        {
            Failed = failures.Length,
            FirstFailure = failures.FirstOrDefault(),
        };

        void PutWhenThere(string name, double? value) => Put(name, value > 0 ? value : null);

        void Put(string name, double? value)
        {
            if (value is double known)
            {
                details[name] = known;
            }
        }
    }

    private static async Task<ActorItem> MeasureActorAsync(
        string key,
        NanoTask task,
        bool searches,
        bool judges,
        EvaluationContext context,
        IJudge judge,
        IRefinementSearch search,
        CancellationToken cancellationToken
    )
    {
        ActorItem item = new(task.Constraints.Count);
        try
        {
            AnswerReading answer = (await context
                .Actor.AskAsync($"{key}/greedy", task.Instruction, context.Recipe.Respond.Greedy(), cancellationToken)
                .ConfigureAwait(false)).Read();
            IReadOnlyList<Finding> findings = task.Check(answer.Text);
            item = item with
            {
                Answered = true,
                Satisfied = findings.All(finding => finding.Followed),
                Followed = findings.Skip(1).Count(finding => finding.Followed),
                CutOff = answer.Status == AnswerStatus.CutOff,
                Empty = answer.Blank,
            };
            if (searches || judges)
            {
                Valuation valuation = await judge
                    .JudgeAsync($"{key}/judge", task.Instruction, answer.Text, cancellationToken)
                    .ConfigureAwait(false);
                bool accepted = context.Recipe.Search.ToGate().Passes(valuation);
                item = item with { Accepted = judges ? accepted : null };
                SearchTree? tree =
                    accepted || !searches
                        ? null
                        : await search
                            .SearchAsync($"{key}/tree", task.Instruction, answer.Text, valuation, cancellationToken)
                            .ConfigureAwait(false);
                item = tree?.Failure is { } failure
                    ? item with { Failure = failure }
                    : item with
                    {
                        SatisfiedWithSearch = searches
                            ? task.IsSatisfiedBy(tree?.Best.Response ?? answer.Text)
                            : null,
                    };
            }
        }
        catch (CallFailedException failure)
        {
            // An answer that came stays measured, also where its judge failed.
            item = item with { Failure = failure.Message };
        }

        context.ItemFinished(item.Failure is not null);
        return item;
    }

    private async Task<RefinerItem[]> MeasureRefinerAsync(
        EvaluationContext context,
        IJudge judge,
        IRefinementSearch search,
        CancellationToken cancellationToken
    )
    {
        IReadOnlyList<string> responses = context.FixedResponses;
        Gate gate = context.Recipe.Search.ToGate();
        VotingJudge greedyJudge = new(
            context.Refiner,
            context.Templates,
            context.Recipe.Judge.Greedy(),
            votes: 1,
            gate
        );
        HashSet<int> toRepair =
        [
            .. Enumerable
                .Range(0, _tasks.Count)
                .Where(i => Among(i, _judged) && !_tasks[i].IsSatisfiedBy(responses[i]))
                .Take(repairs),
        ];
        return await Task.WhenAll(
                Enumerable
                    .Range(0, _tasks.Count)
                    .Where(i => Among(i, _judged))
                    .Select(i => MeasureOneAsync(i, _tasks[i], responses[i]))
            )
            .ConfigureAwait(false);

        async Task<RefinerItem> MeasureOneAsync(int i, NanoTask task, string response)
        {
            string key = $"eval/{context.Row}/fixed/p{i}";
            bool right = task.IsSatisfiedBy(response);
            try
            {
                Valuation single = await greedyJudge
                    .JudgeAsync($"{key}/verdict", task.Instruction, response, cancellationToken)
                    .ConfigureAwait(false);
                bool? repaired = null;
                double first = 0;
                string? failure = null;
                if (toRepair.Contains(i))
                {
                    Valuation valuation = await judge
                        .JudgeAsync($"{key}/judge", task.Instruction, response, cancellationToken)
                        .ConfigureAwait(false);
                    repaired = false;
                    if (!gate.Passes(valuation))
                    {
                        SearchTree tree = await search
                            .SearchAsync($"{key}/tree", task.Instruction, response, valuation, cancellationToken)
                            .ConfigureAwait(false);
                        failure = tree.Failure;
                        repaired = task.IsSatisfiedBy(tree.Best.Response);
                        first =
                            tree.Nodes.Count(node => node.Depth == 1 && task.IsSatisfiedBy(node.Response))
                            / (double)context.Recipe.Search.Branch;
                    }
                }

                context.ItemFinished(failure is not null);
                return new RefinerItem(
                    right, single.Value is null ? null : gate.Passes(single), repaired, first, failure);
            }
            catch (CallFailedException failed)
            {
                context.ItemFinished(true);
                return new RefinerItem(right, null, null, 0, failed.Message);
            }
        }
    }

    /// <summary>True for a choice of <paramref name="count"/> of the tasks that is spread evenly over them.</summary>
    private bool Among(int task, int count) => (task + 1) * count / _tasks.Count > task * count / _tasks.Count;

    private static double? Share<T>(IReadOnlyCollection<T> items, Func<T, bool> holds) =>
        items.Count == 0 ? null : items.Count(holds) / (double)items.Count;

    private static double? F1(RefinerItem[] items)
    {
        int hits = items.Count(item => item is { Accepted: true, Right: true });
        int misses = items.Count(item => item.Right != (item.Accepted == true));
        return hits + misses == 0 ? null : 2.0 * hits / ((2 * hits) + misses);
    }

    /// <param name="Constraints">Constraints in all.</param>
    private sealed record ActorItem(int Constraints)
    {
        /// <summary>The response is there; else nothing is known.</summary>
        public bool Answered { get; init; }

        /// <summary>Everything holds.</summary>
        public bool Satisfied { get; init; }

        /// <summary>Constraints that hold.</summary>
        public int Followed { get; init; }

        /// <summary>Everything holds after search; null when not searched.</summary>
        public bool? SatisfiedWithSearch { get; init; }

        /// <summary>The refiner's vote; null when not judged.</summary>
        public bool? Accepted { get; init; }

        /// <summary>The response was cut off; it is measured as far as it goes.</summary>
        public bool CutOff { get; init; }

        /// <summary>The response has no text.</summary>
        public bool Empty { get; init; }

        /// <summary>Why something of it is missing; null when nothing is.</summary>
        public string? Failure { get; init; }
    }

    /// <param name="Right">Everything holds.</param>
    /// <param name="Accepted">The refiner's verdict; null when it could not be read, which is never right.</param>
    /// <param name="Repaired">Everything holds after search; null when not searched.</param>
    /// <param name="FirstRefinements">Share of the search's first refinements in which everything holds.</param>
    /// <param name="Failure">Why something of it is missing; null when nothing is.</param>
    private sealed record RefinerItem(
        bool Right, bool? Accepted, bool? Repaired, double FirstRefinements, string? Failure)
    {
        public bool JudgedRight => Right == Accepted;
    }
}
