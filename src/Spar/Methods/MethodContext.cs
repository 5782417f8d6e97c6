using Spar.Calls;
using Spar.Judging;
using Spar.Seams;
using Spar.SelfPlay;
using Spar.Store;
using Spar.Templates;

namespace Spar.Methods;

/// <summary>What a method works with: the run's recipe, models and store, and who judges.</summary>
internal sealed record MethodContext(
    Recipe Recipe,
    TemplateSet Templates,
    StageRunner Runner,
    TrainingStage Training,
    RunStore Store,
    CallSession Session,
    OpenModels Models,
    IRunObserver Observer,
    IConstraintVerifier? Verifier,
    IConstraintVerifier? Truth,
    ITripWires? TripWires)
{
    /// <summary>How far this session goes in a play stage.</summary>
    public PlayScope Scope { get; init; } = PlayScope.Whole;

    /// <summary>Has play stages played by other processes; null plays them in this one.</summary>
    public IPlayElsewhere? Elsewhere { get; init; }

    /// <summary>Mends failing responses in play before the refiner is asked; null where no rules do.</summary>
    public IResponseMender? Mender { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Makes an iteration's training data.</summary>
    public DataStage Data { get; } = new(Runner, Store);

    /// <summary>Ends a run whose judgements cannot be read.</summary>
    public JudgementWatch Watch { get; } = new();

    /// <summary>A model that judges for itself, whatever other judges the recipe names; under watch.</summary>
    public IJudge JudgeOf(ModelCaller model) => new WatchedJudge(Judge([model]), Watch);

    /// <summary>The run's judge: the models that the recipe names, or else the refiner.</summary>
    /// <param name="refiner">Path or name of the refiner's model.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IJudge> OpenJudgeAsync(string refiner, CancellationToken cancellationToken)
    {
        List<ModelCaller> judges = [];
        foreach (string judge in Recipe.Judging.Judges.DefaultIfEmpty(JudgingSettings.Refiner))
        {
            judges.Add(
                await Models.OpenAsync(judge == JudgingSettings.Refiner ? refiner : judge, cancellationToken)
                    .ConfigureAwait(false));
        }

        return Judge(judges);
    }

    private IJudge Judge(IReadOnlyList<ModelCaller> models) =>
        Recipe.Judging.Create(models, Templates, Recipe.Judge, Recipe.Votes, Recipe.Search.ToGate(), Verifier);
}
