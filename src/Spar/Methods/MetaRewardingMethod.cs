using System.Globalization;
using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// Meta-Rewarding (Wu et al. 2024): Self-Rewarding whose judge learns too. Of each prompt, the response on which the
/// votes differ most is taken; its judgements are compared pairwise by a meta-judge, the same model, and the one that
/// wins most is learnt by DPO against the one that wins least, together with the pairs of responses. docs/baselines.md
/// says what differs.
/// </summary>
internal sealed class MetaRewardingMethod(MethodContext run) : IIterationMethod
{
    private readonly Gate _gate = run.Recipe.Search.ToGate();
    private readonly JudgementParser _parser = new(run.Templates.Format);
    private readonly PromptTemplate? _metaJudge = run.Templates.Find(TemplateSet.MetaJudgeFile);

    public Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken) =>
        OneModel.BeginAsync(run, start, cancellationToken);

    public async Task<ModelPair?> IterateAsync(
        int iteration, IReadOnlyList<Prompt> prompts, ModelPair models, CancellationToken cancellationToken)
    {
        string stage = StageNames.Data(iteration);
        DataProduct data = await run.Data.MakeAsync(iteration, prompts.Count, async () =>
        {
            ModelCaller model = await run.Models.OpenAsync(models.Actor, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<(JudgedPrompt? Result, string? Failure)> judged = await run.Runner.EachAsync(
                stage, prompts, (i, prompt, token) => JudgeAsync(iteration, i, prompt, model, token), cancellationToken)
                    .ConfigureAwait(false);
            return Build(iteration, prompts, judged);
        }).ConfigureAwait(false);
        string trained = await run.Training.RunAsync(
            StageNames.Actor(iteration), models.Actor, new TrainingData.Preference(data.Pairs, run.Recipe.Dpo),
            cancellationToken).ConfigureAwait(false);
        return new ModelPair(trained, trained);
    }

    private async Task<JudgedPrompt> JudgeAsync(
        int iteration, int item, Prompt prompt, ModelCaller model, CancellationToken cancellationToken)
    {
        AnswerReading[] responses = await Task.WhenAll(Enumerable.Range(0, run.Recipe.Responses).Select(async k =>
            (await model.AskAsync(
                ActorSamples.Key(iteration, item, k), prompt, run.Recipe.Respond,
                cancellationToken).ConfigureAwait(false)).Read()))
            .ConfigureAwait(false);
        string[] distinct = [
            .. responses.Where(response => response.Complete).Select(response => response.Text)
                .Distinct(StringComparer.Ordinal)];
        Judgement[][] judgements = await Task.WhenAll(
            distinct.Select(response => Task.WhenAll(Enumerable.Range(0, run.Recipe.Votes).Select(async vote =>
        {
            string key = string.Create(
                CultureInfo.InvariantCulture, $"it{iteration}/judge/p{item}/{StableHash.Of(response):x16}/v{vote}");
            return _parser.Parse(await model.AskAsync(
                key, run.Templates.JudgePrompt(prompt.Instruction, response), run.Recipe.Judge, cancellationToken)
                    .ConfigureAwait(false));
        })))).ConfigureAwait(false);
        PlayedResponse[] played = [
            .. responses.Select(response => response.Complete
                ? new PlayedResponse(response.Text, Valuation.Of(judgements[Array.IndexOf(distinct, response.Text)], _gate))
                : new PlayedResponse(response.Text, null) { Incomplete = response.Incomplete })];
        foreach (Judgement[] cast in judgements)
        {
            run.Watch.Count(Valuation.Of(cast, _gate));
        }

        if (distinct.Length == 0)
        {
            return new JudgedPrompt(played, null);
        }

        // Where the votes differ most, there is most to learn about judging.
        int disputed = Enumerable.Range(0, distinct.Length).MaxBy(n => Dispute(judgements[n]));
        if (Dispute(judgements[disputed]) == 0)
        {
            return new JudgedPrompt(played, null);
        }

        Judgement[] read = [
            .. judgements[disputed].Where(judgement => judgement.Verdict is not null)
                .DistinctBy(judgement => judgement.Critique)];
        double[] wins = await CompareAsync(
            $"it{iteration}/meta/p{item}", prompt.Instruction, distinct[disputed], read,
            _gate.VerdictOn(Valuation.Of(judgements[disputed], _gate)), model, cancellationToken)
            .ConfigureAwait(false);
        (int best, int worst) = (Array.IndexOf(wins, wins.Max()), Array.IndexOf(wins, wins.Min()));
        return new JudgedPrompt(played, wins[best] == wins[worst]
            ? null
            : new PreferencePair(
                prompt.Id, run.Templates.JudgePrompt(prompt.Instruction, distinct[disputed]), read[best].Critique,
                read[worst].Critique));
    }

    /// <summary>How often each judgement wins against another, in both orders.</summary>
    private async Task<double[]> CompareAsync(
        string key, string instruction, string response, Judgement[] judgements, Verdict verdict, ModelCaller model,
        CancellationToken cancellationToken)
    {
        if (_metaJudge is null)
        {
            // A prompt set without a meta-judge compares by the model's own verdict: a judgement that agrees with it is
            // the better one.
            return [
                .. judgements.Select(judgement => verdict is Verdict.Yes or Verdict.No
                    && judgement.Verdict == (verdict == Verdict.Yes) ? 1.0 : 0.0)];
        }

        double[] wins = new double[judgements.Length];
        (int First, int Second)[] games =
            [.. Enumerable.Range(0, judgements.Length)
                .SelectMany(i => Enumerable.Range(0, judgements.Length).Where(j => j != i), (i, j) => (i, j))];
        Judgement[] outcomes = await Task.WhenAll(games.Select(async game => _parser.Parse(await model.AskAsync(
            $"{key}/g{game.First}-{game.Second}",
            _metaJudge.Fill(name => name switch
            {
                "instruction" => instruction,
                "response" => response,
                "first" => judgements[game.First].Critique,
                _ => judgements[game.Second].Critique,
            }),
            run.Recipe.Judge,
            cancellationToken).ConfigureAwait(false)))).ConfigureAwait(false);
        foreach (((int first, int second), Judgement outcome) in games.Zip(outcomes))
        {
            if (outcome.Verdict is { } firstWins)
            {
                wins[firstWins ? first : second]++;
            }
        }

        return wins;
    }

    private DataProduct Build(
        int iteration, IReadOnlyList<Prompt> prompts, IReadOnlyList<(JudgedPrompt? Result, string? Failure)> judged)
    {
        Counts counts = new();
        List<PreferencePair> pairs = [];
        List<PreferencePair> judgementPairs = [];
        for (int i = 0; i < prompts.Count; i++)
        {
            counts.Add("prompts");
            if (judged[i].Result is not { } result)
            {
                counts.Fail(prompts[i].Id, judged[i].Failure!);
                continue;
            }

            ActorSamples.Count(prompts[i], result.Responses, _gate, counts);
            if (PreferencePairs.BestAgainstWorst(
                prompts[i], result.Responses, run.Session.SeedOf($"it{iteration}/pair/p{i}")) is { } pair)
            {
                pairs.Add(pair);
            }

            if (result.JudgementPair is { } judgementPair)
            {
                judgementPairs.Add(judgementPair);
            }
        }

        counts.Add("pairs", pairs.Count);
        counts.Add("pairs of judgements", judgementPairs.Count);
        return new DataProduct(counts.ToStatistics(), [.. pairs, .. judgementPairs], []);
    }

    /// <summary>0 when the votes agree, at most 1: four times the variance of the verdicts.</summary>
    private static double Dispute(Judgement[] judgements)
    {
        double yes = judgements.Count(judgement => judgement.Verdict == true);
        double no = judgements.Count(judgement => judgement.Verdict == false);
        return yes + no == 0 ? 0 : 4 * yes * no / ((yes + no) * (yes + no));
    }

    private sealed record JudgedPrompt(IReadOnlyList<PlayedResponse> Responses, PreferencePair? JudgementPair);
}
