using System.Globalization;
using System.Text.Json.Serialization;
using Spar.Calls;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;

namespace Spar.Experiments.Synthetic;

/// <summary>
/// Trains one start model on refined pairs and on interfering pairs, and measures both on held-out prompts every few
/// steps (Figure 4 of the paper). The two trainings differ in nothing but the pairs: same start, same prompts in the
/// same order, same settings. What has ended is kept in the run directory; running again goes on from there.
/// </summary>
public sealed class PairComparison
{
    private const string StartStage = "start";
    private const string BeforeStage = "start-measured";
    private const int Concurrency = 256;

    /// <summary>What the prompts are.</summary>
    public required SyntheticProblem Problem { get; init; }

    /// <summary>The comparison in numbers.</summary>
    public required PairSettings Settings { get; init; }

    /// <summary>What the start is trained from.</summary>
    public required string BaseModel { get; init; }

    /// <summary>Decides everything that is random.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Opens models.</summary>
    public required IModelHost Host { get; init; }

    /// <summary>Trains; must be able to keep models between (<see cref="TrainingJob.SaveEvery"/>).</summary>
    public required ITrainer Trainer { get; init; }

    /// <summary>The run directory.</summary>
    public required RunStore Store { get; init; }

    /// <summary>Is told how it goes.</summary>
    public required IRunObserver Observer { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>True when nothing is left to do; <see cref="RunAsync"/> then only reads.</summary>
    public bool HasEnded =>
        new[] { BeforeStage, StageOf(PairKind.Refined), StageOf(PairKind.Interfering) }.All(Store.Stages().Contains);

    /// <summary>Runs it, or goes on with it.</summary>
    /// <param name="cancellationToken">Stops; what has ended is kept.</param>
    /// <exception cref="SparException">
    /// Every call of a measurement failed, or the run directory cannot be written.
    /// </exception>
    public async Task<PairCurves> RunAsync(CancellationToken cancellationToken)
    {
        if (HasEnded)
        {
            return Curves(
                Store.FindProduct<CurveProduct>(BeforeStage)!,
                Store.FindProduct<CurveProduct>(StageOf(PairKind.Refined))!,
                Store.FindProduct<CurveProduct>(StageOf(PairKind.Interfering))!);
        }

        using CallSession session = new(Seed, Concurrency, Store, Observer.CallAnswered);
        StageRunner runner = new(Store, session, Observer, Time);
        TrainingStage training = new(Trainer, runner, Store, session, Observer);
        string start = await training.RunAsync(
            StartStage,
            BaseModel,
            new TrainingData.Supervised(Problem.Examples(session.SeedOf("examples"), Settings.Examples), Settings.Sft),
            cancellationToken).ConfigureAwait(false);

        CurveProduct before = await runner.RunAsync(BeforeStage, Settings.HeldOut, async () =>
            new CurveProduct(
                [await MeasureAsync(BeforeStage, 0, start, session, cancellationToken).ConfigureAwait(false)]))
                    .ConfigureAwait(false);
        CurveProduct refined = await CurveAsync(PairKind.Refined, start, session, runner, cancellationToken)
            .ConfigureAwait(false);
        CurveProduct interfering = await CurveAsync(PairKind.Interfering, start, session, runner, cancellationToken)
            .ConfigureAwait(false);
        return Curves(before, refined, interfering);
    }

    private static string StageOf(PairKind kind) => kind == PairKind.Refined ? "refined" : "interfering";

    private PairCurves Curves(CurveProduct before, CurveProduct refined, CurveProduct interfering) =>
        new(Problem.Name, Seed, [.. before.Points, .. refined.Points], [.. before.Points, .. interfering.Points]);

    private Task<CurveProduct> CurveAsync(
        PairKind kind, string start, CallSession session, StageRunner runner, CancellationToken cancellationToken)
    {
        string stage = StageOf(kind);
        return runner.RunAsync(stage, 0, async () =>
        {
            string directory = Path.Combine(Store.Directory, "checkpoints", stage);
            TrainingJob job = new(
                start,
                Path.Combine(directory, "last"),
                new TrainingData.Preference(Problem.Pairs(kind, session.SeedOf("pairs"), Settings.Pairs), Settings.Dpo),
                session.SeedOf("train/pairs"))
            { SaveEvery = Settings.MeasureEvery };
            TrainingReport report = await Trainer.TrainAsync(
                job, new StageTrainingProgress(Observer, stage), cancellationToken)
                .ConfigureAwait(false);
            List<SavedModel> models = [.. report.Saved];
            if (models.Count == 0 || models[^1].Step < report.Steps.Count)
            {
                models.Add(new SavedModel(report.Steps.Count, report.Model));
            }

            string measuring = $"{stage}-measured";
            Observer.StageStarted(measuring, models.Count * Settings.HeldOut);
            List<CurvePoint> points = [];
            foreach (SavedModel model in models)
            {
                points.Add(
                    await MeasureAsync(measuring, model.Step, model.Model, session, cancellationToken)
                        .ConfigureAwait(false));
            }

            // They are large, and training them again would give the same.
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }

            return new CurveProduct(points);
        });
    }

    private async Task<CurvePoint> MeasureAsync(
        string stage, int step, string model, CallSession session, CancellationToken cancellationToken)
    {
        IReadOnlyList<SyntheticPrompt> prompts = Problem.HeldOut(Settings.HeldOut);
        await using OpenModels models = new(Host, session);
        ModelCaller caller = await models.OpenAsync(model, cancellationToken).ConfigureAwait(false);
        string[] responses = await Task.WhenAll(prompts.Select(async (prompt, i) =>
        {
            string key = string.Create(CultureInfo.InvariantCulture, $"{stage}/step-{step}/p{i}");

            // A call that fails ends the stage, and the same command asks again: a response that cannot be had is not
            // one that does nothing that was asked.
            string response = (await caller.AskAsync(key, prompt.Prompt, Settings.Respond, cancellationToken)
                .ConfigureAwait(false)).Read().Text;
            Observer.ItemFinished(stage, false);
            return response;
        })).ConfigureAwait(false);
        double[] interference = [
            .. responses.Select(Problem.Interferes).OfType<double>()];
        return new CurvePoint(
            step,
            prompts.Zip(responses).Count(pair => pair.First.IsSatisfied(pair.Second)) / (double)prompts.Count,
            interference.Length == 0 ? null : interference.Average());
    }

    /// <summary>What a stage of this comparison leaves in the store.</summary>
    private sealed record CurveProduct(IReadOnlyList<CurvePoint> Points) : IStageProduct
    {
        [JsonIgnore]
        public StageStatistics Statistics => StageStatistics.None;
    }
}
