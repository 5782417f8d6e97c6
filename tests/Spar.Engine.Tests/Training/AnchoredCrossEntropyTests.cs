using Spar.Engine.Training;
using Spar.Engine.Training.Losses;

namespace Spar.Engine.Tests.Training;

/// <summary>The supervised loss with an anchor, by numbers.</summary>
public class AnchoredCrossEntropyTests
{
    // Two sequences of three and two targets, three of them learnt.
    private static readonly AnchoredSequence[] s_rows =
    [
        new(new TrainingSequence([1, 2, 3, 4], 1), [false, true, true], [-1, 0, 0]),
        new(new TrainingSequence([5, 6, 7], 1), [false, true], [-2, 0]),
    ];

    private static readonly float[] s_logProbs = [-1.5f, -0.25f, -3, -1, -0.75f];

    [Fact]
    public void Is_the_mean_of_what_is_learnt_and_half_the_mean_square_of_what_has_moved()
    {
        (double loss, float[] gradient) = Of(s_logProbs, 0.5);
        double entropy = (0.25 + 3 + 0.75) / 3, distance = ((0.5 * 0.5) + (1.0 * 1.0)) / 2 / 2;
        Assert.Equal(entropy + (0.5 * distance), loss, 9);
        Assert.Equal([-1 / 3f, -1 / 3f, -1 / 3f], new[] { gradient[1], gradient[2], gradient[4] });
    }

    [Fact]
    public void Its_gradient_is_that_of_its_value()
    {
        (_, float[] gradient) = Of(s_logProbs, 2);
        for (int i = 0; i < s_logProbs.Length; i++)
        {
            float[] more = [.. s_logProbs], less = [.. s_logProbs];
            more[i] += 1 / 64f;
            less[i] -= 1 / 64f;
            Assert.Equal((Of(more, 2).Loss - Of(less, 2).Loss) * 32, gradient[i], 5);
        }
    }

    [Fact]
    public void Nothing_pulls_where_the_model_is_the_reference()
    {
        (_, float[] gradient) = Of([-1, -0.25f, -3, -2, -0.75f], 7);
        Assert.Equal([0, 0], new[] { gradient[0], gradient[3] });
    }

    [Fact]
    public void A_step_that_learns_nothing_is_refused() =>
        Assert.Throws<EngineException>(
            () => new AnchoredCrossEntropy(1).Begin([s_rows[0] with { Learnt = new bool[3] }]));

    private static (double Loss, float[] Gradient) Of(float[] logProbs, double weight)
    {
        AnchoredCrossEntropy loss = new(weight);
        IStepLoss step = loss.Begin(s_rows);
        float[] gradient = new float[logProbs.Length];
        TokenBatch batch = new();
        for (int row = 0, first = 0; row < s_rows.Length; row++)
        {
            batch.Fill(loss.Sequence(s_rows[row], 0));
            step.Add(row, batch, logProbs.AsSpan(first, batch.TargetCount), gradient.AsSpan(first, batch.TargetCount));
            first += batch.TargetCount;
        }

        return (step.Total.Loss, gradient);
    }
}
