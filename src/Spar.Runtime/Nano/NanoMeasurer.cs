using System.Globalization;
using System.Text.Json.Serialization;
using Spar.Calls;
using Spar.Evaluation.Refinement;
using Spar.Nano;
using Spar.Templates;

namespace Spar.Runtime.Nano;

/// <summary>How a kind of constraint fares.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Family">Its family.</param>
/// <param name="Count">Times it occurred.</param>
/// <param name="Followed">Share of times that the actor followed it, 0..1.</param>
/// <param name="JudgeRight">
/// Share of times that the judge's line about it said ok where it was followed and bad where not, 0..1; a line that is
/// missing counts as wrong.
/// </param>
public sealed record KindMeasurement(string Kind, string Family, int Count, double Followed, double JudgeRight);

/// <summary>An actor and a judge on held-out tasks; shares are 0..1.</summary>
/// <param name="Count">Tasks.</param>
/// <param name="Satisfied">Share of responses that satisfy everything.</param>
/// <param name="JudgeAccuracy">Share of responses on which the judge's verdict is right.</param>
/// <param name="FalseAccepts">Share of the wrong responses that the judge accepts.</param>
/// <param name="FalseRejects">Share of the right responses that the judge rejects.</param>
/// <param name="Unparsed">Judgements without a readable verdict; they count as wrong.</param>
/// <param name="Kinds">By kind of constraint.</param>
/// <param name="CutOff">Responses that were cut off; they are measured as far as they go.</param>
/// <param name="Empty">Responses without a word.</param>
public sealed record NanoMeasurement(
    int Count,
    double Satisfied,
    double JudgeAccuracy,
    double FalseAccepts,
    double FalseRejects,
    int Unparsed,
    IReadOnlyList<KindMeasurement> Kinds,
    int CutOff,
    int Empty
)
{
    /// <summary>The responses that do not satisfy everything, in the tasks' order; not part of the figures.</summary>
    [JsonIgnore]
    public IReadOnlyList<RepairCase> Failures { get; init; } = [];
}

/// <summary>
/// Measures an actor and a judge (one greedy judgement a response) with the nano world's exact checks.
/// </summary>
/// <param name="actor">The model that answers.</param>
/// <param name="judge">The model that judges.</param>
/// <param name="templates">How the judge is asked.</param>
public sealed class NanoMeasurer(ModelCaller actor, ModelCaller judge, TemplateSet templates)
{
    private const int MaxTokens = 400;

    /// <summary>Measures.</summary>
    /// <param name="tasks">Held-out tasks, at least 1.</param>
    /// <param name="temperature">The actor's; 0 is greedy.</param>
    /// <param name="itemFinished">Called at the end of each task.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CallFailedException">A call failed.</exception>
    public async Task<NanoMeasurement> MeasureAsync(
        IReadOnlyList<NanoTask> tasks,
        double temperature,
        Action itemFinished,
        CancellationToken cancellationToken
    )
    {
        JudgementParser parser = new(templates.Format);
        Item[] items = await Task.WhenAll(
                tasks.Select(
                    async (task, i) =>
                    {
                        AnswerReading answer = (await actor
                            .AskAsync(
                                $"nano/p{i}",
                                task.Instruction,
                                new Sampling(temperature, 1, MaxTokens),
                                cancellationToken
                            )
                            .ConfigureAwait(false)).Read();
                        Answer critique = await judge
                            .AskAsync(
                                $"nano/p{i}/judge",
                                templates.JudgePrompt(task.Instruction, answer.Text),
                                new Sampling(0, 1, MaxTokens),
                                cancellationToken
                            )
                            .ConfigureAwait(false);
                        itemFinished();
                        return new Item(
                            i,
                            task,
                            answer,
                            task.Check(answer.Text),
                            critique.Read().Text.Split('\n'),
                            parser.Parse(critique).Verdict
                        );
                    }
                )
            )
            .ConfigureAwait(false);

        Item[] right = [.. items.Where(item => item.Satisfied)];
        Item[] wrong = [.. items.Where(item => !item.Satisfied)];
        return new NanoMeasurement(
            items.Length,
            Share(items, item => item.Satisfied),
            Share(items, item => item.Verdict == item.Satisfied),
            Share(wrong, item => item.Verdict == true),
            Share(right, item => item.Verdict == false),
            items.Count(item => item.Verdict is null),
            [
                .. items
                    .SelectMany(Checks)
                    .GroupBy(check => (check.Constraint.Kind, check.Constraint.Family))
                    .OrderBy(group => group.Key.Kind, StringComparer.Ordinal)
                    .Select(group => new KindMeasurement(
                        group.Key.Kind,
                        group.Key.Family,
                        group.Count(),
                        Share([.. group], check => check.Followed),
                        Share([.. group], check => check.JudgeRight)
                    )),
            ],
            items.Count(item => item.Answer.Status == AnswerStatus.CutOff),
            items.Count(item => item.Answer.Blank)
        )
        {
            Failures =
            [
                .. wrong.Select(item => new RepairCase(
                    string.Create(CultureInfo.InvariantCulture, $"nano-{item.Index}"),
                    item.Task.Instruction,
                    item.Answer.Text,
                    null
                )),
            ],
        };
    }

    // The critique's first line reads the response back; line n + 1 is the check of requirement n.
    private static IEnumerable<(Constraint Constraint, bool Followed, bool JudgeRight)> Checks(Item item) =>
        item.Findings.Select(
            (finding, n) =>
                (
                    item.Task.Requirements[n],
                    finding.Followed,
                    n + 1 < item.Critique.Length
                        && item.Critique[n + 1].EndsWith(finding.Followed ? " ok" : " bad", StringComparison.Ordinal)
                )
        );

    private static double Share<T>(IReadOnlyCollection<T> items, Func<T, bool> holds) =>
        items.Count == 0 ? 0 : items.Count(holds) / (double)items.Count;

    private sealed record Item(
        int Index,
        NanoTask Task,
        AnswerReading Answer,
        IReadOnlyList<Finding> Findings,
        string[] Critique,
        bool? Verdict
    )
    {
        public bool Satisfied => Findings.All(finding => finding.Followed);
    }
}
