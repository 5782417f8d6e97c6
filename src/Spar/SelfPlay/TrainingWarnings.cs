using System.Globalization;
using Spar.Seams;

namespace Spar.SelfPlay;

/// <summary>What a user should know of a training that ended without a fault: what it left out, cut, or did not learn.</summary>
internal static class TrainingWarnings
{
    // A few rows that are cut are usual; more says that the cutoff does not fit the data.
    private const double ManyCut = 0.1;

    /// <summary>The warnings, a sentence or two each.</summary>
    /// <param name="stage">The stage's name.</param>
    /// <param name="data">On what, and how.</param>
    /// <param name="report">What came of it.</param>
    public static IEnumerable<string> Of(string stage, TrainingData data, TrainingReport report)
    {
        TrainingSettings settings = data.Common;
        int left = data.Count - report.Examples;
        if (left > 0)
        {
            string reasons = report.LeftOut.Count == 0
                ? ""
                : " (" + string.Join(", ", report.LeftOut.Select(
                    reason => string.Create(CultureInfo.InvariantCulture, $"{reason.Key} {reason.Value}"))) + ")";
            yield return $"{left} of {data.Count} rows are left out of {stage}{reasons}: there is nothing to learn in them. "
                + $"The cutoff is cutoff_tokens ({settings.CutoffTokens}) or the model's context.";
        }

        int sequences = report.Examples * (data is TrainingData.Preference ? 2 : 1);
        if (report.TruncatedExamples > ManyCut * sequences)
        {
            yield return $"{report.TruncatedExamples} of the {sequences} sequences of {stage} are cut at cutoff_tokens "
                + $"({settings.CutoffTokens}) or the model's context: their ends are not learnt. Raise cutoff_tokens, or "
                + "shorten prompts and answers.";
        }

        if (report.Steps.Count > 0 && report.Steps.All(step => step.LearningRate == 0))
        {
            string steps = report.Steps.Count == 1 ? "its only step" : $"all its {report.Steps.Count} steps";
            yield return $"{stage} has learnt nothing: the learning rate is 0 in {steps}, for the first step of a warmup has rate "
                + $"0 and warmup_ratio is {settings.WarmupRatio.ToString(CultureInfo.InvariantCulture)}. Set warmup_ratio to 0, "
                + "a smaller batch_size, or more epochs.";
        }
        else if (report.Unchanged)
        {
            yield return $"{stage} has learnt nothing: its weights are those that it started from, to the last bit. Raise "
                + "learning_rate.";
        }
    }
}
