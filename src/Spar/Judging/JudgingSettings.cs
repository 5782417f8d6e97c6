using Spar.Calls;
using Spar.Recipes;
using Spar.Seams;
using Spar.Templates;

namespace Spar.Judging;

/// <summary>How a judge comes to the value of a response.</summary>
public enum ValuationMethod
{
    /// <summary>All votes are cast (<see cref="VotingJudge"/>).</summary>
    Votes,

    /// <summary>Votes are cast until the verdict is settled (<see cref="AdaptiveJudge"/>).</summary>
    Adaptive,

    /// <summary>One judgement, and the probability of yes at its verdict (<see cref="ProbabilityJudge"/>).</summary>
    Probability,
}

/// <summary>Who judges, and how.</summary>
public sealed record JudgingSettings
{
    /// <summary>The name by which <see cref="Judges"/> calls the run's own refiner.</summary>
    public const string Refiner = "refiner";

    /// <summary>How the value of a response comes about.</summary>
    public ValuationMethod Valuation { get; init; } = ValuationMethod.Votes;

    /// <summary>
    /// Models that judge: "refiner", or what the host can open (a checkpoint; an endpoint as
    /// http://host:port/v1#model). None: the refiner alone. One:
    /// it judges in the refiner's place. Several: a panel, with one vote each.
    /// </summary>
    [RefersTo(Referent.JudgeModel)]
    public IReadOnlyList<string> Judges { get; init; } = [];

    /// <summary>
    /// Kinds or families of constraints that verifiers check by rule before a model judges, such as words or length;
    /// "all" for every one. None: models
    /// judge everything.
    /// </summary>
    public IReadOnlyList<string> Verifiers { get; init; } = [];

    /// <summary>
    /// Whether a prompt's own constraints, where all of them are followed, are everything that it asks for: then the
    /// verdict is yes without a model, and the model judges only prompts that bring none. For models that are too small
    /// to judge. When not given, what passes the rules is judged.
    /// </summary>
    public bool? ConstraintsSuffice { get; init; }

    /// <summary>
    /// File of JSON lines with key, prompt, instruction_id_list and kwargs, as IFEval has them: where a run's prompt
    /// has the text of one of them, the verifiers of IFEval, IFTrain and IFBench check those constraints first. None:
    /// no prompt has any.
    /// </summary>
    [RefersTo(Referent.File)]
    public string? ConstraintFile { get; init; }

    /// <summary>Makes the judge.</summary>
    /// <param name="models">The judging models in the order of <see cref="Judges"/>; at least one.</param>
    /// <param name="templates">How they are asked.</param>
    /// <param name="sampling">How judgements are sampled.</param>
    /// <param name="votes">Judgements a response, at least 1.</param>
    /// <param name="gate">Decides verdicts.</param>
    /// <param name="verifier">Has the first word on every response; null where models judge everything.</param>
    public IJudge Create(
        IReadOnlyList<ModelCaller> models, TemplateSet templates, Sampling sampling, int votes, Gate gate,
        IConstraintVerifier? verifier = null)
    {
        IJudge judge = models.Count == 1 ? One(models[0]) : new PanelJudge([.. models.Select(One)], gate);
        return verifier is null ? judge : new HybridJudge(judge, verifier, templates.Format);

        IJudge One(ModelCaller model) => Valuation switch
        {
            ValuationMethod.Adaptive => new AdaptiveJudge(model, templates, sampling, votes, gate),
            ValuationMethod.Probability => new ProbabilityJudge(model, templates, sampling),
            _ => new VotingJudge(model, templates, sampling, votes, gate),
        };
    }
}
