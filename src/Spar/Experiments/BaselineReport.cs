using Spar.SelfPlay;

namespace Spar.Experiments;

/// <summary>SPaR beside its baselines: Figure 3 (score by iteration), Table 1 (following instructions), Table 2 (judging), and what each one spent.</summary>
public static class BaselineReport
{
    private static readonly string[] s_stages = ["sft"];

    /// <summary>Makes the report.</summary>
    /// <param name="runs">All methods with all seeds; each has rows "base", "sft" and one an iteration.</param>
    public static ExperimentReport Of(ExperimentRuns runs)
    {
        string[] stages = [.. s_stages.Concat(runs.Variants.SelectMany(runs.Stages).Where(stage => stage.StartsWith("iteration-", StringComparison.Ordinal)).Distinct())];
        string first = runs.Variants[0];
        ExperimentTable figure = new(
            "Figure 3: held-out prompts fully satisfied, by iteration",
            "method",
            [.. stages.Select(stage => new ExperimentColumn(stage == "sft" ? "start (M_0)" : stage.Replace('-', ' ')))],
            [.. runs.Variants.Select(variant => new ExperimentRow(variant, [.. stages.Select(stage => runs.Of(variant, stage, row => row.HeldOutPrompt))]))]);
        ExperimentTable following = new(
            "Table 1: following instructions, after the last iteration",
            "method",
            [new("prompts satisfied"), new("single instructions"), new("prompts, less the start's", MeasureUnit.Points), new("prompts, less the first method's", MeasureUnit.Points)],
            [
                .. ((string[])["base", "sft"]).Select(stage => new ExperimentRow(
                    stage == "base" ? "base model" : "start (M_0)",
                    [runs.Of(first, stage, row => row.HeldOutPrompt), runs.Of(first, stage, row => row.HeldOutInstruction), null, null])),
                .. runs.Variants.Select(variant => new ExperimentRow(
                    variant,
                    [
                        Last(variant, row => row.HeldOutPrompt),
                        Last(variant, row => row.HeldOutInstruction),
                        Last(variant, row => row.HeldOutPrompt)!.Minus(runs.Of(variant, "sft", row => row.HeldOutPrompt)),
                        variant == first ? null : Last(variant, row => row.HeldOutPrompt)!.Minus(Last(first, row => row.HeldOutPrompt)),
                    ])),
            ]);
        ExperimentTable judging = new(
            "Table 2: judging and refining the base model's responses, after the last iteration",
            "method",
            [new("judge accuracy"), new("judge F1"), new("refinement success")],
            [
                new ExperimentRow("start (R_0)", Judging(first, "sft")),
                .. runs.Variants.Select(variant => new ExperimentRow(variant, Judging(variant, null))),
            ]);
        ExperimentTable budget = runs.BudgetTable("method");
        ExperimentChart chart = new(
            "Figure 3: held-out prompts fully satisfied",
            "after",
            "satisfied, %",
            MeasureUnit.Percent,
            [
                .. runs.Variants.Select(variant => new ExperimentLine(variant, [
                    .. stages.Select((stage, i) => (X: i, Y: runs.Of(variant, stage, row => row.HeldOutPrompt)))
                        .Where(point => point.Y is not null).Select(point => new ExperimentPoint(point.X, point.Y!))])),
            ],
            [.. stages.Select(stage => stage == "sft" ? "start" : stage.Replace('-', ' '))]);
        return new ExperimentReport(
            "baselines", "SPaR and its baselines", runs.Seeds, [figure, following, judging, budget], [chart],
            ["Every method begins from the same models, takes the same prompts in each iteration, and is measured on the same held-out prompts; the start is not counted in what it spent."]);

        Measured? Last(string variant, Func<EvaluationRow, double?> measure) => runs.Of(variant, null, measure);

        IReadOnlyList<Measured?> Judging(string variant, string? stage) =>
        [
            runs.Of(variant, stage, row => row.JudgeAccuracy),
            runs.Of(variant, stage, row => row.Detail(EvaluationRow.JudgeF1)),
            runs.Of(variant, stage, row => row.RefineSuccess),
        ];
    }
}
