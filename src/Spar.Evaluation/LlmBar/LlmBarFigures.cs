namespace Spar.Evaluation.LlmBar;

/// <summary>
/// The winners that a judge named for one instance, both in the numbering of the data (so the second is mapped back).
/// </summary>
/// <param name="Original">Winner with the outputs as given, 1 or 2; null where there is none.</param>
/// <param name="Swapped">Winner with the outputs swapped, mapped back; null where there is none.</param>
/// <param name="Label">The better output, 1 or 2.</param>
public readonly record struct LlmBarVerdict(int? Original, int? Swapped, int Label);

/// <summary>Counts and measures over a set of instances, each judged in both orders.</summary>
/// <param name="verdicts">The verdicts; at least one.</param>
public sealed class LlmBarFigures(IReadOnlyCollection<LlmBarVerdict> verdicts)
{
    /// <summary>Instances.</summary>
    public int Count => verdicts.Count;

    /// <summary>Instances without a winner in the original order.</summary>
    public int UnparsedOriginal => verdicts.Count(verdict => verdict.Original is null);

    /// <summary>Instances without a winner in the swapped order.</summary>
    public int UnparsedSwapped => verdicts.Count(verdict => verdict.Swapped is null);

    /// <summary>Right in the original order.</summary>
    public int CorrectOriginal => verdicts.Count(verdict => verdict.Original == verdict.Label);

    /// <summary>Right in the swapped order.</summary>
    public int CorrectSwapped => verdicts.Count(verdict => verdict.Swapped == verdict.Label);

    /// <summary>Right in both orders.</summary>
    public int CorrectBoth =>
        verdicts.Count(verdict => verdict.Original == verdict.Label && verdict.Swapped == verdict.Label);

    /// <summary>Same winner in both orders; two without a winner agree as well.</summary>
    public int Agree => verdicts.Count(verdict => verdict.Original == verdict.Swapped);

    /// <summary>Share right in the original order.</summary>
    public double AccuracyOriginal => (double)CorrectOriginal / Count;

    /// <summary>Share right in the swapped order.</summary>
    public double AccuracySwapped => (double)CorrectSwapped / Count;

    /// <summary>Mean of the two accuracies.</summary>
    public double AccuracyAverage => (double)(CorrectOriginal + CorrectSwapped) / (2 * Count);

    /// <summary>Share of instances with the same winner in both orders.</summary>
    public double PositionalAgreement => (double)Agree / Count;

    /// <summary>Mean over both orders of the macro-averaged F1.</summary>
    public double MacroF1Average => (MacroF1(swapped: false) + MacroF1(swapped: true)) / 2;

    /// <summary>
    /// F1 = 2TP / (2TP + FP + FN) with one output as the positive class; no winner is a missed positive and never a
    /// prediction; 0 for 0/0.
    /// </summary>
    /// <param name="positive">The positive class, 1 or 2.</param>
    /// <param name="swapped">Of the swapped order; otherwise of the original.</param>
    public double F1(int positive, bool swapped)
    {
        int truePositives = 0;
        int wrong = 0;
        foreach (LlmBarVerdict verdict in verdicts)
        {
            bool predicted = (swapped ? verdict.Swapped : verdict.Original) == positive;
            bool actual = verdict.Label == positive;
            truePositives += predicted && actual ? 1 : 0;
            wrong += predicted != actual ? 1 : 0;
        }

        return truePositives + wrong == 0 ? 0 : 2.0 * truePositives / ((2 * truePositives) + wrong);
    }

    /// <summary>Mean of the F1 of the two classes.</summary>
    /// <param name="swapped">Of the swapped order; otherwise of the original.</param>
    public double MacroF1(bool swapped) => (F1(1, swapped) + F1(2, swapped)) / 2;
}
