// Evaluates responses within dotnet test, by rule and by a model, with the metrics of
// Microsoft.Extensions.AI.Evaluation:
//   dotnet test examples/Evaluate -c Release
using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using Spar.Calls;
using Spar.Engine.Inference;
using Spar.Evaluators;
using Spar.Judging;
using Spar.Runtime.Embedded;

namespace Evaluate;

public class EvaluateTests
{
    private const string Instruction = "write a line about the sea. use exactly 5 words. use the word crab.";

    [Fact]
    public async Task A_response_follows_its_constraints()
    {
        ConstraintEvaluator evaluator = new(ConstraintsContext.Constraint("punctuation:no_comma"));
        EvaluationResult result = await evaluator.EvaluateAsync(
            "The sea is calm today and the crabs are out.",
            additionalContext:
            [
                new ConstraintsContext(
                    ConstraintsContext.Constraint("keywords:existence", """{"keywords": ["sea"]}""")),
            ],
            cancellationToken: TestContext.Current.CancellationToken);

        BooleanMetric followed = result.Get<BooleanMetric>(ConstraintEvaluator.AllFollowedMetric);
        Assert.True(followed.Value, followed.Reason);
    }

    [Theory]
    [InlineData(ValuationMethod.Votes)]
    [InlineData(ValuationMethod.Probability)]
    public async Task A_small_model_judges_a_response(ValuationMethod valuation)
    {
        // Any IChatClient does in the place of the model that comes with the repository.
        using IChatClient judge = await new EmbeddedModelHost(new EngineOptions()).OpenAsync(
            Model(), TestContext.Current.CancellationToken);
        JudgeEvaluator evaluator = new(new JudgeOptions
        {
            Valuation = valuation,
            Templates = "compact",
            Sampling = new Sampling(0.7, 1, 200),
        });
        EvaluationResult result = await evaluator.EvaluateAsync(
            Instruction, "the crab sleeps.", new ChatConfiguration(judge),
            cancellationToken: TestContext.Current.CancellationToken);

        // Three words are not five.
        BooleanMetric satisfied = result.Get<BooleanMetric>(JudgeEvaluator.SatisfiedMetric);
        Assert.False(satisfied.Value, satisfied.Reason);
        Assert.InRange(result.Get<NumericMetric>(JudgeEvaluator.ValueMetric).Value!.Value, 0, 0.5);
    }

    private static string Model()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "models", "nano")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder!.FullName, "models", "nano");
    }
}
