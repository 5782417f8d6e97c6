using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>Passes training steps on at once, on the thread that reports them.</summary>
internal sealed class StepRelay(Action<TrainingStep> report) : IProgress<TrainingStep>
{
    public void Report(TrainingStep value) => report(value);
}
