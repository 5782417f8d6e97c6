using System.Globalization;
using Spar.Calls;
using Spar.Prompts;
using Spar.Seams;
using Spar.Store;

namespace Spar.SelfPlay;

/// <summary>
/// The whole method, stage after stage: SFT of actor and refiner from the teacher, then iterations of play, data, DPO and RFT, each followed by
/// an evaluation. Stages that ended in an earlier session are skipped, so that calling it again goes on with an interrupted run.
/// </summary>
public sealed class SelfPlayRun
{
    private IReadOnlyList<string> _fixedResponses = [];

    /// <summary>The run in numbers.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>The prompt set that the recipe names.</summary>
    public required PromptSet PromptSet { get; init; }

    /// <summary>Makes models answer.</summary>
    public required IModelHost Host { get; init; }

    /// <summary>Trains models.</summary>
    public required ITrainer Trainer { get; init; }

    /// <summary>Gives the run something to start from.</summary>
    public required ITeacher Teacher { get; init; }

    /// <summary>Gives the instructions.</summary>
    public required IPromptSource Prompts { get; init; }

    /// <summary>The run directory.</summary>
    public required RunStore Store { get; init; }

    /// <summary>Measures the models; null measures nothing.</summary>
    public IRunEvaluator? Evaluator { get; init; }

    /// <summary>Has the first word on every response, before a model judges it; null where models judge everything.</summary>
    public IConstraintVerifier? Verifier { get; init; }

    /// <summary>
    /// Knows what is right, to measure the judge by; null measures nothing. The loop learns nothing of it, unless the recipe's drift.action lets it
    /// stop a run or drop pairs.
    /// </summary>
    public IConstraintVerifier? Truth { get; init; }

    /// <summary>Is told how it goes.</summary>
    public IRunObserver Observer { get; init; } = new SilentObserver();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Runs, or goes on with, the whole recipe. Leaves results.json in the run directory.</summary>
    /// <param name="cancellationToken">Stops; what was answered so far is kept.</param>
    /// <exception cref="SparException">The recipe is faulty, no prompts came, every item of a stage failed, or the store cannot be written.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<RunResults> RunAsync(CancellationToken cancellationToken)
    {
        Recipe.Validate();
        if (Truth is null && Recipe.Drift.Action != DriftAction.Warn)
        {
            throw new SparException("drift.action can only be warn here: nothing verifies this run's prompts, so drift cannot be measured.");
        }

        using CallSession session = new(Recipe.Seed, Recipe.Concurrency, Store, Observer.CallAnswered);
        await using OpenModels models = new(Host, session);
        StageRunner runner = new(Store, session, Observer, Time);
        _fixedResponses = Evaluator is null ? [] : (await runner.RunAsync(StageNames.FixedResponses, 0, async () => new FixedResponsesProduct(
            await Evaluator.SampleFixedAsync(await models.OpenAsync(Recipe.BaseModel, cancellationToken).ConfigureAwait(false), Recipe, cancellationToken)
                .ConfigureAwait(false))).ConfigureAwait(false)).Responses;
        TrainingStage training = new(Trainer, runner, Store, session, Observer);
        PlayStage play = new(Recipe, PromptSet, runner, Store, session, Observer);

        EvaluationRow? baseRow = await EvaluateAsync("base", Recipe.BaseModel, Recipe.BaseModel, null, runner, models, cancellationToken)
            .ConfigureAwait(false);
        (string actor, string refiner) = await LearnFromTeacherAsync(runner, training, models, session, cancellationToken).ConfigureAwait(false);
        EvaluationRow? unchanged = actor == Recipe.BaseModel && refiner == Recipe.BaseModel ? baseRow : null;
        await EvaluateAsync("sft", actor, refiner, unchanged, runner, models, cancellationToken).ConfigureAwait(false);

        for (int iteration = 1; iteration <= Recipe.Iterations; iteration++)
        {
            IReadOnlyList<Prompt> prompts = Take("self-play", Recipe.PromptsPerIteration, iteration);
            (string playActor, string playRefiner) = (actor, refiner);
            await play.RunAsync(
                iteration,
                prompts,
                async () => (
                    await models.OpenAsync(playActor, cancellationToken).ConfigureAwait(false),
                    await models.OpenAsync(playRefiner, cancellationToken).ConfigureAwait(false),
                    await models.OpenJudgeAsync(playRefiner, Recipe, PromptSet, Verifier, cancellationToken).ConfigureAwait(false)),
                cancellationToken).ConfigureAwait(false);

            string played = StageNames.Play(iteration);
            DriftAction? drift = await CalibrateAsync(iteration, runner).ConfigureAwait(false);
            if (drift == DriftAction.Stop)
            {
                break;
            }

            IterationData builder = new(Recipe.Quotas, PromptSet, session.SeedOf($"it{iteration}/data"), unanimous: drift == DriftAction.Reweight);
            DataProduct data = await runner.RunAsync(StageNames.Data(iteration), 0, () => Task.FromResult(
                builder.Build(Store.ReadItems<PlayRecord>(played).Select(entry => entry.Record)))).ConfigureAwait(false);

            actor = await training.RunAsync(
                StageNames.Actor(iteration), actor, data.Pairs.Count, () => PreferenceData(data.Pairs), Recipe.Dpo, models.DisposeAsync,
                cancellationToken).ConfigureAwait(false);
            refiner = await training.RunAsync(
                StageNames.Refiner(iteration), refiner, data.RefinerRows.Count, () => SupervisedData(data.RefinerRows), Recipe.Rft,
                models.DisposeAsync, cancellationToken).ConfigureAwait(false);
            await EvaluateAsync($"iteration-{iteration}", actor, refiner, null, runner, models, cancellationToken).ConfigureAwait(false);
        }

        return WriteResults();
    }

    /// <summary>Makes M_0 and R_0.</summary>
    private async Task<(string Actor, string Refiner)> LearnFromTeacherAsync(
        StageRunner runner, TrainingStage training, OpenModels models, CallSession session, CancellationToken cancellationToken)
    {
        TeacherStages stages = new(Recipe, PromptSet, new TeacherCaller(Teacher, session), runner, session);
        string actor = Recipe.BaseModel;
        if (Recipe.ActorSft.Epochs > 0)
        {
            SupervisedProduct lessons = await stages.ActorDataAsync(Take("sft", Recipe.SftPrompts, 0), cancellationToken).ConfigureAwait(false);
            actor = await training.RunAsync(
                StageNames.Actor(0), actor, lessons.Rows.Count, () => SupervisedData(lessons.Rows), Recipe.ActorSft, models.DisposeAsync,
                cancellationToken).ConfigureAwait(false);
        }

        string refiner = Recipe.BaseModel;
        if (Recipe.RefinerSft.Epochs > 0)
        {
            SupervisedProduct lessons = await stages.RefinerDataAsync(
                Take("refiner", Recipe.RefinerPrompts, 0), () => models.OpenAsync(actor, cancellationToken), cancellationToken).ConfigureAwait(false);
            refiner = await training.RunAsync(
                StageNames.Refiner(0), refiner, lessons.Rows.Count, () => SupervisedData(lessons.Rows), Recipe.RefinerSft, models.DisposeAsync,
                cancellationToken).ConfigureAwait(false);
        }

        return (actor, refiner);
    }

    private async Task<EvaluationRow?> EvaluateAsync(
        string row, string actor, string refiner, EvaluationRow? known, StageRunner runner, OpenModels models, CancellationToken cancellationToken)
    {
        if (Evaluator is null)
        {
            return null;
        }

        string stage = StageNames.Evaluation(row);
        EvaluationProduct product = await runner.RunAsync(stage, known is null ? Evaluator.Items : 0, async () =>
        {
            if (known is not null)
            {
                return new EvaluationProduct(known with { Stage = row });
            }

            EvaluationContext context = new(
                row,
                await models.OpenAsync(actor, cancellationToken).ConfigureAwait(false),
                await models.OpenAsync(refiner, cancellationToken).ConfigureAwait(false),
                PromptSet,
                Recipe,
                failed => Observer.ItemFinished(stage, failed))
            {
                Judge = await models.OpenJudgeAsync(refiner, Recipe, PromptSet, Verifier, cancellationToken).ConfigureAwait(false),
                FixedResponses = _fixedResponses,
            };
            EvaluationRow measured = await Evaluator.EvaluateAsync(context, cancellationToken).ConfigureAwait(false);
            return new EvaluationProduct(measured with { Stage = row });
        }).ConfigureAwait(false);
        Observer.RowMeasured(product.Row);
        WriteResults();
        return product.Row;
    }

    /// <summary>Measures an iteration's judge.</summary>
    /// <returns>What is to be done about drift; null when there is none.</returns>
    private async Task<DriftAction?> CalibrateAsync(int iteration, StageRunner runner)
    {
        if (Truth is null)
        {
            return null;
        }

        IterationCalibration calibration = (await runner.RunAsync(StageNames.Calibration(iteration), 0, () =>
        {
            IterationCalibration measured = IterationCalibration.Of(
                iteration, Store.ReadItems<PlayRecord>(StageNames.Play(iteration)).Select(entry => entry.Record), Truth);
            return Task.FromResult(new CalibrationProduct(measured.Drift > Recipe.Drift.Threshold ? measured with { Taken = Recipe.Drift.Action } : measured));
        }).ConfigureAwait(false)).Calibration;
        Observer.Calibrated(calibration);
        if (calibration.Taken is { } action)
        {
            Observer.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"Iteration {iteration}: the judge holds {100 * calibration.SelfJudgedSuccess:0.0} % of the searches successful, verifiers {100 * calibration.VerifiedSuccess:0.0} %. ") +
                action switch
                {
                    DriftAction.Stop => "The run stops here, as drift.action says.",
                    DriftAction.Reweight => "Pairs with a disputed chosen response are dropped, as drift.action says.",
                    _ => "The run goes on; drift.action can stop it or drop disputed pairs.",
                });
        }

        return calibration.Taken;
    }

    private RunResults WriteResults()
    {
        RunResults results = RunResults.Of(Store);
        results.Write(Store.Directory);
        return results;
    }

    private IReadOnlyList<Prompt> Take(string split, int count, int iteration)
    {
        IReadOnlyList<Prompt> prompts = Prompts.Take(split, count, iteration);
        string what = iteration == 0 ? $"\"{split}\"" : $"\"{split}\", iteration {iteration}";
        if (prompts.Count == 0)
        {
            throw new SparException($"There are no prompts for {what}. Check where the recipe takes its prompts from.");
        }

        if (prompts.Count < count)
        {
            Observer.Warn($"There are only {prompts.Count} prompts for {what}, of {count} that the recipe asks for.");
        }

        return prompts.GroupBy(prompt => prompt.Id).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw new SparException($"Two prompts for {what} have the id {twice.Key}. Give every prompt an id of its own.")
            : prompts;
    }

    private static TrainingData.Supervised SupervisedData(IReadOnlyList<DataRow> rows) =>
        new([.. rows.Select(row => new SupervisedExample(row.Prompt, row.Response))]);

    private static TrainingData.Preference PreferenceData(IReadOnlyList<PairRow> pairs) =>
        new([.. pairs.Select(pair => new PreferencePair(pair.Prompt, pair.Chosen, pair.Rejected))]);
}
