using Microsoft.Extensions.AI.Evaluation;

namespace Spar.Evaluators;

/// <summary>Metrics with the interpretation that reports show.</summary>
internal static class Metrics
{
    /// <summary>A yes or no.</summary>
    public static BooleanMetric Of(string name, bool value, string reason) =>
        new(name, value, reason) { Interpretation = Interpret(value ? 1 : 0, !value) };

    /// <summary>A share.</summary>
    public static NumericMetric Of(string name, double value, string reason, bool failed) =>
        new(name, value, reason) { Interpretation = Interpret(value, failed) };

    /// <summary>Metrics that have no value, and why.</summary>
    public static EvaluationResult Inconclusive(string reason, params EvaluationMetric[] metrics)
    {
        foreach (EvaluationMetric metric in metrics)
        {
            metric.Reason = reason;
            metric.Interpretation = new EvaluationMetricInterpretation(EvaluationRating.Inconclusive, true, reason);
            metric.AddDiagnostics(EvaluationDiagnostic.Error(reason));
        }

        return new EvaluationResult(metrics);
    }

    private static EvaluationMetricInterpretation Interpret(double value, bool failed) => new(
        value switch
        {
            >= 1 => EvaluationRating.Exceptional,
            >= 0.75 => EvaluationRating.Good,
            >= 0.5 => EvaluationRating.Average,
            > 0 => EvaluationRating.Poor,
            _ => EvaluationRating.Unacceptable,
        },
        failed);
}
