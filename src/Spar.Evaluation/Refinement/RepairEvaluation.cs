using System.Text.Json.Nodes;
using Spar.Calls;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Evaluation.Statistics;

namespace Spar.Evaluation.Refinement;

/// <summary>
/// Refinement accuracy: the share of failed responses that a refiner repairs, by two judges side by side, with their
/// agreement. One judge is usually the model that was trained and the other a stronger one, since a model that judges
/// its own repairs flatters itself.
/// </summary>
public static class RepairEvaluation
{
    private const string Name = "refinement";

    /// <summary>
    /// Asks both judges about every case, scores, and writes results and samples into a folder. Resumes what it had
    /// begun.
    /// </summary>
    /// <param name="cases">The cases, at least one.</param>
    /// <param name="refiner">Name of the model that repaired.</param>
    /// <param name="first">One judge.</param>
    /// <param name="second">The other judge.</param>
    /// <param name="folder">
    /// Where the judges' raw words (<c>verdicts-1.jsonl</c>, <c>verdicts-2.jsonl</c>), samples and results go.
    /// </param>
    /// <param name="options">Concurrency, seed, clock.</param>
    /// <param name="progress">Told after every call; may be null.</param>
    /// <param name="cancellationToken">Stops; verdicts so far are kept.</param>
    /// <param name="unrefined">Cases that are left out because their refinement failed; shown with the results.</param>
    /// <exception cref="EvaluationException">
    /// There are no cases, the judges have one name, calls failed, or the folder holds another run's verdicts.
    /// </exception>
    public static async Task<EvaluationScore> RunAsync(
        IReadOnlyList<RepairCase> cases,
        string refiner,
        RepairJudge first,
        RepairJudge second,
        string folder,
        EvaluationRunOptions options,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellationToken = default,
        int unrefined = 0
    )
    {
        if (first.Name == second.Name)
        {
            throw new EvaluationException(
                $"Both judges are {first.Name}: name two different ones, their agreement is part of the result."
            );
        }

        if (cases.Count == 0)
        {
            throw new EvaluationException("There are no failed responses to evaluate refinement on.");
        }

        Directory.CreateDirectory(folder);
        IReadOnlyDictionary<string, Answer> firstWords = await AskAsync(
                cases,
                first,
                1,
                folder,
                options,
                progress,
                cancellationToken
            )
            .ConfigureAwait(false);
        IReadOnlyDictionary<string, Answer> secondWords = await AskAsync(
                cases,
                second,
                2,
                folder,
                options,
                progress,
                cancellationToken
            )
            .ConfigureAwait(false);
        EvaluationScore score = Score(cases, first, firstWords, second, secondWords);
        int missing = (2 * cases.Count(item => item.Repaired is not null)) - firstWords.Count - secondWords.Count;
        score = score with
        {
            Counts = new OrderedDictionary<string, int>(
            [
                .. score.Counts,
                .. new[] { ("answers_missing", unrefined), ("judgments_missing", missing) }.Where(count => count.Item2 > 0)
                    .Select(count => KeyValuePair.Create(count.Item1, count.Item2)),
            ]),
        };
        var config = new JsonObject { ["judges"] = new JsonArray(first.Name, second.Name) };
        ResultsWriter.Write(
            folder,
            new BenchmarkFacts(Name, 1, cases.Count, cases.Count, 0, config),
            score,
            new RunDescription(refiner, $"{first.Name}, {second.Name}", options.Seed, options.Time.GetUtcNow())
        );
        return score;
    }

    private static Task<IReadOnlyDictionary<string, Answer>> AskAsync(
        IReadOnlyList<RepairCase> cases,
        RepairJudge judge,
        int number,
        string folder,
        EvaluationRunOptions options,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        var byId = cases.ToDictionary(item => item.Id);
        EvaluationRequest[] requests =
        [
            .. cases
                .Where(item => item.Repaired is not null)
                .Select(item =>
                    EvaluationRequest.User(
                        item.Id,
                        $"{item.Instruction}\0{item.Repaired}",
                        Sampling.GreedyUpTo(1)
                    )
                ),
        ];
        FunctionChatClient asked = new(
            (_, options, token) => judge.Ask(byId[options.Call()!.Key], token)
        );
        return AnswerCollector.CollectAsync(
            $"verdicts by {judge.Name}",
            requests,
            new EvaluationModel(judge.Name, asked),
            Path.Combine(folder, $"verdicts-{number}.jsonl"),
            options.Concurrency,
            options.Seed,
            progress,
            cancellationToken,
            options.AllowFailed
        );
    }

    /// <summary>
    /// Each judge's share is over the cases on which its words could be read (and those without a refinement);
    /// agreement is over the cases with two verdicts on a refinement.
    /// </summary>
    private static EvaluationScore Score(
        IReadOnlyList<RepairCase> cases,
        RepairJudge first,
        IReadOnlyDictionary<string, Answer> firstWords,
        RepairJudge second,
        IReadOnlyDictionary<string, Answer> secondWords
    )
    {
        bool?[] firstVerdicts = [.. cases.Select(item => Verdict(item, first, firstWords))];
        bool?[] secondVerdicts = [.. cases.Select(item => Verdict(item, second, secondWords))];
        (bool First, bool Second)[] both =
        [
            .. from i in Enumerable.Range(0, cases.Count)
            where cases[i].Repaired is not null && firstVerdicts[i] is not null && secondVerdicts[i] is not null
            select (firstVerdicts[i]!.Value, secondVerdicts[i]!.Value),
        ];
        Agreement table = Agreement.Of(both);
        var metrics = new List<Metric>();
        metrics.AddRange(Repaired(first.Name, firstVerdicts));
        metrics.AddRange(Repaired(second.Name, secondVerdicts));
        if (both.Length > 0)
        {
            metrics.Add(
                Metric.Mean(Name, "judges_agree", [.. both.Select(pair => pair.First == pair.Second ? 1.0 : 0)])
            );
        }

        if (table.Kappa is { } kappa)
        {
            metrics.Add(new Metric(Name, "judges_kappa", Metric.NoFilter, kappa, null, null, IsShare: false));
        }

        var counts = new Dictionary<string, int>
        {
            ["not_refined"] = cases.Count(item => item.Repaired is null),
            [$"unparseable_by_{first.Name}"] = Unreadable(firstVerdicts, firstWords),
            [$"unparseable_by_{second.Name}"] = Unreadable(secondVerdicts, secondWords),
            ["both_yes"] = table.BothYes,
            [$"only_{first.Name}"] = table.OnlyFirst,
            [$"only_{second.Name}"] = table.OnlySecond,
            ["both_no"] = table.BothNo,
        };
        int Unreadable(bool?[] verdicts, IReadOnlyDictionary<string, Answer> words) =>
            verdicts.Where((verdict, i) => verdict is null && words.ContainsKey(cases[i].Id)).Count();

        ScoredSample[] samples =
        [
            .. cases.Select(
                (item, i) =>
                    new ScoredSample(
                        item.Id,
                        item.Instruction,
                        "",
                        [item.Repaired ?? ""],
                        [item.Repaired],
                        Values((first.Name, firstVerdicts[i]), (second.Name, secondVerdicts[i])),
                        Extra: new JsonObject
                        {
                            ["failed"] = item.Failed,
                            ["verdicts"] = new JsonArray(firstVerdicts[i], secondVerdicts[i]),
                            ["judgments"] = new JsonArray(
                                firstWords.GetValueOrDefault(item.Id)?.Text,
                                secondWords.GetValueOrDefault(item.Id)?.Text
                            ),
                        }
                    )
            ),
        ];
        return new EvaluationScore(metrics, samples, counts);
    }

    private static bool? Verdict(RepairCase item, RepairJudge judge, IReadOnlyDictionary<string, Answer> words) =>
        item.Repaired is null ? false : words.GetValueOrDefault(item.Id) is { } said ? judge.Read(said) : null;

    private static IEnumerable<Metric> Repaired(string judge, bool?[] verdicts)
    {
        double[] known = [.. verdicts.OfType<bool>().Select(verdict => verdict ? 1.0 : 0)];
        return known.Length == 0 ? [] : [Metric.Mean(Name, $"repaired_by_{judge}", known)];
    }

    private static Dictionary<string, double> Values(params (string Judge, bool? Verdict)[] verdicts) =>
        verdicts
            .Where(each => each.Verdict is not null)
            .ToDictionary(each => $"repaired_by_{each.Judge}", each => each.Verdict == true ? 1.0 : 0);
}
