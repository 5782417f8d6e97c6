using Spar.Calls;
using Spar.Ground;
using Spar.Methods.Checks;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// AutoIF (Dong et al. 2024): for each instruction, checks and test cases are written and cross-checked; the checks
/// that survive sort the actor's samples, and a sample that passes is learnt by DPO against one that none of them
/// accepts. Checks are expressions over the text; no generated code is run. docs/baselines.md says what differs.
/// </summary>
/// <param name="run">What methods work with.</param>
/// <param name="writer">Writes the checks; null asks M_0, with the prompt set's templates.</param>
internal sealed class AutoifMethod(MethodContext run, ICheckWriter? writer) : IIterationMethod
{
    private readonly JudgementParser _verdicts = new(run.Templates.Format);
    private string? _start;

    public Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken)
    {
        _start = start.Actor;
        return Task.FromResult(start);
    }

    public async Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        string stage = StageNames.Data(iteration);
        DataProduct data = await run.Data.MakeAsync(iteration, prompts.Count, async () =>
        {
            ModelCaller actor = await run.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false);
            CheckSource source = writer is not null
                ? new TeacherChecks(writer, run.Session)
                : new ModelChecks(
                    await run.Models.OpenAsync(_start!, cancellationToken).ConfigureAwait(false), run.Templates,
                    run.Recipe.Judge);
            IReadOnlyList<(Sorted? Result, string? Failure)> sorted = await run.Runner.EachAsync(
                stage, prompts, (i, prompt, token) =>
                    SortAsync(iteration, i, prompt, actor, source, token), cancellationToken).ConfigureAwait(false);
            return Build(iteration, prompts, sorted);
        }).ConfigureAwait(false);
        return models with
        {
            Actor = await run.Training.RunAsync(
                StageNames.Actor(iteration), models.Actor, new TrainingData.Preference(data.Pairs, run.Recipe.Dpo),
                cancellationToken).ConfigureAwait(false),
        };
    }

    private async Task<Sorted> SortAsync(
        int iteration, int item, Prompt prompt, ModelCaller actor, CheckSource source,
        CancellationToken cancellationToken)
    {
        AnswerReading[] outputs = [.. (await Task.WhenAll(
            Enumerable.Range(0, run.Recipe.Checks).Select(n =>
                source.WriteAsync($"it{iteration}/checks/p{item}/s{n}", prompt.Instruction, cancellationToken)))
            .ConfigureAwait(false)).Select(answer => answer.Read())];
        CheckSheet[] sheets = [
            .. outputs.Where(answer => answer.Complete).Select(answer => CheckSheet.Parse(answer.Text))];
        CheckExpression[] written = [.. sheets.SelectMany(sheet => sheet.Checks).DistinctBy(check => check.ToString())];
        CheckCase[] cases = [.. sheets.SelectMany(sheet => sheet.Cases).Distinct()];
        (IReadOnlyList<CheckExpression> agreed, IReadOnlyList<CheckCase> trusted) = CrossCheck.Keep(written, cases);
        bool[] confirmed = await Task.WhenAll(agreed.Select(async (check, n) => _verdicts.Parse(
            await source.ConfirmAsync(
                $"it{iteration}/confirm/p{item}/n{n}", prompt.Instruction, check.ToString(),
                cancellationToken).ConfigureAwait(false))
            .Verdict == true)).ConfigureAwait(false);
        CheckExpression[] kept = [.. agreed.Where((_, n) => confirmed[n])];
        Counts counts = new();
        counts.Add("checks written", written.Length);
        counts.AddReasons("check", sheets.SelectMany(sheet => sheet.Unparsed));
        counts.AddReasons("sheet of checks", outputs.Select(answer => answer.Incomplete).OfType<string>());
        counts.Add("cases written", cases.Length);
        counts.Add("cases contradicted", cases.Length - trusted.Count);
        counts.Add("checks contradicted", written.Length - agreed.Count);
        counts.Add("checks not confirmed", agreed.Count - kept.Length);
        counts.Add("checks kept", kept.Length);
        if (kept.Length == 0)
        {
            return new Sorted([], counts.ToStatistics());
        }

        AnswerReading[] answers = [.. (await Task.WhenAll(Enumerable.Range(0, run.Recipe.Responses).Select(k =>
            actor.AskAsync(ActorSamples.Key(iteration, item, k), prompt, run.Recipe.Respond, cancellationToken)))
                .ConfigureAwait(false)).Select(answer => answer.Read())];
        foreach (string why in answers.Select(answer => answer.Incomplete).OfType<string>())
        {
            counts.Add(ActorSamples.LeftOut(why));
        }

        return new Sorted(
            [.. answers.Where(answer => answer.Complete).Select(
                answer => (answer.Text, kept.Count(check => check.Holds(answer.Text)) / (double)kept.Length))],
                counts.ToStatistics());
    }

    // A response is good when more than half of the checks accept it, and bad when none does.
    private DataProduct Build(
        int iteration, IReadOnlyList<Prompt> prompts, IReadOnlyList<(Sorted? Result, string? Failure)> sorted)
    {
        Counts counts = new();
        List<PreferencePair> pairs = [];
        for (int i = 0; i < prompts.Count; i++)
        {
            counts.Add("prompts");
            if (sorted[i].Result is not { } result)
            {
                counts.Fail(prompts[i].Id, sorted[i].Failure!);
                continue;
            }

            foreach ((string name, long count) in result.Statistics.Counts)
            {
                counts.Add(name, count);
            }

            string[] good = [
                .. result.Responses.Where(response => response.Passed > 0.5).Select(response => response.Text)];
            string[] bad = [
                .. result.Responses.Where(response => response.Passed == 0).Select(response => response.Text)];
            counts.Add("prompts without checks", result.Responses.Count == 0 ? 1 : 0);
            counts.Add("responses passed", good.Length);
            counts.Add("responses failed", bad.Length);
            if (PreferencePairs.AnyAgainstAny(
                prompts[i], good, bad, run.Session.SeedOf($"it{iteration}/pair/p{i}")) is { } pair)
            {
                pairs.Add(pair);
            }
        }

        counts.Add("pairs", pairs.Count);
        return new DataProduct(counts.ToStatistics(), pairs, []);
    }

    private sealed record Sorted(IReadOnlyList<(string Text, double Passed)> Responses, StageStatistics Statistics);
}
