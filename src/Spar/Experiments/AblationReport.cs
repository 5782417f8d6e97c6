using Spar.SelfPlay;

namespace Spar.Experiments;

/// <summary>
/// What each part of the method is worth: Table 4 (the actor) and Table 5 (the refiner). The first variant is the whole
/// method.
/// </summary>
public static class AblationReport
{
    /// <summary>Makes the report.</summary>
    /// <param name="runs">The whole method first, then each ablation, with all seeds.</param>
    public static ExperimentReport Of(ExperimentRuns runs)
    {
        string whole = runs.Variants[0];
        (string Name, Func<EvaluationRow, double?> Measure)[] actor =
            [("prompts satisfied", row => row.HeldOutPrompt), ("single instructions", row => row.HeldOutInstruction),
                ("with tree search", row => row.HeldOutPromptSearch)];
        (string Name, Func<EvaluationRow, double?> Measure)[] refiner =
        [
            ("judge accuracy", row => row.JudgeAccuracy),
            ("judge F1", row => row.Detail(EvaluationRow.JudgeF1)),
            ("refinement success", row => row.RefineSuccess),
            ("first refinements", row => row.Detail(EvaluationRow.FirstRefinements)),
        ];
        ExperimentTable budget = runs.BudgetTable("variant");
        (string Name, Func<IterationCalibration, double?> Measure)[] judge =
        [
            ("right on the actor's responses", one => one.Responses.Accuracy),
            ("wrong ones accepted", one => one.Responses.FalseAcceptRate),
            ("wrong among the chosen", one => one.ChosenFalseAcceptRate),
            ("searches successful, self-judged", one => one.SelfJudgedSuccess),
            ("searches successful, verified", one => one.VerifiedSuccess),
        ];
        ExperimentTable judging = new(
            "The judge in play against exact checks, last iteration",
            "variant",
            [.. judge.Select(measure => new ExperimentColumn(measure.Name))],
            [.. runs.Variants.Select(
                variant => new ExperimentRow(
                    variant, [.. judge.Select(measure => runs.InPlay(variant, measure.Measure))]))]);
        return new ExperimentReport(
            "ablations",
            "What each part of the method is worth",
            runs.Seeds,
            [Table("Table 4: the actor, after the last iteration", "start (M_0)", actor),
                Table("Table 5: the refiner, after the last iteration", "start (R_0)", refiner), judging, budget],
            [],
            ["A difference is taken seed by seed, the variant less the whole method; below zero is a loss."]);

        ExperimentTable Table(
            string title, string start, (string Name, Func<EvaluationRow, double?> Measure)[] measures)
        {
            // A measure that no run has is left out.
            (string Name, Func<EvaluationRow, double?> Measure)[] known = [
                .. measures.Where(measure => runs.Of(whole, null, measure.Measure) is not null)];
            return new ExperimentTable(
                title,
                "variant",
                [.. known.SelectMany(
                    measure => new ExperimentColumn[] { new(measure.Name), new("difference", MeasureUnit.Points) })],
                [
                    new ExperimentRow(
                        start,
                        [.. known.SelectMany(measure => new[] { runs.Of(whole, RowName.Sft, measure.Measure), null })]),
                    .. runs.Variants.Select(variant => new ExperimentRow(variant, [
                        .. known.SelectMany(measure => new[]
                        {
                            runs.Of(variant, null, measure.Measure),
                            variant == whole ? null : runs.Of(variant, null, measure.Measure)?.Minus(
                                runs.Of(whole, null, measure.Measure)),
                        })])),
                ]);
        }
    }
}
