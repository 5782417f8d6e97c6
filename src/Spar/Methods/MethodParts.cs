using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>What a method works with: the run's recipe and store, and the steps that methods share.</summary>
internal sealed record MethodParts(
    Recipe Recipe, TemplateSet Templates, StageRunner Runner, TrainingStage Training, RunStore Store, CallSession Session, OpenModels Models, IRunObserver Observer,
    IConstraintVerifier? Verifier, IConstraintVerifier? Truth)
{
    /// <summary>A model that judges for itself, whatever other judges the recipe names.</summary>
    public IJudge JudgeOf(ModelCaller model) => Recipe.Judging.Create([model], Templates, Recipe.Judge, Recipe.Votes, Recipe.Search.ToGate(), Verifier);

    /// <summary>Trains a model on rows.</summary>
    /// <returns>Path or name of the trained model.</returns>
    public Task<string> TrainAsync(string stage, string start, IReadOnlyList<SupervisedRow> rows, SupervisedSettings settings, CancellationToken cancellationToken) =>
        Training.RunAsync(
            stage,
            start,
            rows.Count,
            () => new TrainingData.Supervised(rows, settings),
            settings,
            Models.DisposeAsync,
            cancellationToken);

    /// <summary>Trains a model on pairs.</summary>
    /// <returns>Path or name of the trained model.</returns>
    public Task<string> TrainAsync(string stage, string start, IReadOnlyList<PreferencePair> pairs, PreferenceSettings settings, CancellationToken cancellationToken) =>
        Training.RunAsync(
            stage,
            start,
            pairs.Count,
            () => new TrainingData.Preference(pairs, settings),
            settings,
            Models.DisposeAsync,
            cancellationToken);
}
