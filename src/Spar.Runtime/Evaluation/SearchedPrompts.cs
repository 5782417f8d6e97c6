using Spar.Calls;
using Spar.Decoding;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Results;
using Spar.Judging;
using Spar.Seams;
using Spar.Search;
using Spar.SelfPlay;

namespace Spar.Runtime.Evaluation;

/// <summary>
/// The same prompts as another yardstick's, with tree search at inference time: the actor's answer to each, the very
/// one that the other yardstick scores, is judged and refined by the run's judge, refiner and search settings, and what
/// comes of that is scored.
/// </summary>
/// <param name="name">The yardstick's name.</param>
/// <param name="answered">The yardstick whose answers it refines.</param>
/// <param name="open">Gives the prompts; called once, when the run's prompts are there.</param>
/// <param name="judge">The judge's model, for prompts without constraints; null where there is none.</param>
/// <param name="judgeIdentity">What the judge is known by wherever it lies; null where there is none.</param>
/// <param name="directory">The run directory.</param>
/// <param name="time">Gives the results their date.</param>
public sealed class SearchedPrompts(
    string name,
    string answered,
    Func<PromptsBenchmark> open,
    string? judge,
    string? judgeIdentity,
    string directory,
    TimeProvider time
) : IYardstick
{
    private readonly Lazy<PromptsBenchmark> _benchmark = new(open);

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Signature => BenchmarkYardstick.SignatureOf(_benchmark.Value, judgeIdentity);

    /// <summary>
    /// Documents that it is going to have, as far as is known before it is opened; 0 opens it to see.
    /// </summary>
    public int Expected { get; init; }

    /// <inheritdoc/>
    public int Items => Expected > 0 && !_benchmark.IsValueCreated ? Expected : _benchmark.Value.Requests.Count;

    /// <inheritdoc/>
    public void Open() => _ = _benchmark.Value;

    /// <inheritdoc/>
    public async Task<YardstickResult> MeasureAsync(EvaluationContext context, CancellationToken cancellationToken)
    {
        PromptsBenchmark benchmark = _benchmark.Value;
        Tally counts = new();
        EvaluationScore score = await EvaluationRun
            .MeasureAsync(
                new Counted(benchmark, counts),
                requests => SearchAsync(benchmark, requests, counts, context, cancellationToken),
                requests => JudgeAsync(requests, context, cancellationToken),
                Path.Combine(directory, BenchmarkYardstick.Folder, context.Row.ToString(), Name),
                new RunDescription(context.Row.ToString(), judge, YardstickCalls.Seed(context), time.GetUtcNow()),
                cancellationToken
            )
            .ConfigureAwait(false);
        return new YardstickResult(
            Name,
            benchmark.Facts.EffectiveCount,
            YardstickCalls.Figures(PromptsBenchmark.Name, score),
            score.Counts
        );
    }

    private Task<IReadOnlyDictionary<string, Answer>> SearchAsync(
        PromptsBenchmark benchmark,
        IReadOnlyList<EvaluationRequest> requests,
        Tally counts,
        EvaluationContext context,
        CancellationToken cancellationToken
    )
    {
        Recipe recipe = context.Recipe;
        IJudge asked = context.Judge;
        SearchDecoding decoding = new(
            new GreedyDecoding(context.Actor, recipe.Respond),
            asked,
            SearchStrategy.Tree(
                asked,
                new RefinementSampler(context.Refiner, context.Templates, recipe.Refine),
                recipe.Search
            ),
            recipe.Search.ToGate()
        );
        Dictionary<string, Prompt> prompts = benchmark.Prompts.ToDictionary(
            one => one.Prompt.Id,
            one => one.Prompt,
            StringComparer.Ordinal
        );
        return YardstickCalls.EachAsync(Name, "answers", requests, OneAsync, context, cancellationToken);

        async Task<Answer> OneAsync(EvaluationRequest request, CancellationToken token)
        {
            // The other yardstick has it already: its kept answer is taken.
            string call = BenchmarkYardstick.CallOf(context.Row, answered, "answers", request);
            Answer answer = await YardstickCalls
                .AskAsync(call, request, context.Actor, context, token)
                .ConfigureAwait(false);
            AnswerReading reading = answer.Read();
            if (reading.Blank || reading.Status == AnswerStatus.Refused)
            {
                return answer;
            }

            string key = $"eval/{context.Row}/{Name}/{request.Id}";
            Decoded decoded = await decoding
                .ImproveAsync(key, prompts[request.Id].Instruction, reading.Text, token)
                .ConfigureAwait(false);
            if (decoded.Tree?.Failure is { } failure)
            {
                throw new CallFailedException(key, new SparException(failure));
            }

            counts.Add(decoded);
            return decoded.Response == reading.Text ? answer : new Answer(decoded.Response);
        }
    }

    private async Task<IReadOnlyDictionary<string, Answer>> JudgeAsync(
        IReadOnlyList<EvaluationRequest> requests,
        EvaluationContext context,
        CancellationToken cancellationToken
    )
    {
        ModelCaller model = await context.OpenAsync(judge!, cancellationToken).ConfigureAwait(false);
        return await YardstickCalls
            .EachAsync(
                Name,
                "judgments",
                requests,
                (request, token) =>
                    YardstickCalls.AskAsync(
                        BenchmarkYardstick.CallOf(context.Row, Name, "judgments", request),
                        request,
                        model,
                        context,
                        token
                    ),
                context,
                cancellationToken
            )
            .ConfigureAwait(false);
    }

    // Sums alone, so that the order in which searches end does not matter.
    private sealed class Tally
    {
        private int _searches;
        private int _passed;
        private int _judgements;
        private int _refinements;

        public void Add(Decoded decoded)
        {
            Interlocked.Add(
                ref _judgements,
                decoded.Candidates.Sum(candidate => candidate.Valuation?.Unparsed?.Count ?? 0)
            );
            if (decoded.Tree is { } tree)
            {
                Interlocked.Increment(ref _searches);
                Interlocked.Add(ref _passed, tree.Outcome == SearchOutcome.Success ? 1 : 0);
                Interlocked.Add(ref _refinements, tree.Unparsed.Count);
            }
        }

        public IEnumerable<KeyValuePair<string, int>> All =>
        [
            new("searches", _searches),
            new("searches_passed", _passed),
            new("search_judgments_unreadable", _judgements),
            new("search_refinements_unreadable", _refinements),
        ];
    }

    // The benchmark, with what the searches counted among its counts.
    private sealed class Counted(PromptsBenchmark benchmark, Tally counts) : IBenchmark
    {
        public BenchmarkFacts Facts => benchmark.Facts;

        public IReadOnlyList<EvaluationRequest> Requests => benchmark.Requests;

        public bool NeedsJudge => benchmark.NeedsJudge;

        public IReadOnlyList<EvaluationRequest> JudgeRequests(IReadOnlyDictionary<string, Answer> answers) =>
            benchmark.JudgeRequests(answers);

        public async ValueTask<EvaluationScore> ScoreAsync(
            IReadOnlyDictionary<string, Answer> answers,
            IReadOnlyDictionary<string, Answer> judgments,
            CancellationToken cancellationToken
        )
        {
            EvaluationScore score = await benchmark
                .ScoreAsync(answers, judgments, cancellationToken)
                .ConfigureAwait(false);
            return score with
            {
                Counts = new OrderedDictionary<string, int>([.. score.Counts, .. counts.All]),
            };
        }
    }
}
