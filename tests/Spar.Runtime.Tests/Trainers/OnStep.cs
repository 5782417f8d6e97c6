using Spar.Seams;

namespace Spar.Runtime.Tests.Trainers;

/// <summary>Does something after each step of a training, and each time more of its reference is known.</summary>
internal sealed class OnStep(Action<TrainingStep>? step, Action<int, int>? reference = null) : ITrainingProgress
{
    public void ReferenceComputed(int rows, int all) => reference?.Invoke(rows, all);

    public void StepTaken(TrainingStep taken) => step?.Invoke(taken);
}
