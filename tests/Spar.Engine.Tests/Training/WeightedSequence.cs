using Spar.Engine.Training;

namespace Spar.Engine.Tests.Training;

/// <summary>Token ids and the weight of each as a target.</summary>
internal sealed record WeightedSequence(int[] Ids, float[] Weights)
{
    public TrainingSequence ForTraining => new(Ids, 1, Weights);
}
