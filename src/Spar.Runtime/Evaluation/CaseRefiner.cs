using System.Globalization;
using Microsoft.Extensions.AI;
using Spar.Calls;
using Spar.Decoding;
using Spar.Evaluation.Harness;
using Spar.Evaluation.Refinement;
using Spar.Ground;
using Spar.Judging;
using Spar.Search;
using Spar.Templates;

namespace Spar.Runtime.Evaluation;

/// <summary>
/// Lets a refiner judge failed responses and repair them by a decoding strategy. A response that the refiner takes for
/// good stays as it is.
/// </summary>
/// <param name="name">The refiner's name in the file of refinements.</param>
/// <param name="refiner">The model that judges and refines.</param>
/// <param name="templates">How it is asked.</param>
/// <param name="strategy">One of <see cref="StrategyNames"/>.</param>
/// <param name="settings">Sampling, votes, limits of the search.</param>
public sealed class CaseRefiner(
    string name,
    IChatClient refiner,
    TemplateSet templates,
    string strategy,
    DecodingSettings settings
)
{
    /// <summary>
    /// Strategies that begin from a given response: one refinement, a chain of them, breadth-first and depth-first
    /// search.
    /// </summary>
    public static IReadOnlyList<string> StrategyNames { get; } =
    [.. SearchStrategy.All.Select(strategy => strategy.Name)];

    /// <summary>Repairs every case; those that the file has are not repaired again.</summary>
    /// <param name="cases">Failed responses.</param>
    /// <param name="file">Keeps the refinements as they come.</param>
    /// <param name="options">Concurrency and seed.</param>
    /// <param name="progress">Told after every case; may be null.</param>
    /// <param name="cancellationToken">Stops; what was refined is kept.</param>
    /// <returns>The cases with their refinements, without those whose calls failed.</returns>
    /// <exception cref="Spar.Evaluation.EvaluationException">
    /// More calls failed than may, or the file holds another run's refinements.
    /// </exception>
    /// <exception cref="SparException">There is no such strategy.</exception>
    public async Task<IReadOnlyList<RepairCase>> RefineAsync(
        IReadOnlyList<RepairCase> cases,
        string file,
        EvaluationRunOptions options,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellationToken
    )
    {
        using CallSession session = new(unchecked((ulong)options.Seed), options.Concurrency);
        ModelCaller caller = new(refiner, session);
        SearchSettings limits = settings.Search;
        Gate gate = limits.ToGate();
        VotingJudge judge = new(caller, templates, settings.Judge, settings.Votes, gate);
        IRefinementSearch search = SearchStrategy
            .Named(strategy)
            .Create(judge, new RefinementSampler(caller, templates, settings.Refine), limits);
        Dictionary<string, RepairCase> byId = cases.ToDictionary(item => item.Id);
        string how = string.Create(
            CultureInfo.InvariantCulture,
            $"{strategy} {templates.Digest} {settings.Votes} {settings.Judge} {settings.Refine} {limits}"
        );
        EvaluationRequest[] requests =
        [
            .. cases.Select(item =>
                EvaluationRequest.User(
                    item.Id,
                    $"{how}\0{item.Instruction}\0{item.Failed}",
                    Sampling.GreedyUpTo(settings.Refine.MaxTokens)
                )
            ),
        ];
        FunctionChatClient repairing = new(
            async (_, options, token) =>
            {
                RepairCase item = byId[options.Call()!.Key];
                Valuation valuation = await judge
                    .JudgeAsync($"refine/{item.Id}/judge", item.Instruction, item.Failed, token)
                    .ConfigureAwait(false);
                if (gate.Passes(valuation))
                {
                    return new Answer(item.Failed);
                }

                SearchTree tree = await search
                    .SearchAsync($"refine/{item.Id}/tree", item.Instruction, item.Failed, valuation, token)
                    .ConfigureAwait(false);
                return tree.Failure is null
                    ? new Answer(tree.Best.Response)
                    : throw new UserFaultException(tree.Failure);
            }
        );
        IReadOnlyDictionary<string, Answer> refined = await AnswerCollector
            .CollectAsync(
                "refinements",
                requests,
                new EvaluationModel(name, repairing),
                file,
                options.Concurrency,
                options.Seed,
                progress,
                cancellationToken,
                options.AllowFailed
            )
            .ConfigureAwait(false);
        return
        [
            .. cases.Where(item => refined.ContainsKey(item.Id))
                .Select(item => item with { Repaired = refined[item.Id].Text }),
        ];
    }
}
