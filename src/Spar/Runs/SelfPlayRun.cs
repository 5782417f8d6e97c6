using System.Diagnostics;
using Spar.Calls;
using Spar.Methods;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Runs;

/// <summary>
/// The whole method, stage after stage: SFT of actor and refiner from the teacher, then iterations of play, data, DPO
/// and RFT (or of the method that the recipe names), each followed by an evaluation. Stages that ended in an earlier
/// session are skipped, so that calling it again goes on with an interrupted run.
/// </summary>
public sealed class SelfPlayRun
{
    /// <summary>The run in numbers.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>The prompt set that the recipe names.</summary>
    public required TemplateSet Templates { get; init; }

    /// <summary>Makes models answer.</summary>
    public required IModelHost Host { get; init; }

    /// <summary>Trains models.</summary>
    public required ITrainer Trainer { get; init; }

    /// <summary>
    /// Gives M_0 and R_0 what they learn first; null for none: then they are what they start from.
    /// </summary>
    public required Teacher? Teacher { get; init; }

    /// <summary>Gives the instructions.</summary>
    public required IPromptSource Prompts { get; init; }

    /// <summary>Writes the checks that method autoif filters by; null asks M_0 for them.</summary>
    public ICheckWriter? Checks { get; init; }

    /// <summary>Gives the unlabelled texts that method humpback needs; no other method does.</summary>
    public ITextSource? Texts { get; init; }

    /// <summary>The run directory.</summary>
    public required RunStore Store { get; init; }

    /// <summary>Measures the models; null measures nothing.</summary>
    public IRunEvaluator? Evaluator { get; init; }

    /// <summary>What else the recipe measures the models by.</summary>
    public IReadOnlyList<IYardstick> Yardsticks { get; init; } = [];

    /// <summary>
    /// Has the first word on every response, before a model judges it; null where models judge everything.
    /// </summary>
    public IConstraintVerifier? Verifier { get; init; }

    /// <summary>
    /// Knows what is right, to measure the judge by; null measures nothing. The loop learns nothing of it, unless the
    /// recipe's drift.action lets it stop a run or drop pairs.
    /// </summary>
    public IConstraintVerifier? Truth { get; init; }

    /// <summary>
    /// Tells rewarded responses that satisfy checks by tricks; null looks for none. The loop learns nothing of it,
    /// unless the recipe's drift.action lets it stop a run or drop pairs.
    /// </summary>
    public ITripWires? TripWires { get; init; }

    /// <summary>
    /// Share of a stage's items, 0..1, that may be missing because calls failed. A stage with more has not ended, and
    /// its failed calls are made again when the run goes on.
    /// </summary>
    public double AllowFailed { get; init; }

    /// <summary>How far this session goes in a play stage; the run goes on in another one.</summary>
    public PlayScope Scope { get; init; } = PlayScope.Whole;

    /// <summary>Has play stages played by other processes; null plays them in this one.</summary>
    public IPlayElsewhere? Elsewhere { get; init; }

    /// <summary>Where the last session ended that <see cref="Scope"/> has ended; null where it went on to the end.</summary>
    public SessionEnd? Ended { get; private set; }

    /// <summary>
    /// Whether stages that ended without some items ask for those again. Where that brings something, what was made
    /// without them is made anew.
    /// </summary>
    public bool RetryFailed { get; init; }

    /// <summary>Is told how it goes.</summary>
    public IRunObserver Observer { get; init; } = new SilentObserver();

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Runs, or goes on with, the whole recipe. Leaves results.json in the run directory.</summary>
    /// <param name="cancellationToken">Stops; what was answered so far is kept.</param>
    /// <exception cref="SparException">
    /// The recipe is faulty, no prompts came, every item of a stage failed, or the store cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<RunResults> RunAsync(CancellationToken cancellationToken)
    {
        if (Scope != PlayScope.Whole && Recipe.Method != TrainingMethod.Spar)
        {
            throw new SparException("Only method spar has play that can be cut into shards.");
        }

        using Activity? trace = RunTraces.Run(Recipe);
        try
        {
            RunResults results = await RunWholeAsync(cancellationToken).ConfigureAwait(false);
            if (Trainer is IAsyncDisposable trainer)
            {
                await trainer.DisposeAsync().ConfigureAwait(false);
            }

            return results;
        }
        catch (SessionEndException end)
        {
            Ended = end.End;
            if (Scope.Shard is null)
            {
                // Shards that are started by hand take what they need from the run itself.
                PlayShards.ForgetPrepared(Store.Directory);
            }

            return Scope.Shard is null ? WriteResults() : RunResults.Of(Store);
        }
        catch (Exception fault)
        {
            trace.Failed(fault);
            throw;
        }
        finally
        {
            // What the host has started for this run does not outlive it.
            if (Host is IAsyncDisposable host)
            {
                await host.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task<RunResults> RunWholeAsync(CancellationToken cancellationToken)
    {
        Recipe.Validate();
        if (Truth is null && TripWires is null && Recipe.Drift.Action != DriftAction.Warn)
        {
            throw new SparException(
                "drift.action can only be warn here: nothing verifies this run's prompts, so drift cannot be " +
                "measured.");
        }

        new PromptStage(Store, Observer, Time).Run(Prompts, Teacher, Recipe, cancellationToken);
        foreach (IYardstick yardstick in Yardsticks)
        {
            yardstick.Open();
        }

        using CallSession session = new(Recipe.Seed, Recipe.Concurrency, Store, Observer.CallAnswered);
        await using OpenModels models = new(Host, session);
        StageRunner runner = new(Store, session, Observer, Time, AllowFailed, RetryFailed)
        {
            Scope = Scope,
            Forgotten = () => WriteResults(),
        };
        TrainingStage training = new(Trainer, runner, Store, session, Observer, models);
        models.Preparing = training.RestoreAsync;
        MethodContext run = new(
            Recipe, Templates, runner, training, Store, session, models, Observer, Verifier, Truth, TripWires)
        {
            Scope = Scope,
            Elsewhere = Elsewhere,
            Mender = Teacher is Teacher.Mending { InPlay: true } rules ? rules.Mender : null,
            Time = Time,
        };

        RowMeasurement measurement = new(run, Evaluator, Yardsticks, WriteResults);
        ModelPair untrained = new(Recipe.ActorStart, Recipe.RefinerStart);
        await measurement.SampleFixedAsync(cancellationToken).ConfigureAwait(false);
        await measurement.MeasureAsync(RowName.Base, untrained, null, cancellationToken).ConfigureAwait(false);
        ModelPair start = Teacher is null ? untrained
            : await new FirstLessons(run, Teacher, Take).LearnAsync(untrained, cancellationToken).ConfigureAwait(false);
        await measurement.MeasureAsync(
            RowName.Sft, start, start == untrained ? RowName.Base : null, cancellationToken).ConfigureAwait(false);

        IIterationMethod method = MethodOf(run);
        ModelPair current = Recipe.Iterations == 0
            ? start : await method.BeginAsync(start, cancellationToken).ConfigureAwait(false);
        for (int iteration = 1; iteration <= Recipe.Iterations; iteration++)
        {
            IReadOnlyList<Prompt> prompts = Take(PromptSplit.SelfPlay(iteration), Recipe.PromptsPerIteration);
            if (await method.IterateAsync(iteration, prompts, current, cancellationToken)
                .ConfigureAwait(false) is not { } next)
            {
                break;
            }

            current = next;
            if (Recipe.IterativeTraining || iteration == Recipe.Iterations)
            {
                await measurement.MeasureAsync(RowName.Iteration(iteration), current, null, cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        if (session.SparedRequests > 0)
        {
            Observer.Notice(
                $"{session.SparedRequests} requests to servers were spared by asking for several answers at once (n).");
        }

        return WriteResults();
    }

    private IIterationMethod MethodOf(MethodContext run) => Recipe.Method switch
    {
        TrainingMethod.Spar => new SparMethod(run),
        TrainingMethod.Autoif => new AutoifMethod(run, Checks),
        TrainingMethod.Self => new SelfMethod(run),
        TrainingMethod.Humpback => new HumpbackMethod(
            run, Texts ?? throw new SparException(
                "Method humpback writes instructions for unlabelled texts, and this run has no source of them.")),
        TrainingMethod.SelfRewarding => new SelfRewardingMethod(run),
        TrainingMethod.MetaRewarding => new MetaRewardingMethod(run),
        _ => throw new SparException($"There is no method {Recipe.Method}."),
    };

    private RunResults WriteResults()
    {
        RunResults results = RunResults.Of(Store);
        results.Write(Store.Directory);
        ModelCards.Write(Store, results);
        return results;
    }

    private IReadOnlyList<Prompt> Take(PromptSplit split, int count)
    {
        IReadOnlyList<Prompt> prompts = Prompts.Take(split, count);
        if (prompts.Count == 0)
        {
            throw new SparException(
                $"There are no prompts for {split}. Check where the recipe takes its prompts from.");
        }

        if (prompts.Count < count)
        {
            Observer.Warn($"There are only {prompts.Count} prompts for {split}, of {count} that the recipe asks for.");
        }

        HashSet<string> ids = new(prompts.Count, StringComparer.Ordinal);
        return prompts.FirstOrDefault(prompt => !ids.Add(prompt.Id)) is { } twice
            ? throw new SparException(
                $"Two prompts for {split} have the id {twice.Id}. Give every prompt an id of its own.")
            : prompts;
    }
}
