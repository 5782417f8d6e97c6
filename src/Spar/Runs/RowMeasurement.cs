using Spar.Methods;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Runs;

/// <summary>
/// Measures the rows of a run: by its evaluator, and by every yardstick of the recipe. Each yardstick is a stage of its
/// own, so that one that is added to a recipe later measures the rows that are there, and nothing else is measured
/// again.
/// </summary>
/// <param name="run">What the run works with.</param>
/// <param name="evaluator">Measures actor and refiner; null where nothing does.</param>
/// <param name="yardsticks">What else is measured; their names are unique.</param>
/// <param name="finished">Called when a row is there.</param>
internal sealed class RowMeasurement(
    MethodContext run,
    IRunEvaluator? evaluator,
    IReadOnlyList<IYardstick> yardsticks,
    Func<RunResults> finished
)
{
    private IReadOnlyList<string> _fixedResponses = [];

    /// <summary>Samples the base model's responses that the refiner is measured on in every row.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task SampleFixedAsync(CancellationToken cancellationToken)
    {
        if (evaluator is null)
        {
            return;
        }

        FixedResponsesProduct product = await run
            .Runner.RunAsync(
                StageNames.FixedResponses,
                0,
                async () =>
                    new FixedResponsesProduct(
                        await evaluator
                            .SampleFixedAsync(
                                await run
                                    .Models.OpenAsync(run.Recipe.ActorStart, cancellationToken)
                                    .ConfigureAwait(false),
                                run.Recipe,
                                cancellationToken
                            )
                            .ConfigureAwait(false)
                    )
            )
            .ConfigureAwait(false);
        _fixedResponses = product.Responses;
    }

    /// <summary>Measures a row.</summary>
    /// <param name="row">Its name.</param>
    /// <param name="pair">Its models.</param>
    /// <param name="like">A row of the same models, whose figures are this row's too; null where there is none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task MeasureAsync(RowName row, ModelPair pair, RowName? like, CancellationToken cancellationToken)
    {
        if (evaluator is null && yardsticks.Count == 0)
        {
            return;
        }

        foreach (IYardstick yardstick in yardsticks)
        {
            await MeasureByAsync(yardstick, row, pair, like, cancellationToken).ConfigureAwait(false);
        }

        // The row itself comes last: a run whose last row is there has ended.
        string stage = StageNames.Evaluation(row);
        if (evaluator is not null && run.Store.FindProduct<EvaluationProduct>(stage) is { Row.HeldOutPrompt: null })
        {
            run.Store.DropProduct(stage);
        }

        await run
            .Runner.RunAsync(
                stage,
                like is null && evaluator is not null ? evaluator.Items : 0,
                async () =>
                    new EvaluationProduct(
                        (
                            evaluator is null ? new EvaluationRow(row)
                            : like is { } same && run.Store.FindProduct<EvaluationProduct>(StageNames.Evaluation(same)) is { } kept
                                ? kept.Row
                            : await evaluator
                                .EvaluateAsync(
                                    await OpenAsync(stage, row, pair, cancellationToken).ConfigureAwait(false),
                                    cancellationToken
                                )
                                .ConfigureAwait(false)
                        ) with
                        {
                            Name = row,
                        }
                    )
            )
            .ConfigureAwait(false);
        run.Observer.RowMeasured(finished().Rows.First(one => one.Name == row));
    }

    private async Task MeasureByAsync(
        IYardstick yardstick,
        RowName row,
        ModelPair pair,
        RowName? like,
        CancellationToken cancellationToken
    )
    {
        string stage = StageNames.Yardstick(row, yardstick.Name);
        if (run.Store.FindProduct<YardstickProduct>(stage) is { } earlier && earlier.Signature != yardstick.Signature)
        {
            run.Observer.Warn(
                $"What {yardstick.Name} measures has changed since it measured row {row}; it measures again."
            );
            run.Store.DropProduct(stage);
        }

        await run
            .Runner.RunAsync(
                stage,
                like is null ? yardstick.Items : 0,
                async () =>
                {
                    YardstickResult result =
                        like is { } same
                        && run.Store.FindProduct<YardstickProduct>(StageNames.Yardstick(same, yardstick.Name)) is { } kept
                            ? kept.Result
                            : await yardstick
                                .MeasureAsync(
                                    await OpenAsync(stage, row, pair, cancellationToken).ConfigureAwait(false),
                                    cancellationToken
                                )
                                .ConfigureAwait(false);
                    return new YardstickProduct(row, yardstick.Signature, result);
                }
            )
            .ConfigureAwait(false);
    }

    private async Task<EvaluationContext> OpenAsync(
        string stage,
        RowName row,
        ModelPair pair,
        CancellationToken cancellationToken
    ) =>
        new(
            row,
            await run.Models.OpenAsync(pair.Actor, cancellationToken).ConfigureAwait(false),
            await run.Models.OpenAsync(pair.Refiner, cancellationToken).ConfigureAwait(false),
            run.Templates,
            run.Recipe,
            failed => run.Observer.ItemFinished(stage, failed)
        )
        {
            Judge = await run.OpenJudgeAsync(pair.Refiner, cancellationToken).ConfigureAwait(false),
            OpenAsync = run.Models.OpenAsync,
            FixedResponses = _fixedResponses,
        };
}
