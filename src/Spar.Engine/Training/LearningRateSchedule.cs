namespace Spar.Engine.Training;

/// <summary>Course of the learning rate after warmup.</summary>
public enum LearningRateKind
{
    /// <summary>Stays at the peak.</summary>
    Constant,

    /// <summary>Falls in a straight line to 0.</summary>
    Linear,

    /// <summary>Falls along half a cosine to 0.</summary>
    Cosine,
}

/// <summary>
/// Learning rate by optimizer step, as Hugging Face's Trainer computes it: the first ceil(ratio * steps) steps rise
/// from 0 in a straight line, and the last step is still above 0 (0 would be reached one step later).
/// </summary>
/// <param name="Kind">Course after warmup.</param>
/// <param name="Peak">Highest value, at least 0.</param>
/// <param name="Steps">Optimizer steps in all, at least 1.</param>
/// <param name="WarmupRatio">Share of the steps that warm up, 0..1.</param>
public sealed record LearningRateSchedule(LearningRateKind Kind, double Peak, int Steps, double WarmupRatio)
{
    /// <summary>Steps that warm up.</summary>
    public int WarmupSteps => (int)Math.Ceiling(Steps * WarmupRatio);

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">0 .. Steps; Steps gives what is left after the last one.</param>
    public double At(int step)
    {
        int warmup = WarmupSteps;
        if (step < warmup)
        {
            return Peak * step / Math.Max(1, warmup);
        }

        double rest = Math.Max(1, Steps - warmup);
        return Kind switch
        {
            LearningRateKind.Constant => Peak,
            LearningRateKind.Linear => Peak * Math.Max(0, (Steps - step) / rest),
            LearningRateKind.Cosine => Peak * Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (step - warmup) / rest))),
            _ => throw new ArgumentOutOfRangeException(nameof(step), Kind, "This kind of schedule is not known."),
        };
    }
}
