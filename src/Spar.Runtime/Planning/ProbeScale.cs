using Spar.Runtime.Composition;
using Spar.Runtime.Recipes;
using Spar.SelfPlay;

namespace Spar.Runtime.Planning;

/// <summary>
/// How much smaller a probe is than the run of its recipe: which counts are cut, and by how much each stage grows back.
/// </summary>
internal sealed class ProbeScale
{
    // Models get better while a run goes on, which a probe cannot: an iteration asks this much less than the one before,
    // as measured on the runs in docs/results.md.
    private const double Gain = 0.05;

    private readonly RunRecipe _recipe;
    private readonly Recipe _small;
    private readonly NanoSettings _smallNano;
    private readonly IReadOnlyList<YardstickSettings> _smallYardsticks;
    private readonly Dictionary<string, double> _yardsticks = new(StringComparer.Ordinal);

    /// <summary>The scale of a probe.</summary>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="prompts">Prompts of each kind that the probe takes, at least 1.</param>
    /// <param name="wholeStart">Whether M_0 and R_0 learn all that they learn in the run.</param>
    public ProbeScale(RunRecipe recipe, int prompts, bool wholeStart)
    {
        _recipe = recipe = recipe with { Method = Teachers.WithCountedLessons(recipe) };
        Recipe method = recipe.Method;
        int played = Math.Min(prompts, method.PromptsPerIteration);
        double share = played / (double)method.PromptsPerIteration;
        _small = method with
        {
            SftPrompts = wholeStart ? method.SftPrompts : Math.Min(prompts, method.SftPrompts),
            RefinerPrompts = wholeStart ? method.RefinerPrompts : Math.Min(prompts, method.RefinerPrompts),
            PromptsPerIteration = played,
            Iterations = Math.Min(1, method.Iterations),
            Quotas = new RefinerQuotas
            {
                Refinements = Cut(method.Quotas.Refinements, share),
                TreeYes = Cut(method.Quotas.TreeYes, share),
                TreeNo = Cut(method.Quotas.TreeNo, share),
                VoteYes = Cut(method.Quotas.VoteYes, share),
                VoteNo = Cut(method.Quotas.VoteNo, share),
            },
            Drift = method.Drift with { Action = DriftAction.Warn },
        };
        _smallYardsticks =
        [
            .. recipe.Evaluation.Select(one => one.Name == Yardsticks.Nano
                ? one
                : one with { Limit = Math.Min(prompts, one.Limit ?? int.MaxValue) }),
        ];
        string nowhere = Path.GetTempPath();
        foreach ((IYardstick whole, IYardstick part) in Yardsticks.Create(recipe, nowhere, TimeProvider.System)
            .Zip(Yardsticks.Create(recipe with { Evaluation = _smallYardsticks }, nowhere, TimeProvider.System)))
        {
            _yardsticks[whole.Name] = Ratio(whole.Items, part.Items);
        }

        NanoSettings nano = recipe.Nano;
        int measured = Math.Min(prompts, nano.HeldOutPrompts);
        double cut = measured / (double)nano.HeldOutPrompts;
        _smallNano = nano with
        {
            HeldOutPrompts = measured,
            HeldOutRepairs = Cut(nano.HeldOutRepairs, cut),
            HeldOutSearched = nano.HeldOutSearched is int searched ? Cut(searched, cut) : null,
            HeldOutJudged = nano.HeldOutJudged is int judged ? Cut(judged, cut) : null,
        };
    }

    /// <summary>The recipe that a probe runs.</summary>
    /// <param name="offset">Added to the seed, so that probes take different prompts.</param>
    public RunRecipe Probe(ulong offset) =>
        _recipe with
        {
            Method = _small with { Seed = unchecked(_recipe.Method.Seed + offset) },
            Nano = _smallNano,
            Evaluation = _smallYardsticks,
        };

    /// <summary>How many times as much a stage does in the run as in the probe.</summary>
    /// <param name="stage">The stage's name.</param>
    public double GrowthOf(string stage)
    {
        Recipe method = _recipe.Method;
        return stage switch
        {
            StageNames.Prompts or StageNames.Lessons => 1,
            StageNames.ActorSftData or "actor-0" or StageNames.Backward => Ratio(method.SftPrompts, _small.SftPrompts),
            StageNames.RefinerSftData or "refiner-0" => Ratio(method.RefinerPrompts, _small.RefinerPrompts),
            StageNames.Joint => Ratio(
                method.SftPrompts + method.RefinerPrompts, _small.SftPrompts + _small.RefinerPrompts),
            StageNames.FixedResponses => Measured,
            _ when StageNames.IsEvaluation(stage) => Measured,
            _ when StageNames.IsYardstick(stage) =>
                _yardsticks.FirstOrDefault(one => stage.EndsWith($"-{one.Key}", StringComparison.Ordinal)) is
                { Key: not null } found ? found.Value : 1,
            _ => Ratio(method.PromptsPerIteration, _small.PromptsPerIteration)
                * (StageNames.IsTraining(stage) && !method.IterativeTraining ? method.Iterations : 1),
        };
    }

    /// <summary>The stages of the run that a stage of the probe stands for, in order.</summary>
    /// <param name="stage">The stage's name.</param>
    public IReadOnlyList<string> Stages(string stage)
    {
        Recipe method = _recipe.Method;
        const string Iteration = "iteration-1-";
        bool inside = StageNames.IsYardstick(stage) && stage.Contains(Iteration, StringComparison.Ordinal);
        bool repeats = inside || (stage.EndsWith("-1", StringComparison.Ordinal) && !StageNames.IsYardstick(stage));
        bool onlyAtTheEnd = !method.IterativeTraining
            && (inside || StageNames.IsTraining(stage) || StageNames.IsEvaluation(stage));
        return !repeats ? [stage]
            : onlyAtTheEnd ? [Of(method.Iterations)]
            : [.. Enumerable.Range(1, method.Iterations).Select(Of)];

        string Of(int iteration) => inside
            ? stage.Replace(Iteration, $"iteration-{iteration}-", StringComparison.Ordinal)
            : $"{stage[..^1]}{iteration}";
    }

    /// <summary>How much of a stage's calls is left when models have got better.</summary>
    /// <param name="stage">The name of the probe's stage.</param>
    /// <param name="iteration">Which of the stages it is that it stands for; 0 is the first.</param>
    public double Left(string stage, int iteration)
    {
        bool measured = StageNames.IsEvaluation(stage) && stage.EndsWith("-1", StringComparison.Ordinal);
        bool searched = _recipe.Method is { Method: TrainingMethod.Spar, Refinement: not RefinementKind.None }
            or { Method: TrainingMethod.Self };
        return measured ? Math.Pow(1 - Gain, iteration + 1) : searched ? Math.Pow(1 - Gain, iteration) : 1;
    }

    /// <summary>Whether a stage is among those that make M_0 and R_0.</summary>
    /// <param name="stage">The stage's name.</param>
    public static bool IsStart(string stage) =>
        stage is StageNames.ActorSftData or StageNames.RefinerSftData or StageNames.Joint or StageNames.Backward
            or "actor-0" or "refiner-0";

    private double Measured => Ratio(_recipe.Nano.HeldOutPrompts, _smallNano.HeldOutPrompts);

    private static int Cut(int count, double share) => (int)Math.Ceiling(count * share);

    private static double Ratio(int whole, int part) => part == 0 ? 1 : whole / (double)part;
}
