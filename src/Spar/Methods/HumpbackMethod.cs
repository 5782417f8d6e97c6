using Spar.Calls;
using Spar.Ground;
using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>
/// Humpback (Li et al. 2023): a backward model, trained on the teacher's responses turned round, writes instructions
/// for unlabelled texts; the
/// model rates instruction and text, and learns the best by SFT together with the teacher's responses.
/// docs/baselines.md says what differs.
/// </summary>
internal sealed class HumpbackMethod(MethodContext run, ITextSource texts) : IIterationMethod
{
    private readonly PromptTemplate _backward = run.Templates.Require(TemplateSet.BackwardFile, "method humpback");
    private string? _backwardModel;

    public async Task<ModelPair> BeginAsync(ModelPair start, CancellationToken cancellationToken)
    {
        IReadOnlyList<SupervisedRow> seeds = Seeds();
        if (seeds.Count == 0)
        {
            throw new SparException(
                "Method humpback learns to write instructions from the teacher's responses, and the recipe has "
                    + "none. Set sft_prompts and actor_sft.epochs above 0."
            );
        }

        _backwardModel = await run
            .Training.RunAsync(
                StageNames.Backward,
                run.Recipe.ActorStart,
                new TrainingData.Supervised(
                    [
                        .. seeds.Select(row => new SupervisedRow(
                            row.PromptId,
                            RowKinds.Instruction,
                            AskInstruction(row.Response),
                            row.Prompt
                        )),
                    ],
                    run.Recipe.BackwardSft
                ),
                cancellationToken
            )
            .ConfigureAwait(false);
        return await OneModel.BeginAsync(run, start, cancellationToken).ConfigureAwait(false);
    }

    public async Task<ModelPair?> IterateAsync(
        int iteration,
        IReadOnlyList<Prompt> prompts,
        ModelPair models,
        CancellationToken cancellationToken
    )
    {
        string stage = StageNames.Data(iteration);
        DataProduct data = await run
            .Data.MakeAsync(
                iteration,
                prompts.Count,
                async () =>
                {
                    // As many texts as the other methods take prompts.
                    IReadOnlyList<string> unlabelled = texts.Take(prompts.Count, iteration);
                    ModelCaller backward = await run
                        .Models.OpenAsync(_backwardModel!, cancellationToken)
                        .ConfigureAwait(false);
                    ModelCaller model = await run
                        .Models.OpenAsync(models.Actor, cancellationToken)
                        .ConfigureAwait(false);
                    IJudge judge = run.JudgeOf(model);
                    IReadOnlyList<(Rated? Result, string? Failure)> rated = await run
                        .Runner.EachAsync(
                            stage,
                            unlabelled,
                            (i, text, token) => RateAsync(iteration, i, text, backward, judge, token),
                            cancellationToken
                        )
                        .ConfigureAwait(false);
                    return Build(iteration, unlabelled, rated);
                }
            )
            .ConfigureAwait(false);
        string trained = await run
            .Training.RunAsync(
                StageNames.Actor(iteration),
                models.Actor,
                new TrainingData.Supervised([.. data.ActorRows!, .. Seeds()], run.Recipe.IterationSft),
                cancellationToken
            )
            .ConfigureAwait(false);
        return new ModelPair(trained, trained);
    }

    // Instructions for one text, each with the model's votes on the text as its response.
    private async Task<Rated> RateAsync(
        int iteration,
        int item,
        string text,
        ModelCaller backward,
        IJudge judge,
        CancellationToken cancellationToken
    )
    {
        AnswerReading[] written = await Task.WhenAll(
                Enumerable
                    .Range(0, run.Recipe.Responses)
                    .Select(async k =>
                        (
                            await backward
                                .AskAsync(
                                    $"it{iteration}/instruct/p{item}/k{k}",
                                    AskInstruction(text),
                                    run.Recipe.Respond,
                                    cancellationToken
                                )
                                .ConfigureAwait(false)
                        ).Read()
                    )
            )
            .ConfigureAwait(false);
        Candidate[] candidates = await Task.WhenAll(
                written
                    .Where(instruction => instruction.Complete)
                    .Select(instruction => instruction.Text.Trim())
                    .Distinct(StringComparer.Ordinal)
                    .Select(
                        async (instruction, n) =>
                            new Candidate(
                                instruction,
                                await judge
                                    .JudgeAsync(
                                        $"it{iteration}/judge/p{item}/n{n}",
                                        instruction,
                                        text,
                                        cancellationToken
                                    )
                                    .ConfigureAwait(false)
                            )
                    )
            )
            .ConfigureAwait(false);
        return new Rated(candidates, [.. written.Select(instruction => instruction.Incomplete).OfType<string>()]);
    }

    // Of each text the instruction with the most votes, where they pass the gate.
    private DataProduct Build(
        int iteration,
        IReadOnlyList<string> unlabelled,
        IReadOnlyList<(Rated? Result, string? Failure)> rated
    )
    {
        Counts counts = new();
        Gate gate = run.Recipe.Search.ToGate();
        List<SupervisedRow> rows = [];
        for (int i = 0; i < unlabelled.Count; i++)
        {
            counts.Add("texts");
            if (rated[i].Result is not { } result)
            {
                counts.Fail($"text {i}", rated[i].Failure!);
                continue;
            }

            Candidate[] candidates = result.Candidates;
            foreach (string why in result.LeftOut)
            {
                counts.Add($"instructions left out: {why}");
            }

            counts.Add("instructions", candidates.Length);
            Candidate[] passed = [.. candidates.Where(candidate => gate.Passes(candidate.Valuation))];
            counts.Add("instructions that passed", passed.Length);
            if (passed.Length > 0)
            {
                double best = passed.Max(candidate => candidate.Valuation.Value!.Value);
                Candidate[] equals = [.. passed.Where(candidate => candidate.Valuation.Value == best)];
                Candidate chosen = equals[
                    new SeededRandom(run.Session.SeedOf($"it{iteration}/chosen/p{i}")).Next(equals.Length)
                ];
                rows.Add(new SupervisedRow($"text-{i}", RowKinds.Response, chosen.Instruction, unlabelled[i]));
            }
        }

        counts.Add("rows", rows.Count);
        return new DataProduct(counts.ToStatistics(), [], []) { ActorRows = rows };
    }

    private string AskInstruction(string text) => _backward.Fill(_ => text);

    private IReadOnlyList<SupervisedRow> Seeds() =>
        run.Store.FindProduct<SupervisedProduct>(StageNames.ActorSftData)?.Rows ?? [];

    private sealed record Rated(Candidate[] Candidates, IReadOnlyList<string> LeftOut);

    private sealed record Candidate(string Instruction, Valuation Valuation);
}
