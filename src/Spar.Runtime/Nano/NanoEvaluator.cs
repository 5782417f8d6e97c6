using Spar.Calls;
using Spar.Judging;
using Spar.Nano;
using Spar.Search;
using Spar.SelfPlay;

namespace Spar.Runtime.Nano;

/// <summary>
/// Measures a run on the nano world's held-out tasks with the world's exact checks. The actor is measured on its greedy responses, alone and with
/// the run's tree search. The refiner is measured on responses that are the same for every row, sampled from the base model: does its vote agree
/// with the checks, and does its search repair what is wrong? Its agreement on the actor's own responses is among the row's details.
/// </summary>
/// <param name="prompts">Held-out tasks to use, 1 .. <see cref="HeldOut.Count"/>.</param>
/// <param name="repairs">Failed base responses to repair, at most.</param>
/// <param name="stories">Share of tasks that ask for a story, 0..1.</param>
public sealed class NanoEvaluator(int prompts, int repairs, double stories) : IRunEvaluator
{
    private readonly IReadOnlyList<NanoTask> _tasks = Tasks(prompts, stories);

    /// <summary>Detail: share of the actor's own greedy responses on which the refiner's vote is right.</summary>
    public const string JudgeAccuracyOwn = "judgeAccuracyOwn";

    /// <summary>Detail: share of the actor's own greedy responses that the refiner's vote accepts; runs ahead of the true share where the judge is too kind.</summary>
    public const string SelfJudged = "selfJudged";

    /// <inheritdoc/>
    public int Items => 2 * _tasks.Count;

    /// <summary>The held-out tasks that an evaluation of this size uses.</summary>
    /// <param name="count">How many.</param>
    /// <param name="stories">Share that ask for a story.</param>
    public static IReadOnlyList<NanoTask> Tasks(int count, double stories)
    {
        int long_ = (int)Math.Round(count * stories);
        return [.. HeldOut.Tasks(TaskForm.Line).Take(count - long_), .. HeldOut.Tasks(TaskForm.Story).Take(long_)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> SampleFixedAsync(ModelCaller actor, Recipe recipe, CancellationToken cancellationToken) =>
        await Task.WhenAll(_tasks.Select(async (task, i) =>
            (await actor.AskAsync($"eval/fixed/p{i}", task.Instruction, recipe.Respond, cancellationToken).ConfigureAwait(false)).Text)).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<EvaluationRow> EvaluateAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        Recipe recipe = context.Recipe;
        IJudge judge = context.Judge;
        IRefinementSearch search = RefinementSearch.Create(judge, new Refiner(context.Refiner, context.Prompts, recipe.Refine), recipe.Search);

        Task<ActorItem>[] actorItems = [.. _tasks.Select((task, i) => MeasureActorAsync($"eval/{context.Row}/p{i}", task, context, judge, search, cancellationToken))];
        ActorItem[] own = await Task.WhenAll(actorItems).ConfigureAwait(false);
        RefinerItem[] fixedSet = await MeasureRefinerAsync(context, judge, search, cancellationToken).ConfigureAwait(false);

        RefinerItem[] repaired = [.. fixedSet.Where(item => item.Repaired is not null)];
        return new EvaluationRow(
            context.Row,
            Share(own, item => item.Satisfied),
            own.Sum(item => item.Followed) / (double)own.Sum(item => item.Constraints),
            Share(own, item => item.SatisfiedWithSearch),
            Share(fixedSet, item => item.JudgedRight),
            Share(repaired, item => item.Repaired == true),
            own.Length,
            new Dictionary<string, double>
            {
                [JudgeAccuracyOwn] = Share(own, item => item.JudgedRight),
                [SelfJudged] = Share(own, item => item.Accepted),
            });
    }

    private static async Task<ActorItem> MeasureActorAsync(
        string key, NanoTask task, EvaluationContext context, IJudge judge, IRefinementSearch search, CancellationToken cancellationToken)
    {
        try
        {
            Answer answer = await context.Actor.AskAsync($"{key}/greedy", task.Instruction, context.Recipe.Respond.Greedy(), cancellationToken).ConfigureAwait(false);
            MajorityVote vote = await judge.JudgeAsync($"{key}/judge", task.Instruction, answer.Text, cancellationToken).ConfigureAwait(false);
            bool accepted = vote.Value > context.Recipe.Search.Gate;
            string final = accepted
                ? answer.Text
                : (await search.SearchAsync($"{key}/tree", task.Instruction, answer.Text, vote, cancellationToken).ConfigureAwait(false)).Best.Response;
            IReadOnlyList<Finding> findings = task.Check(answer.Text);
            bool satisfied = findings.All(finding => finding.Followed);
            context.ItemFinished(false);
            return new ActorItem(
                satisfied, findings.Skip(1).Count(finding => finding.Followed), task.Constraints.Count, task.IsSatisfiedBy(final), accepted, accepted == satisfied);
        }
        catch (CallFailedException)
        {
            // A response that cannot be had satisfies nothing.
            context.ItemFinished(true);
            return new ActorItem(false, 0, task.Constraints.Count, false, false, false);
        }
    }

    private async Task<RefinerItem[]> MeasureRefinerAsync(EvaluationContext context, IJudge judge, IRefinementSearch search, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> responses = context.FixedResponses;
        HashSet<int> toRepair = [.. Enumerable.Range(0, _tasks.Count).Where(i => !_tasks[i].IsSatisfiedBy(responses[i])).Take(repairs)];
        return await Task.WhenAll(_tasks.Select((task, i) => MeasureOneAsync(i, task, responses[i]))).ConfigureAwait(false);

        async Task<RefinerItem> MeasureOneAsync(int i, NanoTask task, string response)
        {
            string key = $"eval/{context.Row}/fixed/p{i}";
            bool right = task.IsSatisfiedBy(response);
            try
            {
                MajorityVote vote = await judge.JudgeAsync($"{key}/judge", task.Instruction, response, cancellationToken).ConfigureAwait(false);
                bool accepted = vote.Value > context.Recipe.Search.Gate;
                bool? repaired = null;
                if (toRepair.Contains(i))
                {
                    repaired = !accepted && task.IsSatisfiedBy(
                        (await search.SearchAsync($"{key}/tree", task.Instruction, response, vote, cancellationToken).ConfigureAwait(false)).Best.Response);
                }

                context.ItemFinished(false);
                return new RefinerItem(accepted == right, repaired);
            }
            catch (CallFailedException)
            {
                context.ItemFinished(true);
                return new RefinerItem(false, toRepair.Contains(i) ? false : null);
            }
        }
    }

    private static double Share<T>(IReadOnlyCollection<T> items, Func<T, bool> holds) => items.Count == 0 ? 0 : items.Count(holds) / (double)items.Count;

    private sealed record ActorItem(bool Satisfied, int Followed, int Constraints, bool SatisfiedWithSearch, bool Accepted, bool JudgedRight);

    private sealed record RefinerItem(bool JudgedRight, bool? Repaired);
}
